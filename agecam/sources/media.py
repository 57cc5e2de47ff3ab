"""Decoding with FFmpeg (PyAV), shared by video files and network streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from agecam.messages import CodedImage
from agecam.opencv import cv2
from agecam.sources import video_header
from agecam.sources.colour import BgrConverter, coded_matrix
from agecam.sources.deinterlace import Deinterlacer
from agecam.sources.video_header import DecoderConfig, TooLargeError
from agecam.timeline import Timeline

# By the number of quarter turns counterclockwise in the stream's display matrix.
_ROTATIONS: Final = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoded frame, which becomes an image only where it is wanted."""

    index: int
    time_s: float
    image: Callable[[], NDArray[np.uint8]]
    """Gives it upright and with square pixels: ``(height, width, 3)`` uint8 BGR, read-only."""
    stands_s: Callable[[], float | None]
    """Gives :attr:`duration_s`, which of the last frame is only known once the end is reached."""
    coded: Callable[[NDArray[np.uint8]], CodedImage | None] = lambda _image_bgr: None
    """Gives what :attr:`image` was made of, handed in, where it is known."""

    @property
    def duration_s(self) -> float | None:
        """For how many seconds it stands; ``None`` where the file does not say."""
        return self.stands_s()


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
        self._converter = BgrConverter()
        self._stream = video_header.main_video(container, self._config)
        pixels = self._stream.codec_context.width * self._stream.codec_context.height
        if pixels > self._config.max_pixels:
            raise TooLargeError(self._stream.codec_context.width, self._stream.codec_context.height)
        # Frames may also grow later on, in a damaged file for one.
        self._stream.codec_context.options = {"max_pixels": str(self._config.max_pixels)}
        one_at_a_time = live or pixels > self._config.max_threaded_pixels
        self._stream.thread_type = "SLICE" if one_at_a_time else "AUTO"
        # All read now: PyAV's streams must not be touched once their container is closed.
        self.fps = video_header.frame_rate(self._stream, self._config)
        """The average frame rate of the header; ``None`` where it has none."""
        self.duration_s = video_header.duration_s(container, self._stream)
        """The duration of the header in seconds; ``None`` for what has no end."""
        self.frame_count = self._stream.frames or None
        """The number of frames of the header, or what its duration and rate come to."""
        if self.frame_count is None and self.fps and self.duration_s:
            self.frame_count = max(1, round(self.fps * self.duration_s))
        self._end_of_video_s = video_header.end_of_video_s(container, self._stream, self._config)
        # Of the container, by what it says of its longest stream or of itself; all by the stream's clock.
        self._promised_s = max(
            video_header.own_end_s(container, self._stream, self._config) or 0.0,
            video_header.header_duration_s(container, self._config) or 0.0,
        )
        self._pixel_aspect = video_header.pixel_aspect(self._stream, self._config)
        self._has_square_pixels = self._pixel_aspect == 1
        self.origin = video_header.origin(container, self._stream, self._config)
        """What counts as 0 s, in seconds of the stream's clock; ``None``: its first frame."""
        # PyAV makes a new Fraction, in 5 us, whenever it is asked for one.
        self._time_bases = [stream.time_base or Fraction(0) for stream in container.streams]
        self._time_base = self._time_bases[self._stream.index]
        self._from_origin = _from_origin(self._time_base, self.origin or Fraction(0))
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
        if packet.pts is not None:
            end = packet.pts + (packet.duration or 0)
            self._end_s = max(self._end_s, _seconds(end, self._time_bases[packet.stream_index]))

    def _time_s(self, frame: VideoFrame) -> float:
        pts, duration, base = frame.pts, frame.duration, self._time_base
        if duration and base:
            self._interval_s = _seconds(duration, base)
        if pts is None or not base:
            return self._timeline.place(None, self._interval_s)
        if self.first_pts is None:
            self.first_pts = pts
        return self._timeline.place(self.seconds(pts), self._interval_s)

    def forget_damage(self) -> None:
        """What was wrong with the frames given so far does not matter: they are not wanted."""
        self._has_decode_errors = False

    def seconds(self, pts: int) -> float:
        """The time from the container's start of what the stream's clock calls ``pts``."""
        # One rounding alone, so that times compare with those that a user types.
        factor, subtrahend, divisor = self._from_origin
        return (pts * factor - subtrahend) / divisor

    def stands_s(self, frame: VideoFrame, time_s: float) -> float | None:
        """For how many seconds the file says that the frame of that time stands.

        Told best once the next frame is read: the end of the file tells of the last one.
        """
        own_s = _seconds(frame.duration, self._time_base)
        to_end_s = 0.0
        if self._ended and self._end_of_video_s is not None and self.damage is None:
            to_end_s = self._end_of_video_s - float(self.origin or 0) - time_s
        return max(own_s, to_end_s) or None

    def _missing_s(self) -> float:
        given_s = float(self.origin or 0) + self._timeline.last_s + self._interval_s
        return self._promised_s - max(given_s, self._end_s)

    def to_bgr(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """The image upright and with square pixels: ``(height, width, 3)`` uint8 BGR, read-only."""
        image = self._converter.convert(frame, *self._square(frame.width, frame.height))
        if quarter_turns := _quarter_turns(frame):
            image = cv2.rotate(image, _ROTATIONS[quarter_turns])
        image = np.ascontiguousarray(image, np.uint8)
        image.setflags(write=False)
        return image

    def coded(self, frame: VideoFrame, image_bgr: NDArray[np.uint8]) -> CodedImage | None:
        """What :meth:`to_bgr` made ``image_bgr`` of; ``None`` where that is not its very pixels."""
        size = frame.width, frame.height
        matrix = coded_matrix(frame)
        if matrix is None or _quarter_turns(frame) or self._square(*size) != size:
            return None
        return CodedImage(image_bgr, lambda: np.asarray(frame.to_ndarray(), np.uint8), matrix)

    def _square(self, width: int, height: int) -> tuple[int, int]:
        """Width and height in square pixels."""
        if self._has_square_pixels:
            return width, height
        wide = max(1, round(width * self._pixel_aspect))
        most = max(self._config.max_side_px, width)
        return (wide, height) if wide <= most else (most, max(1, round(height * most / wide)))


def _seconds(ticks: int, base: Fraction) -> float:
    """The float that is nearest to ``ticks * base``: division of integers rounds once, too."""
    return ticks * base.numerator / base.denominator


def _from_origin(base: Fraction, origin: Fraction) -> tuple[int, int, int]:
    """The factor, subtrahend and divisor that make ticks of a clock seconds from its origin."""
    return (
        base.numerator * origin.denominator,
        origin.numerator * base.denominator,
        base.denominator * origin.denominator,
    )


def _quarter_turns(frame: VideoFrame) -> int:
    """Counterclockwise, 0 to 3."""
    return round(frame.rotation / 90) % 4
