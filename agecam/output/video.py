"""A video file, written so that it survives whatever ends the program."""

from __future__ import annotations

import errno
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, cast

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.files import whole_path
from agecam.opencv import cv2
from agecam.output.carried import CarriedStreams
from agecam.output.files import write_error
from agecam.timeline import Timeline

_log = logging.getLogger(__name__)

_CLOCK = Fraction(1, 90_000)  # of MPEG; every usual frame rate is a whole number of its ticks
_COARSE_CLOCK = Fraction(1, 30_000)  # the codec MPEG-4 counts to 65,535 at most
_USUAL_FPS = 30.0  # frames a second; what webcams give
# Seconds between frames that players can jump to; also what a killed program loses of an MKV. Chosen: at
# x264's default, every 250 frames, it would be 8 s at 30 frames a second.
_KEYFRAME_EVERY_S = 1.0
# FFmpeg's documentation of the mov and matroska muxers: "hybrid_fragmented" writes fragments that are whole
# by themselves and turns the file into a plain MP4 at its proper end. They last half a second, which a killed
# program may lose: in microseconds in the one, in milliseconds in the other.
_CONTAINERS = {
    ".mp4": {"movflags": "+hybrid_fragmented", "frag_duration": "500000", "flush_packets": "1"},
    ".mkv": {"cluster_time_limit": "500", "flush_packets": "1"},
}
VIDEO_OUTPUTS = tuple(_CONTAINERS)
"""Suffixes of the video files that can be written."""
# Best first. zerolatency holds no frames back, which a killed program would lose. crf and qmin to qmax are
# the codecs' own scales of quality, less being better; chosen by eye.
_CODECS = {
    "libx264": {"preset": "veryfast", "crf": "20", "tune": "zerolatency"},
    "mpeg4": {"qmin": "2", "qmax": "8"},
}

Quality = Literal["small", "standard", "high"]
"""How exact the images are, and so how large the file."""


@dataclass(frozen=True, slots=True)
class VideoOptions:
    """How a video is written."""

    nominal_fps: float | None = None
    """The source's frames a second: how long a frame stands of which nothing else says it."""
    quality: Quality = "standard"
    start_s: float | None = None
    """The time that becomes 0 in the file; ``None``: that of the first frame."""
    carried: CarriedStreams | None = None
    """What goes along with the frames."""


class VideoWriter:
    """Writes frames with their own times as H.264 (MPEG-4 where FFmpeg lacks it) to ``.mp4`` or ``.mkv``.

    The size is fixed; a frame of another size is fitted in with black bars. An odd width or height
    is made even by repeating the last column or row, as the codec needs it. An existing file is overwritten.

    Raises :class:`agecam.errors.OutputError`, also from :meth:`write` and :meth:`close`; what was written
    until then stays playable.
    """

    def __init__(
        self,
        path: Path | str,
        width: int,
        height: int,
        options: VideoOptions = VideoOptions(),
        *,
        codecs: Sequence[str] = tuple(_CODECS),
    ) -> None:
        """``width`` and ``height`` in pixels.

        ``codecs`` are FFmpeg's encoders to choose from, the best first.
        """
        self.path = Path(path)
        self._size = (width + width % 2, height + height % 2)
        self._interval_s = 1 / (options.nominal_fps or _USUAL_FPS)
        self._timeline = Timeline()
        self._frames = 0
        self._next_keyframe_s = 0.0
        _check_target(self.path)
        codec = _available(codecs)
        container_options = _CONTAINERS[self.path.suffix.lower()]
        try:
            self.path.open("wb").close()  # PyAV would find out at the first frame
        except OSError as error:
            raise write_error(self.path, error) from error
        # "file:" lets a name that holds a colon be a name.
        container = av.open(f"file:{self.path}", "w", container_options=container_options)
        self._stream = self._add_stream(container, codec)
        self._container: OutputContainer | None = container

    @property
    def frames(self) -> int:
        """How many frames were written."""
        return self._frames

    @property
    def seconds(self) -> float:
        """The time of the last frame, counted from the first."""
        return self._timeline.last_s

    def write(self, image_bgr: NDArray[np.uint8], time_s: float, duration_s: float | None = None) -> None:
        """Adds ``image_bgr``, ``(height, width, 3)`` uint8, taken at ``time_s`` seconds by any steady clock.

        ``duration_s`` is how long it stands, in seconds, where that is known. The first frame is at 0; a time
        that does not increase is moved on by the least step.
        """
        if self._container is None:
            raise OutputError(f"{self.path} is closed; start a new recording.")
        placed_s = self._timeline.place(time_s, self._interval_s)
        frame = VideoFrame.from_ndarray(_fit(image_bgr, self._size), format="bgr24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        frame.time_base = _CLOCK
        frame.pts = round(placed_s / _CLOCK)
        frame.duration = round(
            (duration_s or self._interval_s) / _CLOCK
        )  # shows how long the last frame stands
        if placed_s >= self._next_keyframe_s:
            frame.pict_type = PictureType.I
            self._next_keyframe_s = placed_s + _KEYFRAME_EVERY_S
        self._mux(frame)
        self._frames += 1

    def close(self) -> None:
        """Finishes the file, or removes it where no frame was written; a second call does nothing."""
        if self._container is None:
            return
        if self._frames:
            self._mux(None)
            self._close_container()
        else:
            self._container = None
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _add_stream(self, container: OutputContainer, codec: str) -> VideoStream:
        rate = Fraction(1 / self._interval_s).limit_denominator(1001)
        stream = cast("VideoStream", container.add_stream(codec, rate=rate, options=_CODECS[codec]))
        stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = _CLOCK if codec == "libx264" else _COARSE_CLOCK
        # Explicit, because players guess by the image's size, and guess differently.
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_range = ColorRange.MPEG
        stream.codec_context.color_primaries = ColorPrimaries.BT709
        stream.codec_context.color_trc = ColorTrc.BT709
        return stream

    def _mux(self, frame: VideoFrame | None) -> None:
        if self._container is None:
            return
        try:
            self._container.mux(self._stream.encode(frame))
        except av.FFmpegError as error:
            try:
                self._close_container()
            except OutputError:
                _log.debug("%s: no proper end after a failure", self.path)
            raise self._failure(error) from error

    def _close_container(self) -> None:
        container, self._container = self._container, None
        # WORKAROUND: FFmpeg 8 crashes in finishing a fragmented MP4 that holds no frame.
        if container is None or not self._frames:
            return
        try:
            container.close()
        except av.FFmpegError as error:
            raise self._failure(error) from error

    def _failure(self, error: av.FFmpegError) -> OutputError:
        if isinstance(error, OSError):
            return write_error(self.path, error)
        return write_error(self.path, OSError(errno.EIO, str(error)))


def _check_target(path: Path) -> None:
    """Raises :class:`agecam.errors.OutputError` where ``path`` has no folder or another suffix."""
    if path.suffix.lower() not in _CONTAINERS:
        kinds = " or ".join(_CONTAINERS)
        name = whole_path(path).name
        raise OutputError(f"{name} is not a kind of video that AgeCam writes; end its name in {kinds}.")
    if not path.parent.is_dir():
        raise write_error(path, OSError(errno.ENOENT, ""))


def _available(codecs: Sequence[str]) -> str:
    """The first of the encoders that this FFmpeg has."""
    for codec in codecs:
        if codec in av.codecs_available:
            return codec
    raise OutputError("This FFmpeg can write neither H.264 nor MPEG-4; install PyAV from PyPI.")


def _fit(image_bgr: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """``image_bgr`` at ``size`` (width, height): as it is, made even, or scaled within black bars."""
    height, width = image_bgr.shape[:2]
    to_width, to_height = size
    if (width, height) == size:
        return image_bgr
    if (width + width % 2, height + height % 2) == size:
        right, bottom = to_width - width, to_height - height
        return np.asarray(cv2.copyMakeBorder(image_bgr, 0, bottom, 0, right, cv2.BORDER_REPLICATE), np.uint8)
    scale = min(to_width / width, to_height / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((to_height, to_width, 3), np.uint8)
    left, top = (to_width - inner[0]) // 2, (to_height - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(image_bgr, inner, interpolation=smooth)
    return canvas
