"""Names for new files, and plain words for what goes wrong when they are written."""

from __future__ import annotations

import errno
from datetime import datetime
from pathlib import Path

from agecam.errors import OutputError


def unique_path(folder: Path | str, suffix: str, stem: str = "AgeCam") -> Path:
    """A path in ``folder`` that no file has yet, such as ``AgeCam 2026-11-23 19-42-10.mp4``.

    A second file of the same second gets `` (2)``. Makes the folder where it is missing. Raises
    :class:`agecam.errors.OutputError` where it cannot.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {folder} cannot be made ({error.strerror}); choose another."
        ) from error
    dated = f"{stem} {datetime.now():%Y-%m-%d %H-%M-%S}"
    path = folder / f"{dated}{suffix}"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{dated} ({number}){suffix}"
    return path


def write_error(path: Path, error: OSError) -> OutputError:
    """The sentence for an operating system's ``error`` in writing ``path``."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            text = f"The disk is full; free some space or write elsewhere than {path.parent}."
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
