"""A video file, written so that it survives whatever ends the program."""

from __future__ import annotations

import contextlib
import errno
import logging
import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.messages import CodedImage, Matrix
from agecam.opencv import cv2
from agecam.output.carried import CarriedMuxer, CarriedStreams
from agecam.output.containers import Quality, available_encoder, container_kind, mp4_flags
from agecam.output.files import write_error
from agecam.output.images import Encoding, image_track
from agecam.output.kept import drop_unfinished_box, last_time_kept
from agecam.timeline import Timeline

_log = logging.getLogger(__name__)

_USUAL_FPS: Final = 30.0  # frames a second; what webcams give
_DISK_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
_TIMES_KEPT: Final = 4096
"""Times of the last frames, to tell which of them a file holds whose writing was cut short."""
_CLOCK_SLACK_S: Final = 0.005  # the coarsest clock of a file but a GIF's counts 5 ms


@dataclass(frozen=True, slots=True)
class VideoOptions:
    """How a video is written."""

    nominal_fps: float | None = None
    """The source's frames a second: how long a frame stands of which nothing else says it."""
    quality: Quality = "standard"
    start_s: float | None = None
    """The time that becomes 0 in the file; ``None``: ``carried.start_s``, or else that of the first frame."""
    carried: CarriedStreams | None = None
    """What goes along with the frames, in the same times."""
    threads: int | None = None
    """In which the images are encoded; ``None``: as many as FFmpeg finds good."""
    matrix: Matrix | None = None
    """That of frames which come with what they were made of; the file gets the same. ``None``: they come
    without, and the file gets that of BT.709."""


class VideoWriter:
    """Writes frames with their own times, in the kind of file that its name tells (``VIDEO_OUTPUTS``).

    MP4, MOV and MKV hold H.264 (MPEG-4 where FFmpeg lacks it), WebM VP9, AVI MPEG-4. Each frame stands within
    5 ms of its time, in a GIF within 10 ms; a GIF leaves out what comes less than 20 ms after the last frame.
    The size is fixed; a frame of another size is fitted in with black bars. An odd width or height
    is made even by repeating the last column or row, as the codecs need it. An existing file is overwritten.

    Raises :class:`agecam.errors.OutputError`, also from :meth:`write` and :meth:`close`; what was written
    until then stays playable, and :attr:`frames` and :attr:`seconds` then say how much that is.
    """

    def __init__(
        self,
        path: Path | str,
        width: int,
        height: int,
        options: VideoOptions = VideoOptions(),
        *,
        codecs: Sequence[str] | None = None,
    ) -> None:
        """``width`` and ``height`` in pixels.

        ``codecs`` are FFmpeg's encoders to choose from, the best first; ``None``: those of the kind of file.
        """
        self.path = Path(path)
        self._size = (width + width % 2, height + height % 2)
        self._interval_s = 1 / (options.nominal_fps or _USUAL_FPS)
        self._timeline = Timeline()
        self._frames = 0
        self._last_s = 0.0
        self._times: deque[float] = deque(maxlen=_TIMES_KEPT)
        self._options = options
        carried = options.carried
        self._start_s = options.start_s
        if self._start_s is None and carried is not None:
            self._start_s = carried.start_s
        self._lead_s: float | None = None
        self._end_s: float | None = None
        if carried is not None and carried.end_s is not None and self._start_s is not None:
            self._end_s = carried.end_s - self._start_s
        self._kind = container_kind(self.path)
        self._has_boxes = "movflags" in self._kind.options
        if not self.path.parent.is_dir():
            raise write_error(self.path, OSError(errno.ENOENT, ""))
        self._encoder = available_encoder(self._kind, codecs)
        self._left_out: tuple[str, ...] = ()
        self._carried: CarriedMuxer | None = None
        self._container: OutputContainer | None = None
        self._open(carried)

    def _open(self, carried: CarriedStreams | None) -> None:
        """Begin the file, empty, with ``carried`` going along."""
        kind, options = self._kind, self._options
        try:
            self.path.open("wb").close()  # PyAV would find out at the first frame
        except OSError as error:
            raise write_error(self.path, error) from error
        # "file:" lets a name that holds a colon be a name.
        container = av.open(
            f"file:{self.path}", "w", container_options=dict(kind.options), metadata_errors="replace"
        )
        encoding = Encoding(self._encoder, options.quality, options.threads, options.matrix)
        self._images = image_track(container, kind, encoding, self._size, 1 / self._interval_s)
        if carried is not None:
            muxer = CarriedMuxer(carried, container, kind, self.path, self._start_s or 0.0)
            if self._has_boxes:
                flags = mp4_flags(muxer.seconds, begins_at_once=muxer.begins_at_once)
                container.container_options["movflags"] = flags
            self._carried = muxer
        self._container = container

    @property
    def frames(self) -> int:
        """How many frames were written."""
        return self._frames

    @property
    def seconds(self) -> float:
        """The time of the last frame, counted from the first."""
        return self._last_s

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence for each thing of the carried file that this one does not hold."""
        return self._left_out if self._carried is None else self._carried.left_out

    def write(
        self,
        image_bgr: NDArray[np.uint8],
        time_s: float,
        duration_s: float | None = None,
        coded: CodedImage | None = None,
    ) -> None:
        """Adds ``image_bgr``, ``(height, width, 3)`` uint8, taken at ``time_s`` seconds by any steady clock.

        ``duration_s`` is how long it stands, in seconds, where that is known, ``coded`` what it was made of
        before it was drawn on: what is still the same is then taken from there. The first frame is at 0, or
        where ``options.start_s`` puts it; a time that does not increase is moved on by the least step.
        """
        if self._container is None:
            raise OutputError(f"{self.path} is closed; start a new recording.")
        if self._lead_s is None:
            self._lead_s = 0.0 if self._start_s is None else max(0.0, time_s - self._start_s)
        counted_s = self._timeline.place(time_s, self._interval_s)
        placed_s = counted_s + self._lead_s
        if not self._images.takes(placed_s):
            return
        stands_s = duration_s or self._interval_s
        if self._end_s is not None:
            stands_s = max(0.0, min(stands_s, self._end_s - placed_s))
        fitted_bgr = _fit(image_bgr, self._size)
        with self._failures():
            # WORKAROUND: FFmpeg 8 crashes in finishing a fragmented MP4 that holds no frame: it comes first.
            if not self._frames:
                self._begin(fitted_bgr, placed_s, stands_s, coded)
            else:
                if self._carried is not None:
                    self._carried.mux_until(placed_s)
                self._mux(self._images.encode(fitted_bgr, placed_s, stands_s, coded))
        self._frames += 1
        self._last_s = counted_s
        self._times.append(counted_s)

    def close(self, *, whole: bool = True) -> None:
        """Finishes the file, or removes it where no frame was written; a second call does nothing.

        Sound that lasts longer than the frames is written to its end; with ``whole`` false, where the frames
        were broken off, until theirs.
        """
        if self._container is None:
            return
        if not self._frames:
            self._container = None
            self._close_carried()
            self.path.unlink(missing_ok=True)
            return
        with self._failures():
            self._mux(self._images.finish())
            if self._carried is not None:
                self._carried.finish(math.inf if whole else self._last_s + (self._lead_s or 0.0))
            self._close_container()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(whole=error is None)

    def _begin(
        self, image_bgr: NDArray[np.uint8], placed_s: float, stands_s: float, coded: CodedImage | None
    ) -> None:
        """Write the header and the first frame; without what goes along, where FFmpeg refuses that."""
        try:
            self._mux(self._images.encode(image_bgr, placed_s, stands_s, coded))
        except av.FFmpegError as error:
            if self._carried is None or error.errno in _DISK_ERRORS:
                raise
            self._carried.refuse(error)
            self._left_out, self._carried = self._carried.left_out, None
            self._open(None)
            self._mux(self._images.encode(image_bgr, placed_s, stands_s, coded))

    def _mux(self, packets: Iterable[Packet[VideoStream]]) -> None:
        if self._container is not None:
            for packet in packets:
                self._container.mux_one(packet)

    def _close_container(self) -> None:
        container, self._container = self._container, None
        # WORKAROUND: FFmpeg 8 crashes in finishing a fragmented MP4 that holds no frame.
        if container is not None and self._frames:
            container.close()

    def _close_carried(self) -> None:
        if self._carried is not None:
            self._carried.close()

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn a failure of FFmpeg in the block into an error of this class, with the file cut short."""
        try:
            yield
        except (av.FFmpegError, OSError) as error:
            self._cut_short()
            known = error if isinstance(error, OSError) else OSError(errno.EIO, str(error))
            raise write_error(self.path, known) from error

    def _cut_short(self) -> None:
        """End the file after a failure, and find out what it holds."""
        try:
            self._close_container()
        except (av.FFmpegError, OSError):
            _log.debug("%s: no proper end after a failure", self.path)
        self._close_carried()
        if self._has_boxes:
            with contextlib.suppress(OSError):
                drop_unfinished_box(self.path)
        last_s = last_time_kept(self.path, self._last_s + (self._lead_s or 0.0))
        limit_s = -1.0 if last_s is None else last_s - (self._lead_s or 0.0) + _CLOCK_SLACK_S
        while self._times and self._times[-1] > limit_s:
            self._times.pop()
            self._frames -= 1
        self._last_s = self._times[-1] if self._times else 0.0


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
