"""Names for new files, and plain words for what goes wrong when they are written."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from agecam.errors import OutputError
from agecam.files import with_ending
from agecam.output.disk import disk_full, final_path
from agecam.paths import make_private_folder


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
        case _:
            text = f"{path} cannot be written ({error.strerror}); choose another folder or disk."
    return OutputError(text)
