"""The summary of a session: one page, one table, one JSON file, of the same people."""

import csv
import json
from datetime import datetime
from pathlib import Path

import pytest

from agecam.errors import OutputError
from agecam.messages import Estimate
from agecam.output.report_data import CountOverTime, InputReport, PersonReport
from agecam.output.summary import COLUMNS, write_summary

REPORT = InputReport(
    "Session",
    frames=50,
    duration_s=2.0,
    people=(
        PersonReport(3, Estimate(34.5, 28.0, 41.25, 0.9), 0.0, 1.5, 1.25, crop_jpeg="/9j/"),
        PersonReport(7, None, 1.0, 1.0, 0.25),
    ),
    more_people=2,
    count=CountOverTime(0.0, 0.25, (1.0, 2.0), 2),
)


def now() -> datetime:
    return datetime(2026, 11, 26, 9, 30, 5)


def test_page_table_and_json_tell_of_the_same_people(tmp_path: Path) -> None:
    page, table, data = write_summary(REPORT, tmp_path / "new", now)
    assert [path.name for path in (page, table, data)] == [
        f"AgeCam 2026-11-26 09-30-05 session{suffix}" for suffix in (".html", ".csv", ".json")
    ]
    assert "data:image/jpeg;base64,/9j/" in page.read_text(encoding="utf-8")
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows == [
        list(COLUMNS),
        ["3", "0.0", "1.5", "1.25", "34.5", "28.0", "41.25", "0.9"],
        ["7", "1.0", "1.0", "0.25", "", "", "", ""],
    ]
    read = json.loads(data.read_text(encoding="utf-8"))
    assert [person["age"] for person in read["people"]] == [34.5, None]
    assert (read["more_people"], read["count"]["most"]) == (2, 2)
    assert "/9j/" not in data.read_text(encoding="utf-8"), "the page alone shows faces"


def test_no_file_that_is_there_is_replaced(tmp_path: Path) -> None:
    taken = tmp_path / "AgeCam 2026-11-26 09-30-05 session.json"
    taken.write_text("mine")
    page, _, data = write_summary(REPORT, tmp_path, now)
    assert page.name == "AgeCam 2026-11-26 09-30-05 session (2).html"
    assert data.name == "AgeCam 2026-11-26 09-30-05 session (2).json"
    assert taken.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        write_summary(REPORT, tmp_path / "file", now)
