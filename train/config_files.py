"""Files of settings: YAML or JSON in, JSON out; every run writes the one that it ran with."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agecam.files import write_atomically
from train.errors import DataError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CONFIG_FILE: Final = "config.json"
"""Name of what a run writes, in its folder."""


def read_config(path: Path) -> dict[str, Any]:
    """The settings of a file by name, as ``--config`` takes them, whatever its suffix.

    Raises :class:`DataError` when the file cannot be read and when it holds anything but names and values.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        try:
            # JSON is YAML too, but YAML 1.1 takes 2e-05 for a text.
            content = json.loads(text)
        except ValueError:
            content = yaml.safe_load(text)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    except (RecursionError, UnicodeDecodeError, yaml.YAMLError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        raise DataError(f"{path} is neither YAML nor JSON{line}.") from error
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise DataError(f"{path} holds no settings: write one a line, such as epochs: 20.")
    return content


def write_config(folder: Path, config: DataclassInstance) -> None:
    """Write all settings to ``config.json`` in ``folder``, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / CONFIG_FILE, config_text(config))


def config_text(config: DataclassInstance) -> str:
    """All settings as JSON."""
    return json.dumps(asdict(config), indent=1, default=str)
