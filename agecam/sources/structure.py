"""Whether a video file is as long as its own container says, told by sizes rather than by times."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from agecam.sources import transport_stream

# Top-level boxes of MP4 and MOV (ISO/IEC 14496-12); what follows the last of them may be anything.
_BOXES: Final = frozenset(
    {b"ftyp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"free", b"skip", b"wide", b"uuid"}
)
# Matroska (RFC 9559): the header of every EBML file, the segment, and what may stand in one.
_EBML: Final = b"\x1aE\xdf\xa3"
_SEGMENT: Final = b"\x18S\x80g"
_SEGMENT_PARTS: Final = frozenset(
    {b"\x11M\x9bt", b"\x15I\xa9f", b"\x16T\xaek", b"\x1cS\xbbk", b"\x1fC\xb6u", b"\x12T\xc3g", b"\x19A\xa4i"}
    | {b"\x10C\xa7p", b"\xec", b"\xbf"}
)
# Advanced Systems Format: the header, and the object in it that holds the size of the file.
_ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES: Final = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_HEADER_BYTES: Final = 65536
# MPEG program stream (ISO/IEC 13818-1, 2.5): the start codes of a pack and of the end.
_PS_START: Final = b"\x00\x00\x01"
_PS_PACK: Final = b"\x00\x00\x01\xba"
_PS_END: Final = 0xB9
_OGG_PAGE: Final = b"OggS"  # RFC 3533, 6
_TAIL_BYTES: Final = 262_144
"""From the end of a file, in which at least one page of Ogg (65,307 bytes) or pack of MPEG begins."""
_UNIT_HEAD_BYTES: Final = 27 + 255
"""Of a unit, which tell its length: the header of a page of Ogg with the lengths of all its segments."""


def is_cut_off(path: Path) -> bool | None:
    """Whether a video file holds fewer bytes than its container says; ``None`` where that is not known.

    Known for MP4, MOV, Matroska, WebM, AVI, WMV, GIF, and for Ogg, MPEG program and transport streams that
    end within one of their pages or packets. That it is whole is known of Matroska and WebM alone.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(1024)
            if head[4:8] in _BOXES:
                return _is_box_cut_off(file, size) or None
            if head.startswith(_EBML):
                return _is_matroska_cut_off(file, size)
            if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
                return _is_riff_cut_off(file, size) or None
            if head.startswith(b"GIF8"):
                return _is_gif_cut_off(path.read_bytes()) or None
            if head.startswith(_ASF):
                file.seek(0)
                return _is_asf_cut_off(file.read(_ASF_HEADER_BYTES), size) or None
            if head.startswith((_PS_PACK, _OGG_PAGE)):
                file.seek(max(0, size - _TAIL_BYTES))
                tail = file.read()
                if head.startswith(_OGG_PAGE):
                    return _is_unit_cut_off(tail, _OGG_PAGE, _OGG_PAGE, _ogg_page_bytes) or None
                return _is_unit_cut_off(tail, _PS_START, _PS_PACK, _program_stream_bytes) or None
            return transport_stream.is_cut_off(file, size) or None
    except OSError:
        return None


def _is_box_cut_off(file: BinaryIO, size: int) -> bool:
    position = 0
    while position + 8 <= size:
        file.seek(position)
        head = file.read(16)
        length, kind = struct.unpack_from(">I4s", head)
        if kind not in _BOXES or length == 0:  # 0: to the end of the file
            return False
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack_from(">Q", head, 8)
        if length < 8:
            return False
        position += length
    return position > size


def _is_matroska_cut_off(file: BinaryIO, size: int) -> bool | None:
    position = 0
    while position < size:
        file.seek(position)
        head = file.read(12)
        id_bytes = 9 - head[0].bit_length()
        name = head[:id_bytes]
        if name not in _SEGMENT_PARTS and name not in (_EBML, _SEGMENT):
            return None
        if len(head) <= id_bytes or not head[id_bytes]:
            return None
        length_bytes = 9 - head[id_bytes].bit_length()
        bits = 7 * length_bytes
        length = int.from_bytes(head[id_bytes : id_bytes + length_bytes], "big") & ((1 << bits) - 1)
        position += id_bytes + length_bytes
        if length == (1 << bits) - 1:  # unknown, as in what was sent live: the parts within have theirs
            if name != _SEGMENT:
                return None
        else:
            position += length
    return position > size


def _is_riff_cut_off(file: BinaryIO, size: int) -> bool:
    position = 0
    while position + 8 <= size:
        file.seek(position)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind != b"RIFF" or not length:
            return False
        position += 8 + length + length % 2
    # Some writers count the eight bytes before the length too.
    return position > size + 9


def _is_gif_cut_off(data: bytes) -> bool:
    def colour_bytes(flags: int) -> int:
        return 3 << (flags & 7) + 1 if flags & 0x80 else 0

    try:
        position = 13 + colour_bytes(data[10])
        while data[position] in b"!,":  # an extension or an image, then blocks of data up to an empty one
            is_image = data[position] == ord(",")
            position += 11 + colour_bytes(data[position + 9]) if is_image else 2
            while data[position]:
                position += 1 + data[position]
            position += 1
    except IndexError:
        return True
    return False


def _is_asf_cut_off(head: bytes, size: int) -> bool:
    start = head.find(_ASF_PROPERTIES)
    if start < 0 or start + 92 > len(head):
        return False
    (length,) = struct.unpack_from("<Q", head, start + 40)
    (flags,) = struct.unpack_from("<I", head, start + 88)
    is_broadcast = bool(flags & 1)  # its length was not known when the header was written
    return not is_broadcast and size < length


def _is_unit_cut_off(tail: bytes, start: bytes, unit: bytes, unit_bytes: Callable[[bytes], int]) -> bool:
    """Whether the last of the units that follow one another to the end of a file is cut off.

    Each begins with ``start``, the first one to be found with ``unit``. ``unit_bytes`` gives the length of
    the unit that bytes begin with, of which there may be few; 0: it is the end, whatever follows.
    """
    position = tail.find(unit)
    if position < 0:
        return False
    while position < len(tail):
        if not tail.startswith(start[: len(tail) - position], position):
            return False
        length = unit_bytes(tail[position : position + _UNIT_HEAD_BYTES])
        if not length:
            return False
        position += length
    return position > len(tail)


def _program_stream_bytes(head: bytes) -> int:
    """Of a pack's header or a packet of MPEG."""
    code = head[3:4]
    if code == _PS_PACK[3:]:
        is_mpeg2 = head[4:5] >= b"\x40"
        stuffing = head[13] & 7 if is_mpeg2 and len(head) > 13 else 0
        return 14 + stuffing if is_mpeg2 else 12
    if code and code[0] == _PS_END:
        return 0
    return 6 + int.from_bytes(head[4:6], "big")


def _ogg_page_bytes(head: bytes) -> int:
    segments = head[26] if len(head) > 26 else 0
    return 27 + segments + sum(head[27 : 27 + segments])
