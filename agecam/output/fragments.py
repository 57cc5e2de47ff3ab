"""MP4 files whose writing was cut off: what they hold is made whole."""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import av

_HEADER_BYTES: Final = 16
"""Size (4), kind (4) and, where the size is 1, the size again (8): ISO/IEC 14496-12, 4.2."""
_HEAD_BYTES: Final = 4096
"""More than lies before the first fragment: 1 to 2 KB."""


@contextlib.contextmanager
def finishing(path: Path, *, failed: bool) -> Iterator[None]:
    """Write the end of a video at ``path`` in this block; what was written stays playable whatever happens.

    ``failed`` tells that a frame could not be written.

    WORKAROUND: with "hybrid_fragmented" FFmpeg overwrites the index at the file's head before it writes the
    one at its end (mov_write_trailer in libavformat/movenc.c); a disk that fills between leaves neither.
    """
    head = b""
    with contextlib.suppress(OSError), path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError), path.open("r+b") as file:
            file.write(head)
        failed = True
        raise
    finally:
        if failed:
            with contextlib.suppress(OSError):
                cut_to_whole_fragments(path)


def playable_s(path: Path) -> float | None:
    """The time of the last frame of a video, in seconds; ``None`` where none can be decoded."""
    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            if next(container.decode(video=0), None) is None:
                return None
            stream = container.streams.video[0]
            container.seek(sys.maxsize // 2, stream=stream, backward=True)
            last = max(
                (packet.pts for packet in container.demux(stream) if packet.pts is not None), default=0
            )
            return float(last * (stream.time_base or 0))
    except (av.FFmpegError, IndexError):
        return None


def cut_to_whole_fragments(path: Path) -> None:
    """Cut an MP4 (or MOV) at the end of its last whole fragment, so that every frame in it can be decoded.

    Does nothing to a file that has no fragments or ends well, nor to other kinds. Raises :class:`OSError`.
    """
    with path.open("r+b") as file:
        end = os.fstat(file.fileno()).st_size
        whole, has_index, in_fragment = 0, False, False
        for kind, at, size in _boxes(file, end):
            if at + size > end:
                break
            has_index |= kind == b"moov"
            in_fragment = kind == b"moof"
            if not in_fragment:
                whole = at + size
        if has_index and whole < end:
            file.truncate(whole)


def _boxes(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and size of the boxes of the file; the last one may be larger than what is there."""
    at = 0
    while at + 8 <= end:
        file.seek(at)
        header = file.read(_HEADER_BYTES)
        size, kind = struct.unpack_from(">I4s", header)
        if size == 1 and len(header) == _HEADER_BYTES:
            (size,) = struct.unpack_from(">Q", header, 8)
        if size < 8:  # until the end of the file, or no box at all
            return
        yield kind, at, size
        at += size
