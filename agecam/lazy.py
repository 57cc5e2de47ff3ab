"""What is loaded when it is first asked for, or ahead of that, and not at the start."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence


def lazy_names(package: str, names: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """``__getattr__`` of a package (PEP 562) that gives ``names``, listed by the module of it they are in.

    So who imports one module of the package does not wait for what the others load: with FFmpeg that is a
    tenth of a second before the window is there.
    """
    modules = {name: module for module, of_module in names.items() for name in of_module}

    def load(name: str) -> object:
        module = modules.get(name)
        if module is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{module}"), name)

    return load


def load_modules(names: Iterable[str]) -> None:
    """Load modules that are imported where they are used, before somebody waits for them."""
    for name in names:
        importlib.import_module(name)
