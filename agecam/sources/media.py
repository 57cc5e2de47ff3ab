"""Decoding with FFmpeg (PyAV), shared by video files and network streams."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.timeline import Timeline

# By the number of quarter turns counterclockwise in the stream's display matrix.
_ROTATIONS: Final = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


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

    broadcast: frozenset[str] = frozenset({"mpegts"})
    """FFmpeg's formats that are recorded from the middle and end anywhere, also within a packet of sound."""

    max_pixel_aspect: float = 4.0
    """Width by height of a pixel (or its inverse) above which a header is not believed; anamorphic video
    has at most 2."""

    not_video: frozenset[str] = frozenset({"tty"})
    """FFmpeg's formats that are not meant as video: it renders any text file as a terminal."""


class NoVideoError(Exception):
    """What was opened has no video stream (a sound file, a sound file with a cover)."""


class Decoder:
    """The frames of the main video stream of an open container, in presentation order.

    Raises :class:`NoVideoError` where there is none. ``live`` decodes without the delay of several
    frames that decoding on several cores brings. ``cut_off`` tells that bytes are missing at the file's end.
    """

    def __init__(
        self,
        container: InputContainer,
        *,
        live: bool = False,
        cut_off: bool = False,
        config: DecoderConfig | None = None,
    ) -> None:
        self._config = config or DecoderConfig()
        self._container = container
        self._stream = _main_video(container, self._config)
        self._stream.thread_type = "SLICE" if live else "AUTO"
        # All read now: PyAV's streams must not be touched once their container is closed.
        self.fps = _frame_rate(self._stream, self._config)
        """The average frame rate of the header; ``None`` where it has none."""
        self.duration_s = _duration_s(container, self._stream)
        """The duration of the header in seconds; ``None`` for what has no end."""
        self.frame_count = self._stream.frames or None
        """The number of frames of the header, or what its duration and rate come to."""
        if self.frame_count is None and self.fps and self.duration_s:
            self.frame_count = max(1, round(self.fps * self.duration_s))
        self._has_own_duration = bool(self._stream.duration) or len(container.streams) == 1
        self._container_duration_s = _header_duration_s(container, self._config)
        self._pixel_aspect = _pixel_aspect(self._stream, self._config)
        self._timeline = Timeline()
        self._interval_s = 1 / self.fps if self.fps else self._config.default_interval_s
        # Before the first frame: a broadcast recorded from its middle begins with what cannot be decoded.
        self._lead_in_s: float | None = None
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
        elif self._ended and (missing_s := self._missing_s()) > self._config.max_missing_s:
            last_s = self._timeline.last_s
            found.append(f"it ends after {last_s:.1f} s of {last_s + missing_s:.1f} s")
        elif self._ended and self._is_cut_off:
            found.append(f"it ends after {self._timeline.last_s:.1f} s, where more should follow")
        return " and ".join(found) or None

    def __iter__(self) -> Iterator[tuple[VideoFrame, float]]:
        """Gives each frame with its time in seconds, strictly increasing from 0.

        Ends without an error where nothing more can be decoded; :attr:`damage` then tells what was wrong.
        """
        packets = self._container.demux()
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except av.FFmpegError as error:
                last_s = self._timeline.last_s
                self._read_error = f"it cannot be read past {last_s:.1f} s ({error.strerror})"
                break
            self._note(packet)
            if packet.stream_index != self._stream.index:
                continue
            try:
                frames = self._stream.decode(packet)
            except av.EOFError:
                break
            except av.FFmpegError:
                self._has_decode_errors = True
                continue
            for frame in frames:
                if not isinstance(frame, VideoFrame):
                    continue
                self._has_decode_errors |= frame.is_corrupt
                yield frame, self._time_s(frame)
        self._has_decode_errors |= any(self._is_last_corrupt.values())
        self._ended = True

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
        time_s = None if frame.pts is None or not base else float(frame.pts * base)
        if self._lead_in_s is None:
            # A stream's own duration counts from its start, a container's from 0.
            start = (self._stream.start_time or 0) if self._stream.duration else 0
            self._lead_in_s = max(0.0, (time_s or 0.0) - float(start * base))
        return self._timeline.place(time_s, self._interval_s)

    def _missing_s(self) -> float:
        given_s = (self._lead_in_s or 0.0) + self._timeline.last_s + self._interval_s
        own_s = self.duration_s if self._has_own_duration else None
        promised_s = max(own_s or 0.0, self._container_duration_s or 0.0)
        return promised_s - max(given_s, self._end_s)

    def to_bgr(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """The image upright and with square pixels: ``(height, width, 3)`` uint8 BGR, read-only."""
        width = max(1, round(frame.width * self._pixel_aspect))
        image = frame.to_ndarray(format="bgr24", width=width, height=frame.height)
        if quarter_turns := round(frame.rotation / 90) % 4:
            image = cv2.rotate(image, _ROTATIONS[quarter_turns])
        image = np.ascontiguousarray(image, np.uint8)
        image.setflags(write=False)
        return image


def _main_video(container: InputContainer, config: DecoderConfig) -> VideoStream:
    if container.format.name not in config.not_video:
        for stream in container.streams.video:
            if not stream.disposition & stream.disposition.attached_pic:  # the cover of a sound file
                return stream
    raise NoVideoError


def _frame_rate(stream: VideoStream, config: DecoderConfig) -> float | None:
    rate = stream.average_rate or stream.guessed_rate
    return float(rate) if rate and 0 < rate <= config.max_fps else None


def _duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


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
