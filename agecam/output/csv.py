"""What was seen, as a table: one row a face a frame."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

from agecam.errors import OutputError
from agecam.messages import Frame, Person
from agecam.output.growing import GrowingFile, claim_growing, finish_leftovers_of, gone
from agecam.output.notes import GrowingNote
from agecam.output.rows import FrameWriter, RowSink, RowWriter
from agecam.output.sink import DEFAULT_CONFIG, SinkConfig

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


class CsvWriter(RowWriter):
    """Writes people to a CSV file; those not yet confirmed are left out.

    ``age``, ``age_low``, ``age_high`` and ``female`` are fused over the track so far, ``_raw`` the models'
    own output for that frame; empty where there is none. Boxes are in pixels of the frame.

    Every method raises :class:`agecam.errors.OutputError`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, _row(COLUMNS))

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        """Add the rows of a frame."""
        start = (str(frame.index), f"{frame.time_s:.4f}")
        self.add("".join(_row((*start, *_cells(person))) for person in people if person.confirmed))


class CsvSink(RowSink):
    """Writes people as :class:`CsvWriter` does; see :class:`agecam.output.rows.RowSink`."""

    def new_writer(self, path: Path) -> CsvWriter:
        return CsvWriter(path)


class GrowingCsvSink(CsvSink):
    """The same for a live picture: times count from the first frame.

    The file grows under the name of a :class:`agecam.output.growing.GrowingFile` and gets its own when it is
    whole. One that stands there is replaced where it ``may_replace`` that; else it gets another name. What an
    earlier process has left of the same file is kept, and told.
    """

    def __init__(
        self,
        path: Path,
        *,
        may_replace: bool = True,
        on_finished: Callable[[Self], None] | None = None,
        on_recovered: Callable[[Sequence[Path]], None] = lambda _paths: None,
        make_writer: Callable[[Path], CsvWriter] | None = None,
        clock: Callable[[], float] = time.monotonic,
        config: SinkConfig = DEFAULT_CONFIG,
    ) -> None:
        self._may_replace = may_replace
        self._on_recovered = on_recovered
        self._file: GrowingFile | None = None
        self._note: GrowingNote | None = None
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
                self._path = self._give_name(file, whole=whole)
            else:
                file.discard()
            if self._note is not None:
                self._note.remove()
        if failure is not None:
            raise failure

    def _give_name(self, file: GrowingFile, *, whole: bool) -> Path:
        try:
            return file.finish(whole=whole)
        except OutputError:
            if self._note is not None:
                self._note.release()
            raise

    def _flush(self, writer: FrameWriter) -> None:
        if self._file is not None and not self._file.path.exists():
            raise gone(self._file.target)
        super()._flush(writer)

    def _begin(self) -> Path:
        header = _row(COLUMNS).encode()
        recovered = finish_leftovers_of(self._target, header)
        self._call_back(lambda: self._on_recovered(recovered))
        self._file = claim_growing(self._target, may_replace=self._may_replace)
        self._note = GrowingNote(self._target, header)
        self._path = self._file.target
        return self._file.path


def _row(cells: Sequence[str]) -> str:
    return ",".join(cells) + "\n"  # numbers and names of columns need no quotes


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
        "" if raw is None else f"{raw.age:.2f}",
        "" if raw is None or math.isnan(raw.female) else f"{raw.female:.4f}",
    ]
