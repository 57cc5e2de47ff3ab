"""What commands print: one line a sentence, whatever file names hold and whatever the terminal can show."""

from __future__ import annotations

import contextlib
import os
import sys
import unicodedata
from typing import Final

import typer

_ESCAPED_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Of Unicode: control characters, halves of pairs (bytes of a file name that are no text), line ends."""
_DIRECTIONS: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Marks that turn the direction of text, and so can make a name look like another."""

_failures: Final[list[OSError]] = []
"""Of standard output, in this process."""


def printable(text: str) -> str:
    """``text`` with what would steer a terminal escaped as in a Python string.

    >>> printable("a\\tb")
    'a\\\\tb'
    """
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in _ESCAPED_CATEGORIES or unicodedata.bidirectional(char) in _DIRECTIONS
        else char
        for char in text
    )


def tell(text: str) -> None:
    """Print a line on standard output.

    Where that is closed or full the work goes on; the end of the program tells of it.
    """
    try:
        typer.echo(printable(text))
    except OSError as error:
        _failures.append(error)


def complain(text: str) -> None:
    """Print one sentence of something that went wrong on standard error."""
    with contextlib.suppress(OSError):
        typer.echo(f"agecam: {printable(text)}", err=True)


def set_up_streams() -> None:
    """Let standard output and error take any text, in whatever encoding, also where they are closed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            # Each gets its own descriptor, the lowest that is free: no file of the user's takes this place,
            # which libraries of C print to.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123
        elif mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def end_output() -> OSError | None:
    """Bring what is held back to standard output; gives why that has not taken all, if it has not."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _failures.append(error)
    if not _failures:
        return None
    # What is still held back would fail once more at the end of the interpreter.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return _failures[0]
