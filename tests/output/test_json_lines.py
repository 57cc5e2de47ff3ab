"""What was seen, frame by frame, as JSON."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agecam.errors import OutputError
from agecam.messages import Detection, Estimate, Frame, Person
from agecam.output import CsvSink, JsonSink, Sink, WhenFull

MakeFrame = Callable[..., Frame]

FUSED = Estimate(34.567, 28.1, 41.0, 0.91234)
RAW = Estimate(36.0, 0, 0, 0.8)


def person(track_id: int, estimate: Estimate | None = None, raw: Estimate | None = None) -> Person:
    face = Detection((10.04, 20.5, 30, 40.96), 0.98765, np.zeros((4, 2), np.float32))
    return Person(track_id, face, estimate, raw)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_there_is_one_object_a_frame_also_without_people(tmp_path: Path, frame: MakeFrame) -> None:
    with JsonSink(tmp_path / "log.jsonl") as sink:
        sink.write(frame(0), [person(1, FUSED, RAW), person(2), replace(person(3), confirmed=False)])
        sink.write(frame(3), [])
    first, second = lines(tmp_path / "log.jsonl")
    box = {"box": [10.0, 20.5, 30, 41.0], "score": 0.988}
    fused = {"age": 34.57, "age_low": 28.1, "age_high": 41.0, "female": 0.9123}
    assert first == {
        "frame": 0,
        "time_s": 0.0,
        "people": [
            {"track": 1, **box, **fused, "age_raw": 36.0, "female_raw": 0.8},
            {"track": 2, **box, **dict.fromkeys(fused), "age_raw": None, "female_raw": None},
        ],
    }
    assert second == {"frame": 3, "time_s": 0.3, "people": []}
    assert (sink.status().written, sink.status().error) == (2, None)


def test_it_holds_the_numbers_of_the_table(tmp_path: Path, frame: MakeFrame) -> None:
    people = [[person(1, FUSED, RAW), person(2)], [], [person(2, FUSED)]]
    with CsvSink(tmp_path / "log.csv") as table, JsonSink(tmp_path / "log.jsonl") as objects:
        for index, those in enumerate(people):
            table.write(frame(index), those)
            objects.write(frame(index), those)
    with (tmp_path / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    flat = [(line, someone) for line in lines(tmp_path / "log.jsonl") for someone in line["people"]]
    assert len(rows) == len(flat) == 3
    for row, (line, someone) in zip(rows, flat, strict=True):
        numbers = {**someone, **dict(zip(("x", "y", "width", "height"), someone["box"], strict=True))}
        numbers |= {"frame": line["frame"], "time_s": line["time_s"]}
        for column, cell in row.items():
            assert (float(cell) if cell else None) == numbers[column], column


def test_times_can_count_from_the_first_frame(tmp_path: Path, frame: MakeFrame) -> None:
    with JsonSink(tmp_path / "log.jsonl", from_first_frame=True) as sink:
        sink.write(frame(0, start_s=5000.0), [])
        sink.write(frame(5, start_s=5000.0), [])
    assert [line["time_s"] for line in lines(tmp_path / "log.jsonl")] == [0.0, 0.5]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error_of_the_sink(frame: MakeFrame) -> None:
    with JsonSink(Path("/dev/full"), when_full=WhenFull.DROP) as sink:
        sink.write(frame(), [])
    with pytest.raises(OutputError, match="disk"):
        sink.raise_error()


def test_it_is_a_sink_that_needs_no_drawing(tmp_path: Path) -> None:
    sink: Sink = JsonSink(tmp_path / "log.jsonl")
    assert not sink.needs_drawing
    sink.close()
    assert not (tmp_path / "log.jsonl").exists()
