"""What was seen, as a table: one row a face a frame."""

from __future__ import annotations

import contextlib
import csv
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

import numpy as np

from agecam.messages import Frame, Person
from agecam.output.files import Replacement, write_error
from agecam.output.sink import DEFAULT_CONFIG, QueuedSink, SinkConfig, WhenFull

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

_NO_IMAGE: Final = np.empty((0, 0, 3), np.uint8)


class CsvWriter:
    """Writes people to a CSV file; those not yet confirmed are left out.

    ``age``, ``age_low``, ``age_high`` and ``female`` are fused over the track so far, ``_raw`` the models'
    own output for that frame; empty where there is none. Boxes are in pixels of the frame. ``time_s`` counts
    from ``start_s``. An existing file is overwritten.

    Every method raises :class:`agecam.errors.OutputError`.
    """

    def __init__(self, path: Path, start_s: float = 0.0) -> None:
        self.path = path
        self._start_s = start_s
        try:
            self._file = path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise write_error(path, error) from error
        self._rows = csv.writer(self._file, lineterminator="\n")
        with self._as_output_error():
            self._rows.writerow(COLUMNS)
            self._file.flush()

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        """Add the rows of a frame."""
        time_text = f"{frame.time_s - self._start_s:.4f}"
        with self._as_output_error():
            self._rows.writerows(
                [frame.index, time_text, *_cells(person)] for person in people if person.confirmed
            )

    def flush(self) -> None:
        """Put all rows on the disk."""
        with self._as_output_error():
            self._file.flush()

    def close(self) -> None:
        """Write the rest; a second call does nothing."""
        with self._as_output_error():
            self._file.close()

    @contextlib.contextmanager
    def _as_output_error(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            with contextlib.suppress(OSError):  # closing tries once more to write what is left
                self._file.close()
            raise write_error(self.path, error) from error


class CsvSink(QueuedSink):
    """Writes people as :class:`CsvWriter` does; the file is about a second behind at most.

    It opens with the first frame; without one no file is made. One that stands there is replaced when the
    first rows are on the disk.
    """

    needs_drawing = False

    def __init__(
        self,
        path: Path,
        *,
        from_first_frame: bool = False,
        when_full: WhenFull = WhenFull.DROP,
        on_finished: Callable[[Self], None] | None = None,
        make_writer: Callable[[Path, float], CsvWriter] = CsvWriter,
        clock: Callable[[], float] = time.monotonic,
        config: SinkConfig = DEFAULT_CONFIG,
    ) -> None:
        """With ``from_first_frame`` times count from the first frame, else they are the frames' own.

        Live sources tell the time since the computer was started.
        """
        self._target = path
        self._from_first_frame = from_first_frame
        self._make_writer = make_writer
        self._clock = clock
        self._flush_every_s = config.flush_every_s
        self._flushed_s = 0.0
        self._first_s = 0.0
        self._writer: CsvWriter | None = None
        self._replacement: Replacement | None = None
        super().__init__(
            "csv",
            when_full=when_full,
            capacity_bytes=config.rows_bytes,
            on_finished=on_finished,
            idle_s=config.flush_every_s,
        )

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        # No image waits in the queue for a row of numbers.
        super().write(replace(frame, image_bgr=_NO_IMAGE), people)

    def consume(self, frame: Frame, people: Sequence[Person]) -> None:
        writer = self._writer or self._open(frame)
        writer.write(frame, people)
        self._seconds = frame.time_s - self._first_s
        if self._clock() - self._flushed_s >= self._flush_every_s:
            self.idle()

    def idle(self) -> None:
        if self._writer is not None and self._replacement is not None:
            self._writer.flush()
            self._replacement.settle()
            self._flushed_s = self._clock()

    def finish(self) -> None:
        if self._replacement is not None:
            self._replacement.finish(self._writer, failed=self.status().error is not None)

    def _open(self, frame: Frame) -> CsvWriter:
        self._path = self._target
        self._first_s = frame.time_s
        self._replacement = Replacement(self._target)
        path = self._replacement.path
        self._writer = self._make_writer(path, frame.time_s if self._from_first_frame else 0.0)
        self._flushed_s = self._clock()
        return self._writer


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
