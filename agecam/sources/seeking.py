"""Where to begin decoding a file for a frame late in it, and which frame of the file that is."""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agecam.sources.media import Decoder
from agecam.timeline import MIN_STEP_S


@dataclass(frozen=True, slots=True)
class SeekPoint:
    """The key frame from which a frame is decoded; times in the clock of the stream."""

    key_pts: int
    target_pts: int
    index: int
    """The index in the file of the frame at ``target_pts``."""
    frames_between: int
    """How many frames lie from the key frame to the one before the target."""


class PastEndError(Exception):
    """No frame is that late; ``last_s`` is the time of the last one."""

    def __init__(self, last_s: float) -> None:
        super().__init__(last_s)
        self.last_s = last_s


def find_seek_point(
    container: InputContainer, decoder: Decoder, first_pts: int, start_s: float
) -> SeekPoint | None:
    """Where to begin for the first frame at or after ``start_s`` seconds, told without decoding.

    ``container`` is the same file as that of ``decoder``, at its start; ``first_pts`` is when the first frame
    that can be decoded is shown. ``None`` where packets do not tell: without times of their own, or where
    those go back, as in joined recordings. Raises :class:`PastEndError`.
    """
    stream = container.streams[decoder.stream_index]
    assert isinstance(stream, VideoStream)
    shown, keys = array("q"), array("q")
    last_dts: int | None = None
    for packet in _packets(container, stream):
        if packet.pts is None or packet.is_discard:
            return None
        if packet.dts is not None:
            if last_dts is not None and packet.dts <= last_dts:
                return None
            last_dts = packet.dts
        if packet.is_keyframe:
            keys.append(packet.pts)
        if packet.pts >= first_pts and not _is_hidden(packet, stream):
            shown.append(packet.pts)
        # Nothing is shown before it is decoded, so that no frame to come is earlier.
        if last_dts is not None and decoder.seconds(last_dts) >= start_s:
            break
    times = np.unique(np.asarray(shown))
    if len(times) != len(shown) or not _are_apart(times, stream):
        return None
    index = bisect.bisect_left(times, start_s, key=lambda pts: decoder.seconds(int(pts)))
    if index == len(times):
        raise PastEndError(decoder.seconds(int(times[-1])))
    target = int(times[index])
    # Before the target, because deinterlacing needs the frame before it.
    key = max((pts for pts in keys if first_pts <= pts < target), default=None)
    if key is None:
        return None
    return SeekPoint(key, target, index, index - int(np.searchsorted(times, key)))


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet[Any]]:
    """Those that hold something, as far as the file can be read."""
    try:
        yield from (packet for packet in container.demux(stream) if packet.size)
    except av.FFmpegError:
        return


def _is_hidden(packet: Packet[Any], stream: VideoStream) -> bool:
    """Whether it gives no frame: VP8 has packets that others are predicted from (RFC 6386, 9.1)."""
    return stream.codec_context.name == "vp8" and not memoryview(packet)[0] & 0x10


def _are_apart(times: NDArray[np.int64], stream: VideoStream) -> bool:
    """Whether frames keep their times: :class:`agecam.timeline.Timeline` moves those closer than its step."""
    return len(times) > 0 and (len(times) == 1 or bool(np.diff(times).min() * stream.time_base >= MIN_STEP_S))
