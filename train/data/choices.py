"""Options that take one or some of a few names: others are wrong usage, told before anything heavy loads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import typer

from agecam.options import COMMA_SEPARATED, Codec


def one_of(names: Iterable[str]) -> Codec:
    """One of ``names``."""
    literal: Any = Literal  # its names are only known at run time
    return Codec(literal[tuple(names)], str, str)


def some_of(names: Iterable[str]) -> Codec:
    """A tuple of one or more of ``names``, separated by commas; none given stays None."""
    known = tuple(names)

    def decode(text: str | None) -> tuple[str, ...] | None:
        if text is None:
            return None
        chosen: tuple[str, ...] = COMMA_SEPARATED.decode(text)
        for name in chosen:
            if name not in known:
                raise typer.BadParameter(f"There is no {name!r}: choose from {', '.join(known)}.")
        return chosen

    def encode(chosen: tuple[str, ...] | None) -> str | None:
        return None if chosen is None else str(COMMA_SEPARATED.encode(chosen))

    return Codec(str | None, encode, decode)


def any_of(names: Iterable[str]) -> Codec:
    """A tuple of ``names``, separated by commas, which may be empty."""
    chosen = some_of(names)
    return Codec(
        str | None, lambda value: chosen.encode(value) or None, lambda text: chosen.decode(text or None) or ()
    )
