"""Videos of the frames, written while they come."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from agecam.errors import DiskFullError, OutputError
from agecam.files import with_ending
from agecam.messages import Frame, Person
from agecam.output.disk import RECORDING_DISK, DiskGuard, disk_full
from agecam.output.files import new_file
from agecam.output.fragments import finishing
from agecam.output.growing import finish_leftovers_of
from agecam.output.kept import last_time_kept
from agecam.output.notes import GrowingNote
from agecam.output.parts import Part
from agecam.output.recorded import RecordedFrame, RecordingOptions
from agecam.output.sink import DEFAULT_CONFIG, QueuedSink, SinkConfig, WhenFull, bytes_of
from agecam.output.video import VideoOptions, VideoWriter

MakeVideoWriter = Callable[[Path, int, int, VideoOptions], VideoWriter]
"""From the path, the width and height in pixels and the options."""


class VideoSink(QueuedSink):
    """Records frames as :class:`agecam.output.video.VideoWriter` does, with their own times.

    The first frame sets the size. Without a frame no file is made; one that is there is overwritten. On a
    disk that is full, or about to be, the file ends so that it can be played.
    """

    needs_drawing = True

    def __init__(
        self,
        path: Path,
        *,
        options: VideoOptions | None = None,
        when_full: WhenFull = WhenFull.DROP,
        on_finished: Callable[[Self], None] | None = None,
        make_writer: MakeVideoWriter = VideoWriter,
        guard: DiskGuard | None = None,
        config: SinkConfig = DEFAULT_CONFIG,
    ) -> None:
        self._target = path
        self._options = options or VideoOptions()
        self._make_writer = make_writer
        self._guard = guard or DiskGuard()
        self._writer: VideoWriter | None = None
        self._playable_s: float | None = None
        super().__init__(
            "video", when_full=when_full, capacity_bytes=config.frames_bytes, on_finished=on_finished
        )

    def consume(self, frame: Frame, _people: Sequence[Person]) -> None:
        writer = self._writer or self._open(frame)
        if self._guard.is_due():
            self._guard.check((self._target,), writer.frames)
        writer.write(frame.image_bgr, frame.time_s, frame.duration_s, frame.coded)
        self._seconds = writer.seconds

    def frame_failed(self, error: OutputError) -> None:
        with contextlib.suppress(OutputError):  # the first one says why
            self._end(failed=True)
        raise self._told(error) from error

    def finish(self) -> None:
        try:
            self._end(failed=False)
        except OutputError as error:
            raise self._told(error) from error

    def _open(self, frame: Frame) -> VideoWriter:
        self._path = self._target
        self._writer = self._make_writer(self._target, frame.width, frame.height, self._options)
        return self._writer

    def _end(self, *, failed: bool) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        written_s = writer.seconds
        try:
            with finishing(self._target):
                writer.close(whole=not failed)
        except OutputError:
            failed = True
            raise
        finally:
            if failed:
                self._playable_s = last_time_kept(self._target, written_s)

    def _told(self, error: OutputError) -> OutputError:
        """The error, with what is kept where the disk is full."""
        if self._playable_s is None:
            self.lose_written()
        elif isinstance(error, DiskFullError):
            return disk_full(self._target, self._playable_s)
        return error


class RecordingSink(QueuedSink):
    """Records a live picture, in as many files as it takes; frames are :class:`RecordedFrame` s.

    A file grows under the name of a :class:`agecam.output.growing.GrowingFile` and gets its own when it is
    whole. A new part begins where the image's size changes, and where the options split. Frames have to come
    with times that increase from 0. What an earlier process has left of the same file is kept, and told.
    """

    needs_drawing = True

    def __init__(
        self,
        destination: Path,
        *,
        is_folder: bool = False,
        options: RecordingOptions | None = None,
        on_finished: Callable[[Self], None] | None = None,
        on_recovered: Callable[[Sequence[Path]], None] = lambda _paths: None,
        make_writer: MakeVideoWriter = VideoWriter,
        guard: DiskGuard | None = None,
    ) -> None:
        """``destination`` is the file, or with ``is_folder`` the folder of a new file.

        A new file is an MP4 named after the time.
        """
        self._destination = destination
        self._is_folder = is_folder
        self._options = options or RecordingOptions()
        self._on_recovered = on_recovered
        self._make_writer = make_writer
        self._guard = guard or DiskGuard(RECORDING_DISK)
        self._first: Path | None = None
        self._parts = 0
        self._part: Part | None = None
        self._note: GrowingNote | None = None
        self._is_left = False
        self._kept: list[Path] = []
        self._kept_bytes = 0
        super().__init__(
            "recording",
            when_full=WhenFull.DROP,
            capacity_bytes=DEFAULT_CONFIG.frames_bytes,
            on_finished=on_finished,
        )

    @property
    def part(self) -> int:
        """The number of the part that grows, or of the last one; at least 1."""
        return max(1, self._parts)

    @property
    def size_bytes(self) -> int:
        """What its files take, as far as that was looked at."""
        part = self._part
        return self._kept_bytes + (0 if part is None else part.size_bytes)

    @property
    def room_bytes(self) -> int | None:
        """What its disk can still take of it; ``None`` where unknown."""
        return self._guard.room_bytes

    def paths(self) -> tuple[Path, ...]:
        """The files that are finished, in the order of their beginning."""
        return tuple(self._kept)

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        content = self._options.content
        if isinstance(frame, RecordedFrame) and frame.original_bgr is not None and content != "both":
            kept_bgr = frame.original_bgr if content == "original" else frame.image_bgr
            # Without the other, else the queue would hold half as many frames.
            frame = replace(frame, image_bgr=kept_bgr, original_bgr=None)
        super().write(frame, people)

    def item_bytes(self, frame: Frame, people: Sequence[Person]) -> int:
        original = frame.original_bgr if isinstance(frame, RecordedFrame) else None
        return bytes_of(frame, people) + (0 if original is None else original.nbytes)

    def consume(self, frame: Frame, _people: Sequence[Person]) -> None:
        self._part_for(frame).write(frame)
        self._seconds = frame.time_s

    def frame_failed(self, error: OutputError) -> None:
        part = self._part
        with contextlib.suppress(OutputError):  # the first one says why
            self._end_part(whole=False)
        raise _told(error, part) from error

    def finish(self) -> None:
        part = self._part
        try:
            self._end_part(whole=True)
        except OutputError as error:
            raise _told(error, part) from error
        finally:
            if self._note is not None and self._is_left:
                self._note.release()
            elif self._note is not None:
                self._note.remove()

    def _part_for(self, frame: Frame) -> Part:
        """The part that the frame belongs to; looks at the disk now and then."""
        part = self._part
        if part is not None and part.size_wh == (frame.width, frame.height):
            if self._guard.is_due():
                part.check(self._guard)
            if not part.is_over(self._options.split, frame.time_s):
                return part
        self._end_part(whole=True)
        return self._next_part(frame)

    def _next_part(self, frame: Frame) -> Part:
        first = self._first
        if first is None:
            first = new_file(self._destination, ".mp4") if self._is_folder else self._destination
            if not self._is_folder:
                recovered = finish_leftovers_of(first)
                self._call_back(lambda: self._on_recovered(recovered))
                self._note = GrowingNote(first)
        part = self._part = Part(frame)
        number = f" part {self._parts + 1}" if self._parts else ""
        may_replace = self._options.may_replace and not (self._is_folder or number)
        part.claim(with_ending(first, number), may_replace=may_replace)
        self._first = first if number else part.target
        self._path = part.target
        if self._options.content == "both":
            part.claim(with_ending(part.target, " original"), may_replace=False)
        options = VideoOptions(quality=self._options.quality)
        part.open(self._guard, lambda path, width, height: self._make_writer(path, width, height, options))
        self._parts += 1
        return part

    def _end_part(self, *, whole: bool) -> None:
        part, self._part = self._part, None
        if part is not None:
            try:
                part.finish(whole=whole)
            except OutputError:
                self._is_left = True
                raise
            finally:
                self._kept += part.kept
                self._kept_bytes += part.size_bytes


def _told(error: OutputError, part: Part | None) -> OutputError:
    """The error, with what is kept of the part where its disk is full."""
    if not isinstance(error, DiskFullError) or part is None or not part.kept:
        return error
    return disk_full(part.kept[0], part.seconds)
