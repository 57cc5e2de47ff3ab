"""Arrays of a prepared folder, mapped from disk."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from tokenize import TokenError
from typing import Any, Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from agecam.files import atomic_write
from train.errors import DataError

_Number = TypeVar("_Number", bound=np.generic)

_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_COPIED_ROWS: Final = 4096
"""In memory at a time: crops are larger than that may be."""


def open_array(
    path: Path, shape: tuple[int, ...], dtype: type[_Number], mode: Literal["r", "r+"] = "r"
) -> np.memmap[Any, np.dtype[_Number]]:
    """An array of a prepared folder, mapped from disk: ``(n, *shape)`` of ``dtype``.

    Raises :class:`DataError` where the file holds none.
    """
    try:
        array: NDArray[_Number] = np.lib.format.open_memmap(path, mode=mode)
    except (OSError, SyntaxError, TypeError, ValueError, TokenError) as error:
        raise DataError(f"{path} is damaged: prepare the images again, into an empty folder.") from error
    if array.dtype != dtype or array.shape[1:] != shape or array.ndim != len(shape) + 1:
        raise DataError(f"{path} holds something else: prepare the images again, into an empty folder.")
    assert isinstance(array, np.memmap)
    return array


def grow_array(path: Path, dtype: type[_Number], shape: tuple[int, ...], fill: float = 0) -> None:
    """Make an ``.npy`` file at least as long as ``shape`` says: what it holds is kept, ``fill`` behind it.

    Raises :class:`OSError` as :func:`create_array` does, and :class:`DataError` where the file holds
    something else.
    """
    if not path.exists():
        create_array(path, np.dtype(dtype), shape, fill)
        return
    old = open_array(path, shape[1:], dtype)
    if len(old) >= shape[0]:
        return
    with atomic_write(path) as partial:
        create_array(partial, np.dtype(dtype), shape, fill)
        grown = open_array(partial, shape[1:], dtype, "r+")
        for start in range(0, len(old), _COPIED_ROWS):
            rows = slice(start, min(start + _COPIED_ROWS, len(old)))
            grown[rows] = old[rows]
        grown.flush()
        del grown, old  # Windows moves no file that is mapped


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


def check_room(folder: Path, size_bytes: int) -> None:
    """Raise :class:`OSError` where ``folder``'s disk has no room for so much, before a library finds out."""
    with tempfile.NamedTemporaryFile(dir=folder) as stream:
        stream.truncate(size_bytes)
        _take_room(Path(stream.name), folder)


def _take_room(file: Path, place: Path) -> None:
    if not hasattr(os, "posix_fallocate"):
        return
    with file.open("r+b") as stream:
        try:
            os.posix_fallocate(stream.fileno(), 0, file.stat().st_size)
        except OSError as error:
            if error.errno in _NO_ROOM:  # others: file systems that cannot say
                raise OSError(error.errno, error.strerror, str(place)) from error
