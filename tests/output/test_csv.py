import csv
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agecam.errors import OutputError
from agecam.messages import Analysis, Detection, Estimate, Frame, Person
from agecam.output import CsvLog
from agecam.output import csv as csv_log

HEADER = "frame,time_s,track,x,y,width,height,score,age,age_low,age_high,female,age_raw,female_raw"


def person(track_id, estimate=None, raw=None):
    face = Detection((10.04, 20.5, 30, 40.96), 0.98765, np.zeros((4, 2), np.float32))
    return Person(track_id, face, estimate, raw)


def analysis(index, time_s, *people):
    return Analysis(Frame(np.zeros((2, 2, 3), np.uint8), time_s, index), people)


SMOOTH = Estimate(34.567, 28.1, 41.0, 0.91234)
RAW = Estimate(36.0, 0, 0, 0.8)


def test_writes_one_row_a_face_a_frame(tmp_path):
    with CsvLog(tmp_path / "log.csv") as log:
        log.write(analysis(0, 0.0, person(1, SMOOTH, RAW), person(2)))
        log.write(analysis(1, 0.04))
        log.write(analysis(2, 0.08, person(1, SMOOTH)))
    assert (tmp_path / "log.csv").read_text(encoding="utf-8").splitlines() == [
        HEADER,
        "0,0.0000,1,10.0,20.5,30.0,41.0,0.988,34.57,28.10,41.00,0.9123,36.00,0.8000",
        "0,0.0000,2,10.0,20.5,30.0,41.0,0.988,,,,,,",
        "2,0.0800,1,10.0,20.5,30.0,41.0,0.988,34.57,28.10,41.00,0.9123,,",
    ]


def test_every_row_has_every_column(tmp_path):
    with CsvLog(tmp_path / "log.csv") as log:
        log.write(analysis(0, 0.0, person(1, SMOOTH, RAW), person(2), person(3, raw=RAW)))
    with (tmp_path / "log.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["track"] for row in rows] == ["1", "2", "3"]
    assert all(None not in row and None not in row.values() for row in rows)
    assert (rows[2]["age"], rows[2]["age_raw"]) == ("", "36.00")


def test_who_is_not_settled_is_left_out(tmp_path):
    with CsvLog(tmp_path / "log.csv") as log:
        log.write(analysis(0, 0.0, replace(person(1), confirmed=False), person(2)))
    rows = (tmp_path / "log.csv").read_text().splitlines()[1:]
    assert [row.split(",")[2] for row in rows] == ["2"]


def test_counts_live_times_from_the_first_frame(tmp_path):
    with CsvLog(tmp_path / "log.csv", from_first_frame=True) as log:
        log.write(analysis(0, 5000.0))
        log.write(analysis(1, 5000.5, person(1)))
    assert (tmp_path / "log.csv").read_text().splitlines()[1].startswith("1,0.5000,1,")


def test_rows_are_on_the_disk_after_about_a_second(tmp_path, monkeypatch):
    now_s = 100.0
    monkeypatch.setattr(csv_log.time, "monotonic", lambda: now_s)
    path = tmp_path / "log.csv"
    log = CsvLog(path)
    assert path.read_text().splitlines() == [HEADER]
    now_s = 100.5
    log.write(analysis(0, 0.0, person(1)))
    assert len(path.read_text().splitlines()) == 1
    now_s = 101.1
    log.write(analysis(1, 0.5, person(1)))
    assert len(path.read_text().splitlines()) == 3
    log.close()
    log.close()


def test_says_that_the_folder_is_missing(tmp_path):
    with pytest.raises(OutputError, match="There is no folder"):
        CsvLog(tmp_path / "absent" / "log.csv")


def test_says_that_the_name_is_a_folder(tmp_path):
    with pytest.raises(OutputError, match="is a folder"):
        CsvLog(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_says_that_the_disk_is_full():
    with pytest.raises(OutputError, match="The disk is full"):
        CsvLog("/dev/full")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_says_that_the_disk_is_full_while_it_writes(tmp_path, monkeypatch):
    log = CsvLog(tmp_path / "log.csv")
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, log._file.fileno())
    os.close(full)
    log.write(analysis(0, 0.0, person(1)))
    with pytest.raises(OutputError, match="The disk is full"):
        log.close()
    log.close()
