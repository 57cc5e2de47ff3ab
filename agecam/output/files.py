"""Names for new files, and plain words for what goes wrong when they are written."""

from __future__ import annotations

import contextlib
import errno
import itertools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from agecam.errors import OutputError
from agecam.files import PartialFile, whole_path
from agecam.paths import make_private_folder


def claim_file(folder: Path, suffix: str, now: Callable[[], datetime] = datetime.now) -> Path:
    """Make a new, empty file in ``folder``, such as ``AgeCam 2026-11-23 19-42-10.mp4``, and give its path.

    A second file of the same second gets `` (2)``; no two callers, in whatever threads or processes, get the
    same one. Makes the folder where it is missing. Raises :class:`agecam.errors.OutputError`.
    """
    try:
        make_private_folder(folder)
    except OSError as error:
        raise OutputError(
            f"The folder {folder} cannot be made ({error.strerror}); choose another."
        ) from error
    stem = f"AgeCam {now():%Y-%m-%d %H-%M-%S}"
    for number in itertools.count(1):
        path = folder / (f"{stem}{suffix}" if number == 1 else f"{stem} ({number}){suffix}")
        try:
            path.open("xb").close()
        except FileExistsError:
            continue
        except OSError as error:
            raise write_error(path, error) from error
        break
    return path


def write_error(path: Path, error: OSError) -> OutputError:
    """The sentence for an operating system's ``error`` in writing ``path``, a partial file or a whole one."""
    path = whole_path(path)
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


class Writer(Protocol):
    """What writes a file."""

    def close(self) -> None:
        """Finish the file. Raises :class:`agecam.errors.OutputError`."""


class Replacement:
    """Where to write a file that grows at its final name, and yet costs nobody what stands there.

    ``path`` is that name where nothing stands; else that of a :class:`agecam.files.PartialFile`, which takes
    the place as soon as it can be read. The sink's thread alone uses it. The constructor and :meth:`finish`
    raise :class:`agecam.errors.OutputError`.
    """

    def __init__(self, target: Path) -> None:
        self.path, self._partial = target, None
        if target.is_file() and target.stat().st_size:
            self._partial = PartialFile(target)
            self.path = self._partial.path
            try:
                self._partial.claim()
            except OSError as error:
                raise write_error(target, error) from error

    def settle(self) -> None:
        """Take the place now, where that can be done; while the file is open, Windows cannot."""
        if self._partial is not None:
            with contextlib.suppress(OSError):
                self._partial.commit()
                self._partial = None

    def finish(self, writer: Writer | None, *, failed: bool) -> None:
        """Close the file and take the place, or where writing has ``failed`` leave what stands there."""
        partial, self._partial = self._partial, None
        try:
            if writer is not None:
                writer.close()
            if partial is not None and not failed:
                partial.commit()
        except OSError as error:
            raise write_error(self.path, error) from error
        finally:
            if partial is not None:
                partial.discard()
