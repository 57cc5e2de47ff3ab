"""What a video file holds whose writing was cut short."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final

import av
from av.stream import Discard

_log = logging.getLogger(__name__)

_MAX_READ_BYTES: Final = 2_000_000_000
"""Files up to this size are read through, which takes seconds; of others the last part is not counted."""
_BOX_HEADER_BYTES: Final = 8
UNSURE_S: Final = 2.0
"""Seconds that a larger file may lack: fragments and clusters last half a second, and a failure shows at the
next of them."""


def drop_unfinished_box(path: Path) -> None:
    """Cut a file of MP4 or QuickTime off behind its last whole fragment: it then holds no part of a frame."""
    if not path.is_file():
        return
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        position = fragment = 0
        while position < size:
            file.seek(position)
            header = file.read(16)
            length, kind = int.from_bytes(header[:4]), header[4:8]
            if length == 1:
                length = int.from_bytes(header[8:16])
            if kind != b"mdat":  # the box before says what lies where in it
                fragment = position
            if length < _BOX_HEADER_BYTES or position + length > size:
                file.truncate(fragment)
                return
            position += length


def last_time_kept(path: Path, written_s: float) -> float | None:
    """The time, in seconds, of the last frame in ``path`` that is whole; ``None`` where there is none.

    ``written_s`` is the time of the last frame that was handed over.
    """
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > _MAX_READ_BYTES:
            return written_s - UNSURE_S
        return _read_last_time(path)
    except (av.FFmpegError, OSError, ValueError):
        _log.debug("%s: nothing that can be played", path, exc_info=True)
        return None


def _read_last_time(path: Path) -> float | None:
    last_s: float | None = None
    with av.open(f"file:{path}", metadata_errors="replace") as container:
        video = container.streams.video[0] if container.streams.video else None
        if video is None:
            return None
        for stream in container.streams:
            if stream is not video:
                stream.discard = Discard.all
        try:
            for packet in container.demux(video):
                ticks = packet.dts if packet.pts is None else packet.pts
                if ticks is not None and packet.size and not packet.is_corrupt:
                    last_s = max(last_s or 0.0, float(ticks * packet.time_base))
        except av.FFmpegError:
            _log.debug("%s: cut off", path, exc_info=True)
    return last_s
