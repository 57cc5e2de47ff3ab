"""Tables of what was seen."""

import csv
import itertools
import math
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

from agecam.errors import DiskFullError, OutputError
from agecam.messages import Detection, Estimate, Frame, Person
from agecam.output import CsvSink, Sink, SinkConfig, WhenFull
from agecam.output.csv import CsvWriter

MakeFrame = Callable[..., Frame]

PATIENCE_S = 600.0
HEADER = "frame,time_s,track,x,y,width,height,score,age,age_low,age_high,female,age_raw,female_raw"
FUSED = Estimate(34.567, 28.1, 41.0, 0.91234)
RAW = Estimate(36.0, 0, 0, 0.8)


def person(track_id: int, estimate: Estimate | None = None, raw: Estimate | None = None) -> Person:
    face = Detection((10.04, 20.5, 30, 40.96), 0.98765, np.zeros((4, 2), np.float32))
    return Person(track_id, face, estimate, raw)


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_there_is_one_row_a_face_a_frame(tmp_path: Path, frame: MakeFrame) -> None:
    with CsvSink(tmp_path / "log.csv") as sink:
        sink.write(frame(0), [person(1, FUSED, RAW), person(2)])
        sink.write(frame(1), [])
        sink.write(frame(2), [person(1, FUSED)])
    assert lines(tmp_path / "log.csv") == [
        HEADER,
        "0,0.0000,1,10.0,20.5,30.0,41.0,0.988,34.57,28.10,41.00,0.9123,36.00,0.8000",
        "0,0.0000,2,10.0,20.5,30.0,41.0,0.988,,,,,,",
        "2,0.2000,1,10.0,20.5,30.0,41.0,0.988,34.57,28.10,41.00,0.9123,,",
    ]
    status = sink.status()
    assert (status.path, status.written, status.dropped, status.error) == (tmp_path / "log.csv", 3, 0, None)
    assert status.seconds == pytest.approx(0.2)


def test_every_row_has_every_column(tmp_path: Path, frame: MakeFrame) -> None:
    with CsvSink(tmp_path / "log.csv") as sink:
        sink.write(frame(), [person(1, FUSED, RAW), person(2), person(3, raw=RAW)])
    with (tmp_path / "log.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["track"] for row in rows] == ["1", "2", "3"]
    assert all(None not in row and None not in row.values() for row in rows)
    assert (rows[2]["age"], rows[2]["age_raw"]) == ("", "36.00")


def test_a_gender_that_was_not_predicted_is_empty(tmp_path: Path, frame: MakeFrame) -> None:
    with CsvSink(tmp_path / "log.csv") as sink:
        sink.write(frame(), [person(1, FUSED, replace(RAW, female=math.nan))])
    assert lines(tmp_path / "log.csv")[1].endswith(",0.9123,36.00,")


def test_a_person_not_yet_confirmed_is_left_out(tmp_path: Path, frame: MakeFrame) -> None:
    with CsvSink(tmp_path / "log.csv") as sink:
        sink.write(frame(), [replace(person(1), confirmed=False), person(2)])
    assert [row.split(",")[2] for row in lines(tmp_path / "log.csv")[1:]] == ["2"]


@pytest.mark.parametrize(("from_first_frame", "time"), [(True, "0.5000"), (False, "5000.5000")])
def test_times_are_the_frames_own_or_count_from_the_first(
    tmp_path: Path, frame: MakeFrame, from_first_frame: bool, time: str
) -> None:
    with CsvSink(tmp_path / "log.csv", from_first_frame=from_first_frame) as sink:
        sink.write(frame(0, start_s=5000.0), [])
        sink.write(frame(5, start_s=5000.0), [person(1)])
    assert lines(tmp_path / "log.csv")[1].startswith(f"5,{time},1,")
    assert sink.status().seconds == pytest.approx(0.5)


def test_without_people_there_is_a_header_and_without_a_frame_no_file(
    tmp_path: Path, frame: MakeFrame
) -> None:
    (tmp_path / "there.csv").write_text("something else")
    with CsvSink(tmp_path / "log.csv") as sink:
        sink.write(frame(), [])
    CsvSink(tmp_path / "none.csv").close()
    CsvSink(tmp_path / "there.csv").close()
    assert lines(tmp_path / "log.csv") == [HEADER]
    assert not (tmp_path / "none.csv").exists()
    assert lines(tmp_path / "there.csv") == ["something else"]


class WatchedWriter(CsvWriter):
    """Says when rows were put on the disk."""

    def __init__(self, path: Path) -> None:
        self.flushed = threading.Semaphore(0)
        super().__init__(path)
        assert self.flushed.acquire(timeout=PATIENCE_S)  # the header

    def flush(self) -> None:
        super().flush()
        self.flushed.release()


class Watch:
    """Makes one watched writer."""

    def __init__(self) -> None:
        self.writer: WatchedWriter | None = None
        self.made = threading.Event()

    def __call__(self, path: Path) -> CsvWriter:
        self.writer = WatchedWriter(path)
        self.made.set()
        return self.writer

    def wait_for_flush(self) -> None:
        assert self.made.wait(PATIENCE_S)
        assert self.writer is not None
        assert self.writer.flushed.acquire(timeout=PATIENCE_S)


def test_rows_are_on_the_disk_every_second_while_frames_come(tmp_path: Path, frame: MakeFrame) -> None:
    watch, ticks = Watch(), itertools.count()
    # Each look at this clock is half a second after the last; without frames nothing happens for an hour.
    sink = CsvSink(
        tmp_path / "log.csv",
        make_writer=watch,
        clock=lambda: next(ticks) * 0.5 * 3600,
        config=SinkConfig(flush_every_s=3600),
    )
    for index in range(3):
        sink.write(frame(index), [person(1)])
    watch.wait_for_flush()
    assert len(lines(tmp_path / "log.csv")) >= 3
    sink.close()
    assert len(lines(tmp_path / "log.csv")) == 4


def test_rows_are_on_the_disk_soon_after_the_last_frame_came(tmp_path: Path, frame: MakeFrame) -> None:
    watch = Watch()
    config = SinkConfig(flush_every_s=0.05)
    sink = CsvSink(tmp_path / "log.csv", make_writer=watch, clock=lambda: 0.0, config=config)
    sink.write(frame(), [person(1)])
    watch.wait_for_flush()
    assert len(lines(tmp_path / "log.csv")) == 2
    sink.close()


class GatedWriter(CsvWriter):
    """Writes nothing before its gate is open, as a disk that is stalled."""

    gate: threading.Event

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        assert self.gate.wait(PATIENCE_S)
        super().write(frame, people)


def test_a_disk_that_is_stalled_loses_no_row_for_a_while_and_then_some(
    tmp_path: Path, frame: MakeFrame
) -> None:
    gate = threading.Event()

    def make_writer(path: Path) -> CsvWriter:
        writer = GatedWriter(path)
        writer.gate = gate
        return writer

    config = SinkConfig(rows_bytes=20_000)
    sink = CsvSink(tmp_path / "log.csv", make_writer=make_writer, config=config)
    for index in range(50):
        sink.write(frame(index), [person(1)])  # returns, though nothing is written
    dropped = sink.status().dropped
    assert 29 <= dropped <= 30  # 20 wait, and perhaps one is with the thread
    gate.set()
    sink.close()
    rows = lines(tmp_path / "log.csv")[1:]
    assert [row.split(",")[0] for row in rows] == [str(index) for index in range(50 - dropped)]


def test_no_image_waits_in_the_queue(tmp_path: Path, frame: MakeFrame) -> None:
    large = np.zeros((2000, 2000, 3), np.uint8)
    config = SinkConfig(rows_bytes=large.nbytes // 2)
    with CsvSink(tmp_path / "log.csv", config=config) as sink:
        for index in range(100):
            sink.write(frame(index, image_bgr=large), [person(1)])
    assert sink.status().dropped == 0
    assert len(lines(tmp_path / "log.csv")) == 101


@pytest.mark.parametrize(
    ("name", "sentence"), [("absent/log.csv", "There is no folder"), ("", "is a folder")]
)
def test_a_file_that_cannot_be_opened_is_an_error_of_the_sink(
    tmp_path: Path, frame: MakeFrame, name: str, sentence: str
) -> None:
    with CsvSink(tmp_path / name, when_full=WhenFull.WAIT) as sink:
        sink.write(frame(), [])
    with pytest.raises(OutputError, match=sentence):
        sink.raise_error()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error_of_the_sink(frame: MakeFrame) -> None:
    with CsvSink(Path("/dev/full")) as sink:
        sink.write(frame(), [])
    assert str(sink.status().error).startswith("The disk is full: no room is left for /dev/full;")
    assert isinstance(sink.status().error, DiskFullError)
    assert sink.status().dropped == 1


@pytest.mark.skipif(resource is None, reason="needs limits of a process")
def test_a_write_that_fails_in_a_row_leaves_whole_rows(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path; from agecam.messages import Frame\n"
        "from agecam.errors import OutputError; from agecam.output.csv import CsvWriter\n"
        "from tests.output.test_csv import person\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "writer = CsvWriter(Path(sys.argv[1]))\n"
        "try:\n"
        "    for index in range(100):\n"
        "        writer.write(Frame(None, index / 10, index), [person(1), person(2)])\n"
        "        if index % 3 == 0: writer.flush()\n"
        "except OutputError as error:\n"
        "    writer.close(); print(index, error)\n"
    )
    path = tmp_path / "log.csv"
    told = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert "largest size" in told.stdout, told.stderr
    content = path.read_bytes()
    assert content.endswith(b"\n")
    rows = lines(path)
    assert 900 < len(content) <= 1000, "and no more than the row that did not fit is lost"
    assert {row.count(",") for row in rows} == {13}


def test_times_that_count_go_on_where_another_source_takes_over(tmp_path: Path, frame: MakeFrame) -> None:
    now_s = iter(index / 10 for index in range(1000))
    with CsvSink(tmp_path / "log.csv", from_first_frame=True, clock=lambda: next(now_s)) as sink:
        for index in range(4):  # a file
            sink.write(frame(index, start_s=7.0), [person(1)])
        for index in range(4):  # a camera, by the computer's own clock
            sink.write(frame(index, start_s=90_000.0), [person(1)])
        for index in range(4):  # the file again
            sink.write(frame(index), [person(1)])
    times = [float(row.split(",")[1]) for row in lines(tmp_path / "log.csv")[1:]]
    assert times == pytest.approx([index / 10 for index in range(12)])


def test_a_camera_that_is_away_for_an_hour_leaves_an_hour_between_rows(
    tmp_path: Path, frame: MakeFrame
) -> None:
    now_s = 0.0
    with CsvSink(tmp_path / "log.csv", from_first_frame=True, clock=lambda: now_s) as sink:
        sink.write(frame(0, start_s=500.0), [person(1)])
        now_s = 3600.0
        sink.write(frame(0, start_s=4100.0), [person(1)])
    times = [float(row.split(",")[1]) for row in lines(tmp_path / "log.csv")[1:]]
    assert times == [0, 3600]


class FullDisk(CsvWriter):
    """Finds the disk full at its third frame."""

    frames = 0

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        self.frames += 1
        if self.frames == 3:
            raise OutputError("The disk is full.")
        super().write(frame, people)


def test_rows_before_a_failure_are_kept(tmp_path: Path, frame: MakeFrame) -> None:
    finished: list[CsvSink] = []
    with CsvSink(tmp_path / "log.csv", make_writer=FullDisk, on_finished=finished.append) as sink:
        for index in range(5):
            sink.write(frame(index), [person(1)])
    assert finished == [sink]
    assert (sink.status().written, sink.status().dropped) == (2, 3)
    assert str(sink.status().error) == "The disk is full."
    assert len(lines(tmp_path / "log.csv")) == 3


def test_it_is_a_sink_that_needs_no_drawing(tmp_path: Path) -> None:
    sink: Sink = CsvSink(tmp_path / "log.csv")
    assert not sink.needs_drawing
    sink.close()
