"""Decoding with FFmpeg (PyAV), shared by video files and network streams."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, cast

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.sources.colour import to_bgr
from agecam.sources.deinterlace import Deinterlacer
from agecam.timeline import Timeline

# By the number of quarter turns counterclockwise in the stream's display matrix.
_ROTATIONS: Final = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}

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


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoded frame, which becomes an image only where it is wanted."""

    index: int
    time_s: float
    image: Callable[[], NDArray[np.uint8]]
    """Gives it upright and with square pixels: ``(height, width, 3)`` uint8 BGR, read-only."""
    stands_s: Callable[[], float | None]
    """Gives :attr:`duration_s`, which of the last frame is only known once the end is reached."""

    @property
    def duration_s(self) -> float | None:
        """For how many seconds it stands; ``None`` where the file does not say."""
        return self.stands_s()


class NoVideoError(Exception):
    """What was opened has no video stream (a sound file, a sound file with a cover)."""


class TooLargeError(Exception):
    """The frames of the video have more pixels than are read; :attr:`size` in pixels."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(width, height)
        self.size = f"{width} x {height}"


class Decoder:
    """The frames of the main video stream of an open container, in presentation order.

    Raises :class:`NoVideoError` where there is none, and :class:`TooLargeError`. ``live`` decodes without the
    delay of several frames that decoding on several cores brings. ``cut_off`` tells whether bytes are missing
    at the file's end, where that is known.
    """

    def __init__(
        self,
        container: InputContainer,
        *,
        live: bool = False,
        cut_off: bool | None = None,
        config: DecoderConfig | None = None,
    ) -> None:
        self._config = config or DecoderConfig()
        self._container = container
        self._stream = _main_video(container, self._config)
        pixels = self._stream.codec_context.width * self._stream.codec_context.height
        if pixels > self._config.max_pixels:
            raise TooLargeError(self._stream.codec_context.width, self._stream.codec_context.height)
        one_at_a_time = live or pixels > self._config.max_threaded_pixels
        self._stream.thread_type = "SLICE" if one_at_a_time else "AUTO"
        # All read now: PyAV's streams must not be touched once their container is closed.
        self.fps = _frame_rate(self._stream, self._config)
        """The average frame rate of the header; ``None`` where it has none."""
        self.duration_s = _duration_s(container, self._stream)
        """The duration of the header in seconds; ``None`` for what has no end."""
        self.frame_count = self._stream.frames or None
        """The number of frames of the header, or what its duration and rate come to."""
        if self.frame_count is None and self.fps and self.duration_s:
            self.frame_count = max(1, round(self.fps * self.duration_s))
        self._end_of_video_s = _end_of_video_s(container, self._stream, self._config)
        # Of the container, by what it says of its longest stream or of itself; all by the stream's clock.
        self._promised_s = max(
            _own_end_s(container, self._stream, self._config) or 0.0,
            _header_duration_s(container, self._config) or 0.0,
        )
        self._pixel_aspect = _pixel_aspect(self._stream, self._config)
        self.origin = _origin(container, self._stream, self._config)
        """What counts as 0 s, in seconds of the stream's clock; ``None``: its first frame."""
        self._timeline = Timeline(None if self.origin is None else 0.0)
        self._interval_s = 1 / self.fps if self.fps else self._config.default_interval_s
        self.first_pts: int | None = None
        """When the first frame that can be decoded is shown, by the stream's clock; known once it is."""
        self._is_cut_off = cut_off
        self._is_broadcast = container.format.name in self._config.broadcast
        # When the last packet of any stream ends: beside sound the container's duration says nothing of the
        # video's, but one of them lasts as long.
        self._end_s = 0.0
        # Of the last packet of each stream: where recordings were joined, whole ones may be called corrupt.
        self._is_last_corrupt: dict[int, bool] = {}
        self._has_decode_errors = False
        self._read_error: str | None = None
        self._ended = False

    @property
    def stream_index(self) -> int:
        """Which of the container's streams it decodes."""
        return self._stream.index

    @property
    def is_interrupted(self) -> bool:
        """Whether reading failed before the end."""
        return self._read_error is not None

    @property
    def damage(self) -> str | None:
        """What was wrong with the frames given so far, as a clause; ``None`` where nothing was."""
        found = []
        if self._has_decode_errors:
            found.append("parts of it could not be decoded")
        if self._read_error is not None:
            found.append(self._read_error)
        elif (
            self._ended
            and self._is_cut_off is not False
            and (missing_s := self._missing_s()) > self._config.max_missing_s
        ):
            last_s = self._timeline.last_s
            found.append(f"it ends after {last_s:.1f} s of {last_s + missing_s:.1f} s")
        elif self._ended and self._is_cut_off:
            found.append(f"it ends after {self._timeline.last_s:.1f} s, where more should follow")
        return " and ".join(found) or None

    def __iter__(self) -> Iterator[tuple[VideoFrame, float]]:
        """Gives each frame with its time in seconds from the container's start, strictly increasing.

        Ends without an error where nothing more can be decoded; :attr:`damage` then tells what was wrong.
        """
        deinterlacer = Deinterlacer()
        for packet in self._packets():
            for frame in self._decode(packet):
                for whole in deinterlacer.add(frame):
                    yield whole, self._time_s(whole)
        for whole in deinterlacer.end():
            yield whole, self._time_s(whole)
        self._has_decode_errors |= any(self._is_last_corrupt.values())
        self._ended = True

    def _packets(self) -> Iterator[Packet[Any]]:
        """Those of the video stream, the last of which is empty, as far as the file can be read."""
        try:
            for packet in self._container.demux():
                self._note(packet)
                # Not packet.stream_index, which is 0 of the empty packet that ends any stream.
                if packet.stream.index == self._stream.index:
                    yield packet
        except av.FFmpegError as error:
            last_s = self._timeline.last_s
            self._read_error = f"it cannot be read past {last_s:.1f} s ({error.strerror})"

    def _decode(self, packet: Packet[Any]) -> Iterator[VideoFrame]:
        try:
            frames = packet.decode()
        except av.EOFError:
            return
        except av.FFmpegError:
            self._has_decode_errors = True
            return
        for frame in frames:
            if isinstance(frame, VideoFrame):
                self._has_decode_errors |= frame.is_corrupt
                yield frame

    def _note(self, packet: Packet[Any]) -> None:
        if not packet.size:
            return
        is_video = packet.stream_index == self._stream.index
        if is_video or not self._is_broadcast:
            self._is_last_corrupt[packet.stream_index] = packet.is_corrupt
        if packet.pts is not None and packet.time_base:
            end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            self._end_s = max(self._end_s, end_s)

    def _time_s(self, frame: VideoFrame) -> float:
        base = frame.time_base or Fraction(0)
        if frame.duration and base:
            self._interval_s = float(frame.duration * base)
        if frame.pts is None or not base:
            return self._timeline.place(None, self._interval_s)
        if self.first_pts is None:
            self.first_pts = frame.pts
        return self._timeline.place(self.seconds(frame.pts), self._interval_s)

    def forget_damage(self) -> None:
        """What was wrong with the frames given so far does not matter: they are not wanted."""
        self._has_decode_errors = False

    def seconds(self, pts: int) -> float:
        """The time from the container's start of what the stream's clock calls ``pts``."""
        # One rounding alone, so that times compare with those that a user types.
        return float(pts * (self._stream.time_base or 0) - (self.origin or 0))

    def stands_s(self, frame: VideoFrame, time_s: float) -> float | None:
        """For how many seconds the file says that the frame of that time stands.

        Told best once the next frame is read: the end of the file tells of the last one.
        """
        own_s = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else 0.0
        to_end_s = 0.0
        if self._ended and self._end_of_video_s is not None and self.damage is None:
            to_end_s = self._end_of_video_s - float(self.origin or 0) - time_s
        return max(own_s, to_end_s) or None

    def _missing_s(self) -> float:
        given_s = float(self.origin or 0) + self._timeline.last_s + self._interval_s
        return self._promised_s - max(given_s, self._end_s)

    def to_bgr(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """The image upright and with square pixels: ``(height, width, 3)`` uint8 BGR, read-only."""
        image = to_bgr(frame, *self._square(frame.width, frame.height))
        if quarter_turns := round(frame.rotation / 90) % 4:
            image = cv2.rotate(image, _ROTATIONS[quarter_turns])
        image = np.ascontiguousarray(image, np.uint8)
        image.setflags(write=False)
        return image

    def _square(self, width: int, height: int) -> tuple[int, int]:
        """Width and height in square pixels."""
        wide = max(1, round(width * self._pixel_aspect))
        most = max(self._config.max_side_px, width)
        return (wide, height) if wide <= most else (most, max(1, round(height * most / wide)))


def _main_video(container: InputContainer, config: DecoderConfig) -> VideoStream:
    """The stream that players show: the first that is marked as the default, else the first."""
    found = None
    if container.format.name not in config.not_video:
        for stream in container.streams.video:
            if stream.disposition & Disposition.attached_pic:  # the cover of a sound file
                continue
            if stream.disposition & Disposition.default:
                return stream
            found = found or stream
    if found is None:
        raise NoVideoError
    return found


def _origin(container: InputContainer, stream: VideoStream, config: DecoderConfig) -> Fraction | None:
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


def _frame_rate(stream: VideoStream, config: DecoderConfig) -> float | None:
    rate = stream.average_rate or stream.guessed_rate
    return float(rate) if rate and 0 < rate <= config.max_fps else None


def _duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _own_end_s(container: InputContainer, stream: VideoStream, config: DecoderConfig) -> float | None:
    """When the video stream ends by its own header; ``None`` where that tells of all streams together."""
    if stream.duration and stream.time_base:
        counts_from_zero = container.format.name in config.durations_from_zero
        start = 0 if counts_from_zero else stream.start_time or 0
        return float((start + stream.duration) * stream.time_base)
    if len(container.streams) == 1 and container.duration:
        return float(container.duration / av.time_base)
    return None


def _end_of_video_s(container: InputContainer, stream: VideoStream, config: DecoderConfig) -> float | None:
    """When the last frame of the video ends by a header; ``None`` where there is none that says it."""
    if container.format.name not in config.header_durations:
        return None
    # Matroska keeps a stream's duration among its tags.
    if match := _DURATION_TAG.fullmatch(stream.metadata.get("DURATION", "")):
        hours, minutes, seconds = match.groups()
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return _own_end_s(container, stream, config)


def _header_duration_s(container: InputContainer, config: DecoderConfig) -> float | None:
    """The seconds from 0 to the end of the longest stream; ``None`` where the header does not say."""
    if container.format.name not in config.header_durations or not container.duration:
        return None
    return float(container.duration / av.time_base)


def _pixel_aspect(stream: VideoStream, config: DecoderConfig) -> Fraction:
    """Width by height of one pixel; 1 where the header says nothing sensible."""
    aspect = stream.sample_aspect_ratio
    most = config.max_pixel_aspect
    return aspect if aspect and 1 / most <= aspect <= most else Fraction(1)
