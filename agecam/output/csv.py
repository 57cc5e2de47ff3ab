"""What was seen, as a table: one row a face a frame."""

from __future__ import annotations

import contextlib
import csv
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from agecam.messages import Analysis, Person
from agecam.output.files import write_error

COLUMNS = (
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

_FLUSH_EVERY_S = 1.0


class CsvLog:
    """Writes analyses to a CSV file, which is at most a second behind; people not yet confirmed are left out.

    ``age``, ``age_low``, ``age_high`` and ``female`` are smoothed, ``_raw`` the models' own answer for that
    frame; empty where there is none. Boxes are in pixels of the frame. ``time_s`` is the frame's own time,
    or counts from the first frame where ``from_first_frame`` is true (live sources tell the time since the
    computer was started). An existing file is overwritten.

    Raises :class:`agecam.errors.OutputError`, also from :meth:`write` and :meth:`close`.
    """

    def __init__(self, path: Path | str, *, from_first_frame: bool = False) -> None:
        self.path = Path(path)
        self._start_s: float | None = None if from_first_frame else 0.0
        self._flushed_s = time.monotonic()
        try:
            self._file = self.path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise write_error(self.path, error) from error
        self._rows = csv.writer(self._file, lineterminator="\n")
        with self._told_as_output_error():
            self._rows.writerow(COLUMNS)
            self._file.flush()

    def write(self, analysis: Analysis) -> None:
        if self._start_s is None:
            self._start_s = analysis.frame.time_s
        time_text = f"{analysis.frame.time_s - self._start_s:.4f}"
        with self._told_as_output_error():
            self._rows.writerows(
                [analysis.frame.index, time_text, *_cells(person)]
                for person in analysis.people
                if person.confirmed
            )
            if time.monotonic() - self._flushed_s >= _FLUSH_EVERY_S:
                self._file.flush()
                self._flushed_s = time.monotonic()

    def close(self) -> None:
        """Writes the rest; a second call does nothing."""
        with self._told_as_output_error():
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _told_as_output_error(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            with contextlib.suppress(OSError):  # closing tries once more to write what is left
                self._file.close()
            raise write_error(self.path, error) from error


def _cells(person: Person) -> list[str]:
    """The columns from ``track`` on."""
    estimate, raw = person.estimate, person.raw
    smoothed = [""] * 4
    if estimate is not None:
        ages = (estimate.age, estimate.age_low, estimate.age_high)
        smoothed = [*(f"{age:.2f}" for age in ages), f"{estimate.female:.4f}"]
    return [
        str(person.track_id),
        *(f"{value:.1f}" for value in person.face.box),
        f"{person.face.score:.3f}",
        *smoothed,
        *(["", ""] if raw is None else [f"{raw.age:.2f}", f"{raw.female:.4f}"]),
    ]
