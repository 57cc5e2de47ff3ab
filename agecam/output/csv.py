"""What was seen, as a table: one row a face a frame."""

from __future__ import annotations

import contextlib
import csv
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

import numpy as np

from agecam.errors import DiskFullError, OutputError
from agecam.messages import Frame, Person
from agecam.output.disk import disk_full
from agecam.output.files import write_error
from agecam.output.growing import GrowingFile, claim_growing, finish_leftovers_of, gone
from agecam.output.sink import DEFAULT_CONFIG, QueuedSink, SinkConfig, WhenFull
from agecam.timeline import LiveTimeline

COLUMNS: Final = (
    "frame",
    "time_s",
    "track",
    "x",
    "y",
    "width",
    "height",
    "score",
    "age",
    "age_low",
    "age_high",
    "female",
    "age_raw",
    "female_raw",
)

_WAITING_BYTES: Final = 65_536
"""Rows are written in pieces of this size, or each second."""
_NO_IMAGE: Final = np.empty((0, 0, 3), np.uint8)


class CsvWriter:
    """Writes people to a CSV file; those not yet confirmed are left out.

    ``age``, ``age_low``, ``age_high`` and ``female`` are fused over the track so far, ``_raw`` the models'
    own output for that frame; empty where there is none. Boxes are in pixels of the frame. An existing file
    is overwritten. After a failure the file ends with a whole row.

    Every method raises :class:`agecam.errors.OutputError`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting = io.StringIO()
        self._rows = csv.writer(self._waiting, lineterminator="\n")
        self._whole_bytes = 0
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise write_error(path, error) from error
        self._rows.writerow(COLUMNS)
        self.flush()

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        """Add the rows of a frame."""
        time_text = f"{frame.time_s:.4f}"
        self._rows.writerows(
            [frame.index, time_text, *_cells(person)] for person in people if person.confirmed
        )
        if self._waiting.tell() >= _WAITING_BYTES:
            self.flush()

    def flush(self) -> None:
        """Put all rows on the disk."""
        data = self._waiting.getvalue().encode()
        self._waiting.seek(0)
        self._waiting.truncate()
        written = 0
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


class CsvSink(QueuedSink):
    """Writes people as :class:`CsvWriter` does; the file is about a second behind at most.

    It opens with the first frame; without one no file is made. One that is there is overwritten.
    """

    needs_drawing = False

    def __init__(
        self,
        path: Path,
        *,
        from_first_frame: bool = False,
        when_full: WhenFull = WhenFull.DROP,
        on_finished: Callable[[Self], None] | None = None,
        make_writer: Callable[[Path], CsvWriter] = CsvWriter,
        clock: Callable[[], float] = time.monotonic,
        config: SinkConfig = DEFAULT_CONFIG,
    ) -> None:
        """With ``from_first_frame`` times count from the first frame, else they are the frames' own.

        Live sources tell the time since the computer was started. Where another source takes the place of
        one, times that count go on from the last.
        """
        self._target = path
        self._timeline = LiveTimeline() if from_first_frame else None
        self._make_writer = make_writer
        self._clock = clock
        self._flush_every_s = config.flush_every_s
        self._flushed_s = 0.0
        self._first_s = 0.0
        self._kept_s = 0.0
        self._writer: CsvWriter | None = None
        super().__init__(
            "csv",
            when_full=when_full,
            capacity_bytes=config.rows_bytes,
            on_finished=on_finished,
            idle_s=config.flush_every_s,
        )

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        time_s = frame.time_s
        if self._timeline is not None:
            time_s = self._timeline.place(time_s, self._clock())
        # No image waits in the queue for a row of numbers.
        super().write(replace(frame, image_bgr=_NO_IMAGE, time_s=time_s), people)

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

    def _open(self, frame: Frame) -> CsvWriter:
        self._path = self._target
        self._first_s = frame.time_s
        self._writer = self._make_writer(self._begin())
        self._flushed_s = self._clock()
        return self._writer

    def _flush(self, writer: CsvWriter) -> None:
        writer.flush()
        self._flushed_s, self._kept_s = self._clock(), self._seconds

    def _disk_full(self, error: DiskFullError) -> DiskFullError:
        """The same with what is kept, where that is anything."""
        return disk_full(self._target, self._kept_s) if self._writer is not None else error


class GrowingCsvSink(CsvSink):
    """The same for a live picture: times count from the first frame.

    The file grows under the name of a :class:`agecam.output.growing.GrowingFile` and gets its own when it is
    whole. What an earlier process has left of the same file is kept, and told.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_finished: Callable[[Self], None] | None = None,
        on_recovered: Callable[[Sequence[Path]], None] = lambda _paths: None,
        make_writer: Callable[[Path], CsvWriter] = CsvWriter,
        clock: Callable[[], float] = time.monotonic,
        config: SinkConfig = DEFAULT_CONFIG,
    ) -> None:
        self._on_recovered = on_recovered
        self._file: GrowingFile | None = None
        super().__init__(
            path,
            from_first_frame=True,
            on_finished=on_finished,
            make_writer=make_writer,
            clock=clock,
            config=config,
        )

    def finish(self) -> None:
        failure: OutputError | None = None
        try:
            super().finish()
        except OutputError as error:
            failure = error
        file, self._file = self._file, None
        if file is not None:
            whole = failure is None and self.status().error is None
            if self._writer is not None:
                self._path = file.finish(whole=whole)
            else:
                file.discard()
        if failure is not None:
            raise failure

    def _flush(self, writer: CsvWriter) -> None:
        if self._file is not None and not self._file.path.exists():
            raise gone(self._file.target)
        super()._flush(writer)

    def _begin(self) -> Path:
        recovered = finish_leftovers_of(self._target)
        self._call_back(lambda: self._on_recovered(recovered))
        self._file = claim_growing(self._target, may_replace=True)
        self._path = self._file.target
        return self._file.path


def _cells(person: Person) -> list[str]:
    """The columns from ``track`` on."""
    estimate, raw = person.estimate, person.raw
    fused = [""] * 4
    if estimate is not None:
        ages = (estimate.age, estimate.age_low, estimate.age_high)
        fused = [*(f"{age:.2f}" for age in ages), f"{estimate.female:.4f}"]
    return [
        str(person.track_id),
        *(f"{value:.1f}" for value in person.face.box),
        f"{person.face.score:.3f}",
        *fused,
        *(["", ""] if raw is None else [f"{raw.age:.2f}", f"{raw.female:.4f}"]),
    ]
