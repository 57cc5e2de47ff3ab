"""The pages of a TIFF file, told by its directories (Adobe, "TIFF Revision 6.0", 1992, section 2)."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_ORDERS: Final = {b"II*\x00": "<", b"MM\x00*": ">"}
_ENTRY_BYTES: Final = 12
# Where the strips or tiles of a page are, and how many bytes they have.
_OFFSETS: Final = frozenset({273, 324})
_BYTE_COUNTS: Final = frozenset({279, 325})
_INTEGERS: Final = {3: "H", 4: "I"}


class _CutOffError(Exception):
    """Something begins where the file has ended."""


@dataclass(frozen=True, slots=True)
class TiffPages:
    """What a TIFF file holds."""

    whole: int
    """Pages that are all there, from the first on."""
    is_cut_off: bool
    """Whether the file ends before the pages do."""


def tiff_pages(path: Path) -> TiffPages:
    """The pages of a TIFF file; none of another. Raises :class:`OSError` where it cannot be read."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        order = _ORDERS.get(file.read(4))
        if order is None:
            return TiffPages(0, is_cut_off=False)
        directories = list[int]()
        try:
            (position,) = struct.unpack(f"{order}I", _read(file, 4, 4))
            while position and position not in directories:  # a chain may be made to go round
                following = _next_directory(file, order, position, size)
                directories.append(position)
                position = following
        except _CutOffError:
            return TiffPages(len(directories), is_cut_off=True)
        return TiffPages(len(directories), is_cut_off=False)


def _next_directory(file: BinaryIO, order: str, position: int, size: int) -> int:
    """Where the directory after that at ``position`` is; 0: there is none."""
    (entries,) = struct.unpack(f"{order}H", _read(file, position, 2))
    directory = _read(file, position + 2, entries * _ENTRY_BYTES + 4)
    offsets, counts = list[int](), list[int]()
    for start in range(0, entries * _ENTRY_BYTES, _ENTRY_BYTES):
        tag, kind, number = struct.unpack_from(f"{order}HHI", directory, start)
        letter = _INTEGERS.get(kind)
        if letter is None or tag not in _OFFSETS | _BYTE_COUNTS:
            continue
        content = directory[start + 8 : start + 12]
        length = struct.calcsize(letter) * number
        if length > len(content):
            (at,) = struct.unpack(f"{order}I", content)
            if at + length > size:
                raise _CutOffError
            content = _read(file, at, length)
        (offsets if tag in _OFFSETS else counts).extend(
            struct.unpack_from(f"{order}{number}{letter}", content)
        )
    if any(offset + count > size for offset, count in zip(offsets, counts, strict=False)):
        raise _CutOffError
    (following,) = struct.unpack_from(f"{order}I", directory, entries * _ENTRY_BYTES)
    return int(following)


def _read(file: BinaryIO, position: int, length: int) -> bytes:
    file.seek(position)
    content = file.read(length)
    if len(content) < length:
        raise _CutOffError
    return content
