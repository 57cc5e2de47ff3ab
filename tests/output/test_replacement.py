"""Recordings and tables of the window that replace a file: it stays until the new one can be read."""

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.files import PartialFile, remove_leftovers, whole_path
from agecam.messages import Frame, Person
from agecam.output import CsvSink, VideoOptions, VideoSink, VideoWriter
from agecam.output.csv import CsvWriter

MakeFrame = Callable[..., Frame]


def frames_in(path: Path) -> int:
    with av.open(path) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.fixture(params=[".mp4", ".mkv"])
def video(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / f"kept{request.param}"
    path.write_bytes(b"before")
    return path


class FailingWriter(VideoWriter):
    """Finds the disk full at its second frame."""

    def write(self, image_bgr: NDArray[np.uint8], time_s: float, duration_s: float | None = None) -> None:
        if self.frames == 1:
            raise OutputError("The disk is full.")
        super().write(image_bgr, time_s, duration_s)


def test_a_recording_that_fails_at_its_start_leaves_what_was_there(video: Path, frame: MakeFrame) -> None:
    with VideoSink(video, make_writer=FailingWriter) as sink:
        for index in range(3):
            sink.write(frame(index), ())
    assert str(sink.status().error) == "The disk is full."
    assert video.read_bytes() == b"before"
    assert list(video.parent.iterdir()) == [video]


class WatchedWriter(VideoWriter):
    """Copies what stands at the final name before each frame is written."""

    seen: Callable[[], None]

    def write(self, image_bgr: NDArray[np.uint8], time_s: float, duration_s: float | None = None) -> None:
        self.seen()
        super().write(image_bgr, time_s, duration_s)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows moves no file that is open")
def test_a_recording_takes_the_place_when_it_can_be_played(video: Path, frame: MakeFrame) -> None:
    stages: list[int] = []

    def look() -> None:
        if video.read_bytes() == b"before":
            stages.append(0)
            return
        copy = video.with_name(f"copy{video.suffix}")
        shutil.copy(video, copy)
        stages.append(frames_in(copy))
        copy.unlink()

    def make_writer(path: Path, width: int, height: int, options: VideoOptions) -> VideoWriter:
        writer = WatchedWriter(path, width, height, options)
        writer.seen = look
        return writer

    with VideoSink(video, make_writer=make_writer) as sink:
        for index in range(30):
            sink.write(frame(index), ())
    assert stages[:11] == [0] * 11, "nothing of a second and more"
    assert stages[-1] >= 20, "killed now, it would have lost no more than the last second"
    assert all(count > 0 for count in stages[13:])
    assert frames_in(video) == 30
    assert sink.status().path == video
    assert list(video.parent.iterdir()) == [video]


def test_a_short_recording_takes_the_place_at_its_end(video: Path, frame: MakeFrame) -> None:
    with VideoSink(video) as sink:
        sink.write(frame(), ())
    assert frames_in(video) == 1
    assert list(video.parent.iterdir()) == [video]


def test_a_table_takes_the_place_when_rows_are_on_the_disk(tmp_path: Path, frame: MakeFrame) -> None:
    path = tmp_path / "log.csv"
    path.write_text("before")

    class Watched(CsvWriter):
        def write(self, frame: Frame, people: Sequence[Person]) -> None:
            assert path.read_text() == "before"
            super().write(frame, people)

    with CsvSink(path, make_writer=Watched) as sink:
        sink.write(frame(), [])
    assert path.read_text().startswith("frame,")
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_that_fails_leaves_what_was_there(tmp_path: Path, frame: MakeFrame) -> None:
    path = tmp_path / "log.csv"
    path.write_text("before")

    class Failing(CsvWriter):
        def write(self, frame: Frame, people: Sequence[Person]) -> None:
            raise OutputError("The disk is full.")

    with CsvSink(path, make_writer=Failing) as sink:
        sink.write(frame(), [])
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_leftovers_of_a_file_are_removed_and_no_others(tmp_path: Path) -> None:
    others = {
        *(".out.0123abcd.partial", ".out.mp4", "out.mp4", ".out.zz.partial.mp4"),
        *(".other.0123abcd.partial.mp4", ".out.0123abcd.partial.csv"),
    }
    for name in (".out.0123abcd.partial.mp4", *others):
        (tmp_path / name).write_bytes(b"")
    held = PartialFile(tmp_path / "out.mp4")
    held.claim()
    remove_leftovers([tmp_path / "out.mp4", tmp_path / "none" / "out.mp4"])
    assert {path.name for path in tmp_path.iterdir()} == {*others, held.path.name}
    held.discard()
    assert not held.path.exists()


@pytest.mark.parametrize("name", ["out.mp4", "out", ".hidden", "a.b.c.tar", "ä ö.csv", "new\nline.png"])
def test_a_partial_file_is_known_by_its_name(tmp_path: Path, name: str) -> None:
    partial = PartialFile(tmp_path / name).path
    assert partial.name.startswith(".")
    assert partial.suffix == ((tmp_path / name).suffix or ".partial")
    assert whole_path(partial) == tmp_path / name
    assert whole_path(tmp_path / name) == tmp_path / name


def test_what_is_no_ordinary_file_is_written_where_it_is() -> None:
    partial = PartialFile(Path("/dev/null"))
    partial.claim()
    assert partial.path == Path("/dev/null")
    partial.commit()
    partial.discard()
    assert not Path("/dev/null").is_file()
