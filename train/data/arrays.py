"""Arrays of a prepared folder, mapped from disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from agecam.files import atomic_write

_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def create_array(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], fill: float = 0) -> None:
    """Make an ``.npy`` file full of one value, its place on the disk taken.

    Raises :class:`OSError` where there is no room: a file with holes would take it when it is written to, and
    a mapped one that finds none then ends the process.
    """
    with atomic_write(path) as partial:
        array = np.lib.format.open_memmap(partial, mode="w+", dtype=dtype, shape=shape)
        _take_room(partial, path)
        if fill:
            array[:] = fill
        array.flush()
        del array  # Windows moves no file that is mapped


def _take_room(file: Path, place: Path) -> None:
    if not hasattr(os, "posix_fallocate"):
        return
    with file.open("r+b") as stream:
        try:
            os.posix_fallocate(stream.fileno(), 0, file.stat().st_size)
        except OSError as error:
            if error.errno in _NO_ROOM:  # others: file systems that cannot say
                raise OSError(error.errno, error.strerror, str(place)) from error
