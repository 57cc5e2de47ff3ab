"""Single images."""

import re
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.messages import Frame
from agecam.output import ImageSink, Sink, SinkConfig, SnapshotSink, WhenFull, write_image
from agecam.sources import read_image

Image = NDArray[np.uint8]
MakeFrame = Callable[..., Frame]

PATIENCE_S = 600.0


@pytest.mark.parametrize("name", ["a.png", "b.jpg", "c.JPEG", "d.webp", "日本.png"])
def test_an_image_is_written_in_the_format_that_the_name_says(
    tmp_path: Path, astronaut_bgr: Image, name: str
) -> None:
    write_image(astronaut_bgr, tmp_path / name)
    read = read_image(tmp_path / name)
    assert read.shape == astronaut_bgr.shape
    assert np.abs(read.astype(int) - astronaut_bgr).mean() < 4


def test_an_existing_image_is_replaced(tmp_path: Path, astronaut_bgr: Image) -> None:
    write_image(astronaut_bgr, tmp_path / "a.png")
    write_image(astronaut_bgr[:50], tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").shape[0] == 50


def test_the_formats_that_can_be_written_are_named(tmp_path: Path, astronaut_bgr: Image) -> None:
    with pytest.raises(OutputError, match=r"end its name in one of \.png, \.jpg"):
        write_image(astronaut_bgr, tmp_path / "a.gif")


def test_an_image_too_large_for_its_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is too large for"):
        write_image(np.zeros((1, 20_000, 3), np.uint8), tmp_path / "wide.webp")
    assert not (tmp_path / "wide.webp").exists()


def test_a_sink_writes_its_image(tmp_path: Path, frame: MakeFrame, image: Image) -> None:
    path = tmp_path / "a.png"
    with ImageSink(path, when_full=WhenFull.WAIT) as sink:
        sink.write(frame(), ())
    assert np.array_equal(read_image(path), image)
    status = sink.status()
    assert (status.path, status.written, status.seconds, status.error) == (path, 1, 0.0, None)


def test_the_newest_image_replaces_the_one_before(tmp_path: Path, frame: MakeFrame, image: Image) -> None:
    with ImageSink(tmp_path / "a.png", when_full=WhenFull.WAIT) as sink:
        sink.write(frame(0), ())
        sink.write(frame(1, image_bgr=image[:50]), ())
    assert read_image(tmp_path / "a.png").shape[0] == 50


@pytest.mark.parametrize(
    ("name", "sentence"), [("absent/a.png", "There is no folder"), ("a.gif", "end its name in")]
)
def test_an_image_that_cannot_be_written_is_an_error_of_the_sink(
    tmp_path: Path, frame: MakeFrame, name: str, sentence: str
) -> None:
    finished: list[ImageSink] = []
    with ImageSink(tmp_path / name, on_finished=finished.append) as sink:
        sink.write(frame(), ())
    assert finished == [sink]
    with pytest.raises(OutputError, match=sentence):
        sink.raise_error()
    assert list(tmp_path.iterdir()) == []


def test_without_a_frame_there_is_no_image(tmp_path: Path) -> None:
    ImageSink(tmp_path / "a.png").close()
    assert list(tmp_path.iterdir()) == []


class Told:
    """What a snapshot sink tells."""

    def __init__(self) -> None:
        self.saved: list[Path] = []
        self.failed: list[str] = []
        self.threads: list[str] = []

    def save(self, path: Path) -> None:
        self.saved.append(path)
        self.threads.append(threading.current_thread().name)

    def fail(self, error: OutputError) -> None:
        self.failed.append(str(error))
        self.threads.append(threading.current_thread().name)


def test_each_snapshot_is_a_new_file_without_loss(tmp_path: Path, frame: MakeFrame, image: Image) -> None:
    told, folder = Told(), tmp_path / "Bilder 日本" / "AgeCam"
    with SnapshotSink(folder, told.save, told.fail) as sink:
        for rows in (240, 100, 50):
            sink.write(frame(image_bgr=image[:rows]), ())
    assert len(set(told.saved)) == 3
    assert set(told.saved) == set(folder.iterdir())
    for path, rows in zip(told.saved, (240, 100, 50), strict=True):
        assert re.fullmatch(r"AgeCam \d{4}-\d\d-\d\d \d\d-\d\d-\d\d( \(\d\))?\.png", path.name)
        assert np.array_equal(read_image(path), image[:rows])
    assert told.failed == []
    assert told.threads == ["agecam-snapshot"] * 3
    assert (sink.status().path, sink.status().written) == (told.saved[-1], 3)


def test_after_a_failure_the_next_snapshot_is_saved(tmp_path: Path, frame: MakeFrame) -> None:
    told, folder = Told(), tmp_path / "snapshots"
    folder.touch()
    failed = threading.Event()

    def fail(error: OutputError) -> None:
        told.fail(error)
        failed.set()

    with SnapshotSink(folder, told.save, fail) as sink:
        sink.write(frame(0), ())
        assert failed.wait(PATIENCE_S)
        folder.unlink()
        sink.write(frame(1), ())
    assert re.fullmatch(r"The folder .*snapshots cannot be made .*", told.failed[0])
    assert (len(told.failed), len(told.saved)) == (1, 1)
    status = sink.status()
    assert (status.written, status.dropped, status.error) == (1, 1, None)


def test_each_snapshot_is_answered_also_where_the_disk_is_stalled(
    tmp_path: Path, frame: MakeFrame, image: Image
) -> None:
    told, gate = Told(), threading.Event()

    def save(path: Path) -> None:
        assert gate.wait(PATIENCE_S)
        told.save(path)

    sink = SnapshotSink(tmp_path, save, told.fail, config=SinkConfig(frames_bytes=2 * image.nbytes))
    for index in range(10):
        sink.write(frame(index), ())
    assert set(told.failed) == {
        "The snapshot was not saved, because the disk is busy with earlier ones; try again."
    }
    gate.set()
    sink.close()
    assert len(told.saved) + len(told.failed) == 10
    assert 2 <= len(told.saved) <= 3
    assert set(tmp_path.iterdir()) == set(told.saved)


@pytest.mark.expects_log("unexpected error in a callback of agecam-snapshot")
def test_a_failure_of_the_one_who_is_told_costs_no_snapshot(tmp_path: Path, frame: MakeFrame) -> None:
    told: list[Path] = []

    def save(path: Path) -> None:
        told.append(path)
        raise ZeroDivisionError

    with SnapshotSink(tmp_path, save, Told().fail) as sink:
        sink.write(frame(0), ())
        sink.write(frame(1), ())
    assert set(told) == set(tmp_path.iterdir())
    assert sink.status().written == 2


def test_they_are_sinks_that_want_the_drawing(tmp_path: Path) -> None:
    told = Told()
    sinks: list[Sink] = [ImageSink(tmp_path / "a.png"), SnapshotSink(tmp_path, told.save, told.fail)]
    for sink in sinks:
        assert sink.needs_drawing
        sink.close()
