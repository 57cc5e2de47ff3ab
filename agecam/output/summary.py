"""The summary of a session: its people as a table, as JSON and as the page of a report."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from agecam.files import write_atomically
from agecam.output.files import new_file, numbered, write_error
from agecam.output.report_data import InputReport, PersonReport
from agecam.output.report_page import render_report

COLUMNS: Final = ("person", "first_s", "last_s", "seen_s", "age", "age_low", "age_high", "female")


def write_summary(
    report: InputReport, folder: Path, now: Callable[[], datetime] = datetime.now
) -> tuple[Path, Path, Path]:
    """Write a session into ``folder`` as a page, a table and JSON; gives their paths in this order.

    The three share a name that tells the time and that no other file has; the page alone holds crops. Raises
    :class:`agecam.errors.OutputError`.
    """
    made = f"Made by AgeCam, {now():%Y-%m-%d %H:%M}"
    contents = {
        ".html": render_report([report], made=made),
        ".csv": summary_csv(report),
        ".json": summary_json(report),
    }
    names = numbered(new_file(folder, " session.html", now))
    page = next(name for name in names if not any(name.with_suffix(suffix).exists() for suffix in contents))
    for suffix, content in contents.items():
        path = page.with_suffix(suffix)
        try:
            write_atomically(path, content)
        except OSError as error:
            raise write_error(path, error) from error
    return page, page.with_suffix(".csv"), page.with_suffix(".json")


def summary_csv(report: InputReport) -> str:
    """One row a person, of those who are listed; cells of an estimate are empty where there is none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(person) for person in report.people)
    return text.getvalue()


def summary_json(report: InputReport) -> str:
    """The same as one object, with the numbers of the charts and those who are counted alone."""
    fields: dict[str, Any] = asdict(replace(report, people=()))
    fields["people"] = [dict(zip(COLUMNS, _values(person), strict=True)) for person in report.people]
    for name in ("error", "is_still", "hides_faces"):
        del fields[name]
    return json.dumps(fields, indent=1) + "\n"


def _values(person: PersonReport) -> tuple[float | int | None, ...]:
    times = tuple(round(value, 2) for value in (person.first_s, person.last_s, person.seen_s))
    estimate = person.estimate
    if estimate is None:
        return (person.track_id, *times, None, None, None, None)
    ages = (round(value, 2) for value in (estimate.age, estimate.age_low, estimate.age_high))
    return (person.track_id, *times, *ages, round(estimate.female, 4))


def _cells(person: PersonReport) -> tuple[str, ...]:
    return tuple("" if value is None else str(value) for value in _values(person))
