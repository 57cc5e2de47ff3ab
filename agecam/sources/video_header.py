"""What the headers of a video say: which stream to show, its rate, times and the shape of its pixels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, cast

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

if TYPE_CHECKING:
    from av.codec.context import CodecContext

_DURATION_TAG: Final = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """How headers are read and when a file counts as damaged."""

    default_interval_s: float = 1 / 25
    """Seconds between two frames where neither the header nor the frames tell; the rate of European TV, and
    FFmpeg's own default for raw video."""

    max_fps: float = 1000.0
    """A header's frame rate above this is no frame rate: 90000, the clock of MPEG, stands in some of them."""

    max_missing_s: float = 1.0
    """A file is called cut short when more seconds than this of what its header promises are missing: sound
    and video of whole files end up to a few tenths apart."""

    header_durations: frozenset[str] = frozenset(
        {"matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "flv", "asf", "avi"}
    )
    """FFmpeg's formats whose header holds a duration; of others it estimates one, often from the bit rate."""

    durations_from_zero: frozenset[str] = frozenset({"asf"})
    """FFmpeg's formats whose streams' durations count from 0 rather than from where a stream begins."""

    without_pts: frozenset[str] = frozenset({"avi"})
    """FFmpeg's formats that tell when a frame is decoded, not when it is shown: with B-frames it is late."""

    broadcast: frozenset[str] = frozenset({"mpegts"})
    """FFmpeg's formats that are recorded from the middle and end anywhere, also within a packet of sound."""

    max_pixel_aspect: float = 16.0
    """Width by height of a pixel (or its inverse) above which a header is not believed: anamorphic video has
    at most 2, and what was squeezed into one eye's or one field's share of a frame a small multiple of it."""

    max_side_px: int = 16_384
    """Up to which width frames are stretched to square pixels; from there on they lose height instead. H.264
    allows no more."""

    max_pixels: int = 36_000_000
    """Larger frames are refused: 35.7 million (8192 x 4352) is the most that a level of H.264, H.265 or AV1
    allows, and decoders hold several frames. Reading 8K H.264 with B-frames takes 700 MB."""

    max_threaded_pixels: int = 9_000_000
    """Frames up to this size (4096 x 2160) are decoded several at a time; each core more holds one more."""

    not_video: frozenset[str] = frozenset({"tty"})
    """FFmpeg's formats that are not meant as video: it renders any text file as a terminal."""


class NoVideoError(Exception):
    """What was opened has no video stream (a sound file, a sound file with a cover)."""


class UnknownCodecError(NoVideoError):
    """It has one, of a codec that this FFmpeg cannot decode, or that damage has made unknown."""


class TooLargeError(Exception):
    """The frames of the video have more pixels than are read; :attr:`size` in pixels."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(width, height)
        self.size = f"{width} x {height}"


def main_video(container: InputContainer, config: DecoderConfig) -> VideoStream:
    """The stream that players show: the first that is marked as the default, else the first.

    Raises :class:`NoVideoError`, or :class:`UnknownCodecError`.
    """
    found, is_unknown = None, False
    if container.format.name not in config.not_video:
        for stream in container.streams.video:
            if stream.disposition & Disposition.attached_pic:  # the cover of a sound file
                continue
            if cast("CodecContext | None", stream.codec_context) is None:
                is_unknown = True
                continue
            if stream.disposition & Disposition.default:
                return stream
            found = found or stream
    if found is None:
        raise UnknownCodecError if is_unknown else NoVideoError
    return found


def origin(container: InputContainer, stream: VideoStream, config: DecoderConfig) -> Fraction | None:
    """When the earliest stream begins, in seconds of the streams' clock; ``None`` where that is unknown."""
    if container.format.name in config.without_pts and stream.codec_context.has_b_frames:
        return None
    start_us = cast("int | None", container.start_time)
    if start_us is None:
        return None
    start = Fraction(start_us, av.time_base)
    if stream.start_time is not None and stream.time_base:
        own = stream.start_time * stream.time_base
        if abs(own - start) <= Fraction(1, av.time_base):  # the same, but for rounding
            return own
    return start


def frame_rate(stream: VideoStream, config: DecoderConfig) -> float | None:
    """The average frame rate in frames a second; ``None`` where there is none to believe."""
    rate = stream.average_rate or stream.guessed_rate
    return float(rate) if rate and 0 < rate <= config.max_fps else None


def duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """The duration of the video, or of the container, in seconds; ``None`` for what has no end."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def own_end_s(container: InputContainer, stream: VideoStream, config: DecoderConfig) -> float | None:
    """When the video stream ends by its own header; ``None`` where that tells of all streams together."""
    if stream.duration and stream.time_base:
        counts_from_zero = container.format.name in config.durations_from_zero
        start = 0 if counts_from_zero else stream.start_time or 0
        return float((start + stream.duration) * stream.time_base)
    if len(container.streams) == 1 and container.duration:
        return float(container.duration / av.time_base)
    return None


def end_of_video_s(container: InputContainer, stream: VideoStream, config: DecoderConfig) -> float | None:
    """When the last frame of the video ends by a header; ``None`` where there is none that says it."""
    if container.format.name not in config.header_durations:
        return None
    # Matroska keeps a stream's duration among its tags.
    if match := _DURATION_TAG.fullmatch(stream.metadata.get("DURATION", "")):
        hours, minutes, seconds = match.groups()
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return own_end_s(container, stream, config)


def header_duration_s(container: InputContainer, config: DecoderConfig) -> float | None:
    """The seconds from 0 to the end of the longest stream; ``None`` where the header does not say."""
    if container.format.name not in config.header_durations or not container.duration:
        return None
    return float(container.duration / av.time_base)


def pixel_aspect(stream: VideoStream, config: DecoderConfig) -> Fraction:
    """Width by height of one pixel; 1 where the header says nothing sensible."""
    aspect = stream.sample_aspect_ratio
    most = config.max_pixel_aspect
    return aspect if aspect and 1 / most <= aspect <= most else Fraction(1)
