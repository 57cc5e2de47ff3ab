"""Names for new files, and plain words for what goes wrong when they are written."""

from __future__ import annotations

import errno
import io
import itertools
import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from agecam.errors import OutputError
from agecam.files import with_ending
from agecam.output.disk import disk_full, final_path
from agecam.paths import make_private_folder

_READER_WITHIN_S: Final = 5.0
"""How long a pipe with a name is waited with for a program that reads it."""
_READER_POLL_S: Final = 0.05


def claim_file(folder: Path, suffix: str, now: Callable[[], datetime] = datetime.now) -> Path:
    """Make a new, empty file in ``folder``, such as ``AgeCam 2026-11-23 19-42-10.mp4``, and give its path.

    A second file of the same second gets `` (2)``; no two callers, in whatever threads or processes, get the
    same one. Makes the folder where it is missing. Raises :class:`agecam.errors.OutputError`.
    """
    for path in numbered(new_file(folder, suffix, now)):
        try:
            path.open("xb").close()
        except FileExistsError:
            continue
        except OSError as error:
            raise write_error(path, error) from error
        return path
    raise AssertionError  # there is always another number


def new_file(folder: Path, suffix: str, now: Callable[[], datetime] = datetime.now) -> Path:
    """A name in ``folder`` that tells the time; makes the folder as :func:`claim_file` does."""
    try:
        make_private_folder(folder)
    except OSError as error:
        raise OutputError(
            f"The folder {folder} cannot be made ({error.strerror}); choose another."
        ) from error
    return folder / f"AgeCam {now():%Y-%m-%d %H-%M-%S}{suffix}"


def numbered(path: Path) -> Iterator[Path]:
    """The name, then the same with `` (2)``, `` (3)`` and so on before its suffix."""
    yield path
    for number in itertools.count(2):
        yield with_ending(path, f" ({number})")


def open_output(path: Path, reader_within_s: float = _READER_WITHIN_S) -> io.FileIO:
    """A file for writing, without a buffer; one that is there is emptied.

    A pipe with a name is waited with for so many seconds until a program reads it. Raises :class:`OSError`,
    with ``ENXIO`` where none does.
    """
    if not path.is_fifo():
        return io.FileIO(path, "w")
    deadline_s = time.monotonic() + reader_within_s
    while True:
        try:
            # Opened otherwise, it would be waited with until a signal comes.
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError as error:
            if error.errno != errno.ENXIO or time.monotonic() >= deadline_s:
                raise
        time.sleep(_READER_POLL_S)
    os.set_blocking(descriptor, True)
    return io.FileIO(descriptor, "w")


def write_error(path: Path, error: OSError) -> OutputError:
    """The sentence for an operating system's ``error`` in writing ``path``, a partial file or a whole one."""
    path = final_path(path)
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return disk_full(path)
        case errno.EFBIG:
            text = f"{path.name} has reached the largest size that its disk allows; write to another disk."
        case errno.ENOENT | errno.ENOTDIR:
            text = f"There is no folder {path.parent}; make it or choose another."
        case errno.EISDIR:
            text = f"{path} is a folder; name a file."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            text = f"{path} may not be written; choose another folder."
        case errno.ENXIO:
            text = f"No program reads the pipe {path}; start that first, or name a file."
        case _:
            text = f"{path} cannot be written ({error.strerror}); choose another folder or disk."
    return OutputError(text)
