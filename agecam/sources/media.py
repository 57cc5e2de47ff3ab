"""Decoding with FFmpeg (PyAV), shared by video files and network streams."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.timeline import Timeline

# FFmpeg draws any text file as a terminal; nobody means that as a video.
_NOT_VIDEO = frozenset({"tty"})
_USUAL_INTERVAL_S = 1 / 25
_HIGHEST_FPS = 1000
# A file is called cut short when this much of what its header promises is missing.
_MISSING_S = 1.0
_TURNS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


class NoVideoError(Exception):
    """What was opened holds no moving pictures (a sound file, a sound file with a cover)."""


class Decoder:
    """The pictures of the main video stream of an open container, in order of showing.

    Raises :class:`NoVideoError` where there is none. ``live`` decodes without the delay of several
    frames that decoding on several cores brings.
    """

    def __init__(self, container: InputContainer, *, live: bool = False) -> None:
        self._container = container
        self._stream = _main_video(container)
        self._stream.thread_type = "SLICE" if live else "AUTO"
        # All read now: PyAV's streams must not be touched once their container is closed.
        self.fps = _frame_rate(self._stream)
        """The average frame rate that the header tells; ``None`` where it tells none."""
        self.duration_s = _duration_s(container, self._stream)
        """The length that the header tells, in seconds; ``None`` for what has no end."""
        self.frame_count = self._stream.frames or None
        """How many frames the header tells, or its length and rate let expect."""
        if self.frame_count is None and self.fps and self.duration_s:
            self.frame_count = max(1, round(self.fps * self.duration_s))
        self._pixel_aspect = _pixel_aspect(self._stream)
        self._timeline = Timeline()
        self._interval_s = 1 / self.fps if self.fps else _USUAL_INTERVAL_S
        # Before the first picture: a broadcast recorded from its middle begins with what cannot be decoded.
        self._lead_in_s: float | None = None
        # Beside sound the container's length says nothing of the video's.
        self._length_is_sure = bool(self._stream.duration) or len(container.streams) == 1
        self._is_unclean = False
        self._break: str | None = None
        self._ended = False

    @property
    def broke_off(self) -> bool:
        """Whether reading failed before the end."""
        return self._break is not None

    @property
    def damage(self) -> str | None:
        """What was wrong with the pictures given so far, as a clause; ``None`` where nothing was."""
        found = []
        if self._is_unclean:
            found.append("parts of it could not be decoded")
        if self._break is not None:
            found.append(self._break)
        elif self._ended and self._missing_s() > _MISSING_S:
            found.append(f"it ends after {self._timeline.last_s:.1f} s of {self.duration_s:.1f} s")
        return " and ".join(found) or None

    def __iter__(self) -> Iterator[tuple[VideoFrame, float]]:
        """Gives each picture with its time in seconds, strictly increasing from 0.

        Ends quietly where nothing more can be decoded; :attr:`damage` then tells what was wrong.
        """
        packets = self._container.demux(self._stream)
        # Of the last packet alone: where recordings were joined, whole ones may be called corrupt.
        is_cut_off = False
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except av.FFmpegError as error:
                self._break = f"it cannot be read past {self._timeline.last_s:.1f} s ({error.strerror})"
                break
            if packet.size:
                is_cut_off = packet.is_corrupt
            try:
                frames = packet.decode()
            except av.EOFError:
                break
            except av.FFmpegError:
                self._is_unclean = True
                continue
            for frame in frames:
                self._is_unclean |= frame.is_corrupt
                yield frame, self._place(frame)
        self._is_unclean |= is_cut_off
        self._ended = True

    def _place(self, frame: VideoFrame) -> float:
        base = frame.time_base or Fraction(0)
        if frame.duration and base:
            self._interval_s = float(frame.duration * base)
        time_s = None if frame.pts is None or not base else float(frame.pts * base)
        if self._lead_in_s is None:
            # A stream's own length counts from its start, a container's from 0.
            start = (self._stream.start_time or 0) if self._stream.duration else 0
            self._lead_in_s = max(0.0, (time_s or 0.0) - float(start * base))
        return self._timeline.place(time_s, self._interval_s)

    def _missing_s(self) -> float:
        if not self._length_is_sure:
            return 0.0
        given_s = (self._lead_in_s or 0.0) + self._timeline.last_s + self._interval_s
        return (self.duration_s or 0.0) - given_s

    def to_bgr(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """The picture upright and with square pixels: ``(height, width, 3)`` uint8 BGR, read-only."""
        width = max(1, round(frame.width * self._pixel_aspect))
        image = frame.to_ndarray(format="bgr24", width=width, height=frame.height)
        if turn := round(frame.rotation / 90) % 4:
            image = cv2.rotate(image, _TURNS[turn])
        image = np.ascontiguousarray(image, np.uint8)
        image.setflags(write=False)
        return image


def _main_video(container: InputContainer) -> VideoStream:
    if container.format.name not in _NOT_VIDEO:
        for stream in container.streams.video:
            if not stream.disposition & stream.disposition.attached_pic:  # a cover picture
                return stream
    raise NoVideoError


def _frame_rate(stream: VideoStream) -> float | None:
    rate = stream.average_rate or stream.guessed_rate
    return float(rate) if rate and 0 < rate <= _HIGHEST_FPS else None


def _duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _pixel_aspect(stream: VideoStream) -> Fraction:
    """Width by height of one pixel; 1 where the header says nothing sensible."""
    aspect = stream.sample_aspect_ratio
    return aspect if aspect and Fraction(1, 4) <= aspect <= 4 else Fraction(1)
