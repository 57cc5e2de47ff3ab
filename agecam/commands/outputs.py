"""Checks on what is to be written, made before any work is done."""

from __future__ import annotations

from pathlib import Path

from agecam.errors import UsageError
from agecam.output.files import write_error


def check_writable(path: Path, *, force: bool) -> None:
    """Make sure that a file can be written there, and that nothing is replaced unasked.

    Creates the folder. Raises :class:`UsageError` when the file is there already, or is a folder, and
    :class:`agecam.errors.OutputError` when the folder cannot be made.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it.")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; choose another name, or replace it with --force.")
    make_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make the folder where it is missing; raises :class:`agecam.errors.OutputError` where it cannot."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
