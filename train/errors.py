"""What training raises on purpose."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agecam.errors import AgeCamError

_FULL_BYTES: Final = 200_000
"""A disk with less room is full: libraries leave a little, in which their next block does not fit."""
_NOT_FULL: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
"""What a disk without room says of itself where nothing may be written: one mounted read-only has none."""


class DataError(AgeCamError):
    """Images, labels, models or settings cannot be read, or are not of the expected kind."""


@contextlib.contextmanager
def full_disk_told(folder: Path) -> Iterator[None]:
    """Raises :class:`DataError` where the disk of ``folder`` is full, whatever a library raises then."""
    try:
        yield
    except AgeCamError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NOT_FULL:
            raise
        there = next((path for path in (folder, *folder.absolute().parents) if path.is_dir()), None)
        if there is not None and shutil.disk_usage(there).free < _FULL_BYTES:
            raise DataError(f"The disk that {folder} is on is full: free some space.") from error
        raise
