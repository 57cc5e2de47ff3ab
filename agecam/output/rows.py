"""Files of rows: written while frames come, each second, and whole rows alone."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol, Self

import numpy as np

from agecam.errors import DiskFullError
from agecam.messages import Frame, Person
from agecam.output.disk import disk_full
from agecam.output.files import open_output, write_error
from agecam.output.sink import DEFAULT_CONFIG, QueuedSink, SinkConfig, WhenFull
from agecam.timeline import LiveTimeline

_WAITING_CHARS: Final = 65_536
"""Rows are written in pieces of about this size, or each second."""
_NO_IMAGE: Final = np.empty((0, 0, 3), np.uint8)


class RowWriter:
    """Writes rows of text, each ending with a line feed, as UTF-8.

    An existing file is overwritten; a pipe needs a program that reads it (:func:`open_output`). After a
    failure the file ends with a whole row. Every method raises :class:`agecam.errors.OutputError`.
    """

    def __init__(self, path: Path, header: str = "") -> None:
        self.path = path
        self._waiting = [header]
        self._waiting_chars = 0
        self._whole_bytes = 0
        try:
            self._file = open_output(path)
        except OSError as error:
            raise write_error(path, error) from error
        self.flush()

    def add(self, rows: str) -> None:
        """Add any number of rows."""
        self._waiting.append(rows)
        self._waiting_chars += len(rows)
        if self._waiting_chars >= _WAITING_CHARS:
            self.flush()

    def flush(self) -> None:
        """Put all rows on the disk."""
        data = "".join(self._waiting).encode()
        self._waiting.clear()
        self._waiting_chars = written = 0
        try:
            while written < len(data):
                written += self._file.write(data[written:]) or 0
        except OSError as error:
            self._give_up(self._whole_bytes + data.rfind(b"\n", 0, written) + 1)
            raise write_error(self.path, error) from error
        self._whole_bytes += len(data)

    def close(self) -> None:
        """Write the rest; a second call does nothing."""
        if self._file.closed:
            return
        self.flush()
        try:
            self._file.close()
        except OSError as error:  # some network disks tell only now that they are full
            raise write_error(self.path, error) from error

    def _give_up(self, whole_bytes: int) -> None:
        with contextlib.suppress(OSError):  # what is no ordinary file cannot be cut
            self._file.truncate(whole_bytes)
        with contextlib.suppress(OSError):
            self._file.close()


class FrameWriter(Protocol):
    """Writes the people of frames; every method raises :class:`agecam.errors.OutputError`."""

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        """Add a frame, which has no image here."""

    def flush(self) -> None:
        """Put all on the disk."""

    def close(self) -> None:
        """Write the rest."""


class RowSink(QueuedSink):
    """Writes people as a :class:`FrameWriter` does; the file is about a second behind at most.

    It opens with the first frame; without one no file is made. One that is there is overwritten. A subclass
    gives :meth:`new_writer`.
    """

    needs_drawing = False

    def __init__(
        self,
        path: Path,
        *,
        from_first_frame: bool = False,
        when_full: WhenFull = WhenFull.DROP,
        on_finished: Callable[[Self], None] | None = None,
        make_writer: Callable[[Path], FrameWriter] | None = None,
        clock: Callable[[], float] = time.monotonic,
        config: SinkConfig = DEFAULT_CONFIG,
    ) -> None:
        """With ``from_first_frame`` times count from the first frame, else they are the frames' own.

        Live sources tell the time since the computer was started. Where another source takes the place of
        one, times that count go on from the last.
        """
        self._target = path
        self._timeline = LiveTimeline() if from_first_frame else None
        self._make_writer = make_writer or self.new_writer
        self._clock = clock
        self._flush_every_s = config.flush_every_s
        self._flushed_s = 0.0
        self._first_s = 0.0
        self._kept_s = 0.0
        self._writer: FrameWriter | None = None
        super().__init__(
            "rows",
            when_full=when_full,
            capacity_bytes=config.rows_bytes,
            on_finished=on_finished,
            idle_s=config.flush_every_s,
        )

    def new_writer(self, path: Path) -> FrameWriter:
        """What writes the file, where the constructor is given nothing else for it."""
        raise NotImplementedError

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        time_s = frame.time_s
        if self._timeline is not None:
            time_s = self._timeline.place(time_s, self._clock())
        # No image waits in the queue for a row of numbers.
        super().write(replace(frame, image_bgr=_NO_IMAGE, time_s=time_s, coded=None), people)

    def consume(self, frame: Frame, people: Sequence[Person]) -> None:
        try:
            writer = self._writer or self._open(frame)
            writer.write(frame, people)
            self._seconds = frame.time_s - self._first_s
            if self._clock() - self._flushed_s >= self._flush_every_s:
                self._flush(writer)
        except DiskFullError as error:
            raise self._disk_full(error) from error

    def idle(self) -> None:
        if self._writer is not None:
            try:
                self._flush(self._writer)
            except DiskFullError as error:
                raise self._disk_full(error) from error

    def finish(self) -> None:
        if self._writer is not None:
            try:
                self._writer.close()
            except DiskFullError as error:
                raise self._disk_full(error) from error

    def _begin(self) -> Path:
        """Where to write; called with the first frame."""
        return self._target

    def _open(self, frame: Frame) -> FrameWriter:
        self._path = self._target
        self._first_s = frame.time_s
        self._writer = self._make_writer(self._begin())
        self._flushed_s = self._clock()
        return self._writer

    def _flush(self, writer: FrameWriter) -> None:
        writer.flush()
        self._flushed_s, self._kept_s = self._clock(), self._seconds

    def _disk_full(self, error: DiskFullError) -> DiskFullError:
        """The same with what is kept, where that is anything."""
        return disk_full(self._target, self._kept_s) if self._writer is not None else error
