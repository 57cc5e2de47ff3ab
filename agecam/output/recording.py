"""A video of the frames, written while they come."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

from agecam.messages import Frame, Person
from agecam.output.files import Replacement, claim_file
from agecam.output.sink import DEFAULT_CONFIG, QueuedSink, SinkConfig, WhenFull
from agecam.output.video import VideoOptions, VideoWriter

_CAN_BE_PLAYED_S: Final = 1.0
"""Length at which a video on the disk has a first fragment: one is written every half second."""

MakeVideoWriter = Callable[[Path, int, int, VideoOptions], VideoWriter]
"""From the path, the width and height in pixels and the options."""


class VideoSink(QueuedSink):
    """Records frames as :class:`agecam.output.video.VideoWriter` does, with their own times.

    The first frame sets the size. Without a frame no file is made, or left. The file grows where it will
    stay; one that stands there is replaced when the new one can be played.
    """

    needs_drawing = True

    def __init__(
        self,
        destination: Path,
        *,
        is_folder: bool = False,
        nominal_fps: float | None = None,
        when_full: WhenFull = WhenFull.DROP,
        on_finished: Callable[[Self], None] | None = None,
        make_writer: MakeVideoWriter = VideoWriter,
        config: SinkConfig = DEFAULT_CONFIG,
    ) -> None:
        """``destination`` is the file, which is replaced, or with ``is_folder`` the folder of a new file.

        A new file is an MP4 named after the time. ``nominal_fps``, the source's frames a second, sets how
        long the last frame stands.
        """
        self._destination = destination
        self._is_folder = is_folder
        self._options = VideoOptions(nominal_fps=nominal_fps)
        self._make_writer = make_writer
        self._writer: VideoWriter | None = None
        self._replacement: Replacement | None = None
        super().__init__(
            "video", when_full=when_full, capacity_bytes=config.frames_bytes, on_finished=on_finished
        )

    def consume(self, frame: Frame, _people: Sequence[Person]) -> None:
        writer = self._writer or self._open(frame)
        writer.write(frame.image_bgr, frame.time_s)
        self._seconds = writer.seconds
        if self._replacement is not None and writer.seconds > _CAN_BE_PLAYED_S:
            self._replacement.settle()

    def finish(self) -> None:
        try:
            if self._replacement is not None:
                self._replacement.finish(self._writer, failed=self.status().error is not None)
        finally:
            if self._is_folder and not (self._writer and self._writer.frames):
                self._free_name()

    def _open(self, frame: Frame) -> VideoWriter:
        self._path = claim_file(self._destination, ".mp4") if self._is_folder else self._destination
        self._replacement = Replacement(self._path)
        path = self._replacement.path
        self._writer = self._make_writer(path, frame.width, frame.height, self._options)
        return self._writer

    def _free_name(self) -> None:
        """Remove the empty file that stands for a recording of which nothing came."""
        path, self._path = self._path, None
        if path is not None:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
