"""One file of what many inputs have given, put together when all of them are done."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TextIO

from agecam import __version__
from agecam.commands.job import Job
from agecam.commands.record import Entry, Place, new_stamps
from agecam.commands.signals import held_back
from agecam.files import PartialFile, free_names, is_taken
from agecam.output.csv import COLUMNS
from agecam.output.files import open_output, write_error
from agecam.output.report_data import InputReport
from agecam.output.report_page import render_report

Kind = Literal["csv", "json", "report"]

Result = tuple[Job, str | None]
"""An input, and why it failed."""

KINDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "csv": (".csv",),
    "json": (".jsonl", ".json", ".ndjson"),
    "report": (".html", ".htm"),
}
"""What is told of inputs, and the suffixes by which a name is that of one file; a folder's files get the
first."""
STREAMED: Final[frozenset[Kind]] = frozenset({"csv", "json"})
"""What is written from its beginning to its end, and so may go to a pipe."""


@dataclass(frozen=True, slots=True)
class Merged:
    """One file of all inputs, made of the parts that their jobs have written to the hidden folder."""

    kind: Kind
    path: Path
    place: Place
    force: bool

    def is_own(self) -> bool:
        """Whether an earlier run with the same inputs, or some of them, has written what stands there."""
        entry = Entry.read(self.place.path)
        return entry is not None and entry.owns(self.place, self.path)

    def write(self, results: Sequence[Result]) -> Path:
        """Put the parts of these inputs together, in this order; gives where the file is.

        Raises :class:`agecam.errors.OutputError`.
        """
        partial = PartialFile(self.path)
        try:
            partial.claim()
            _WRITERS[self.kind](results, partial.path)
            path = self.path
            if is_taken(path) and not self.force and not self.is_own():
                (path,) = free_names([path], "new")
            with held_back():
                if path == self.path:
                    self._record(partial.path)
                partial.commit(path)
        except OSError as error:
            raise write_error(self.path, error) from error
        finally:
            partial.discard()
        return path

    def _record(self, written: Path) -> None:
        place = self.place
        stamps = new_stamps(place, {self.path: written})
        Entry(place.inputs, place.settings, place.run, outputs=stamps).write(place.path)


def _open_text(path: Path) -> TextIO:
    """Names of files that are no text stay the bytes that they are."""
    return path.open(encoding="utf-8", errors="surrogateescape", newline="")


def _open_output(path: Path) -> TextIO:
    """The same for writing."""
    buffered = io.BufferedWriter(open_output(path))
    return io.TextIOWrapper(buffered, encoding="utf-8", errors="surrogateescape", newline="")


def _write_csv(results: Sequence[Result], path: Path) -> None:
    with _open_output(path) as merged:
        merged.write(_csv_cells("file", *COLUMNS) + "\n")
        for job, error in results:
            if job.csv is None or error is not None:
                continue
            prefix = _csv_cells(job.name) + ","
            with _open_text(job.csv) as rows:
                next(rows)
                merged.writelines(prefix + row for row in rows)


def _csv_cells(*cells: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _write_json(results: Sequence[Result], path: Path) -> None:
    with _open_output(path) as merged:
        for job, error in results:
            if job.json is None or error is not None:
                continue
            prefix = f'{{"file": {json.dumps(job.name)}, '
            with _open_text(job.json) as lines:
                merged.writelines(prefix + line.removeprefix("{") for line in lines)


def _write_report(results: Sequence[Result], path: Path) -> None:
    inputs = [
        InputReport(job.name, error=error) if error is not None else _read_report(job)
        for job, error in results
        if job.report is not None
    ]
    write_report(inputs, path)


def _read_report(job: Job) -> InputReport:
    try:
        return InputReport.from_json(b"" if job.report is None else job.report.read_bytes())
    except ValueError:
        return InputReport(job.name, error="What was gathered for the report is damaged.")


def write_report(inputs: Sequence[InputReport], path: Path) -> None:
    """Write the page about these inputs, the same at any time; raises :class:`OSError`."""
    path.write_text(render_report(inputs, made=f"AgeCam {__version__}"), encoding="utf-8", errors="replace")


_WRITERS: Final[Mapping[Kind, Callable[[Sequence[Result], Path], None]]] = {
    "csv": _write_csv,
    "json": _write_json,
    "report": _write_report,
}
