"""Videos of the frames that come."""

import threading
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.messages import Frame
from agecam.output import Sink, SinkConfig, VideoOptions, VideoSink, VideoWriter, WhenFull
from tests.output.helpers import HookedWriter

Image = NDArray[np.uint8]
MakeFrame = Callable[..., Frame]

PATIENCE_S = 600.0


def times_s(path: Path) -> list[float]:
    with av.open(path) as container:
        return [float(frame.time or 0) for frame in container.decode(video=0)]


class Gate:
    """Makes writers that write nothing before the gate is open, as to a disk that is stalled."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.left = threading.Semaphore(0)

    def __call__(self, path: Path, width: int, height: int, options: VideoOptions) -> VideoWriter:
        return GatedWriter(self, path, width, height, options)


class GatedWriter(HookedWriter):
    def __init__(self, gate: Gate, path: Path, width: int, height: int, options: VideoOptions) -> None:
        super().__init__(path, width, height, options)
        self.gate = gate

    def before_write(self) -> None:
        self.gate.entered.release()
        assert self.gate.is_open.wait(PATIENCE_S)

    def after_write(self) -> None:
        self.gate.left.release()


class FullDisk(HookedWriter):
    """Finds the disk full after three frames."""

    def before_write(self) -> None:
        if self.frames == 3:
            raise OutputError("The disk is full.")


def test_frames_are_kept_with_their_own_times(tmp_path: Path, frame: MakeFrame) -> None:
    path = tmp_path / "clip.mp4"
    with VideoSink(path) as sink:
        for index in (0, 1, 2, 5, 9):
            sink.write(frame(index, start_s=5000.0), ())
    assert times_s(path) == pytest.approx([0, 0.1, 0.2, 0.5, 0.9], abs=1e-3)
    status = sink.status()
    assert (status.path, status.written, status.dropped, status.error) == (path, 5, 0, None)
    assert status.seconds == pytest.approx(0.9)
    assert status.finished


def test_an_existing_file_is_replaced(tmp_path: Path, frame: MakeFrame) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"something else")
    with VideoSink(path) as sink:
        sink.write(frame(), ())
    assert times_s(path) == [0.0]


def test_a_disk_that_is_stalled_drops_frames_and_keeps_the_pace_of_the_rest(
    tmp_path: Path, frame: MakeFrame, image: Image
) -> None:
    gate = Gate()
    config = SinkConfig(frames_bytes=5 * image.nbytes)
    sink = VideoSink(tmp_path / "clip.mp4", make_writer=gate, config=config)
    sink.write(frame(0), ())
    assert gate.entered.acquire(timeout=PATIENCE_S)
    for index in range(1, 21):
        sink.write(frame(index), ())  # returns, though nothing is written
    assert (sink.status().written, sink.status().dropped) == (0, 15)
    gate.is_open.set()
    for _ in range(6):
        assert gate.left.acquire(timeout=PATIENCE_S)
    sink.write(frame(30), ())
    sink.close()
    assert sink.status().dropped == 15
    assert times_s(tmp_path / "clip.mp4") == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 3.0], abs=1e-3)


def test_a_sink_that_waits_loses_no_frame(tmp_path: Path, frame: MakeFrame) -> None:
    config = SinkConfig(frames_bytes=1)
    with VideoSink(tmp_path / "clip.mp4", when_full=WhenFull.WAIT, config=config) as sink:
        for index in range(30):
            sink.write(frame(index), ())
    assert times_s(tmp_path / "clip.mp4") == pytest.approx([index / 10 for index in range(30)], abs=1e-3)
    assert sink.status().dropped == 0


def test_what_was_written_before_a_failure_can_be_played(tmp_path: Path, frame: MakeFrame) -> None:
    finished: list[VideoSink] = []
    path = tmp_path / "clip.mp4"
    sink = VideoSink(path, make_writer=FullDisk, on_finished=finished.append)
    for index in range(10):
        sink.write(frame(index), ())
    sink.close()
    assert finished == [sink]
    assert (sink.status().written, sink.status().dropped) == (3, 7)
    assert times_s(path) == pytest.approx([0, 0.1, 0.2], abs=1e-3)
    with pytest.raises(OutputError, match=r"The disk is full\."):
        sink.raise_error()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("clip.flv", "end its name in"),
        ("absent/clip.mp4", "There is no folder"),
        ("folder.mp4", "is a folder"),
    ],
)
def test_a_file_that_cannot_be_opened_is_an_error_of_the_sink(
    tmp_path: Path, frame: MakeFrame, name: str, sentence: str
) -> None:
    (tmp_path / "folder.mp4").mkdir()
    failed = threading.Event()
    sink = VideoSink(tmp_path / name, when_full=WhenFull.WAIT, on_finished=lambda _: failed.set())
    sink.write(frame(0), ())
    assert failed.wait(PATIENCE_S)
    with pytest.raises(OutputError, match=sentence):
        sink.write(frame(1), ())
    sink.close()
    assert (sink.status().written, sink.status().dropped) == (0, 2)


def test_frames_of_another_size_are_fitted_in(tmp_path: Path, frame: MakeFrame, image: Image) -> None:
    with VideoSink(tmp_path / "clip.mp4") as sink:
        sink.write(frame(0), ())
        sink.write(frame(1, image_bgr=np.ascontiguousarray(image[:100])), ())
    assert sink.status().written == 2
    with av.open(tmp_path / "clip.mp4") as container:
        assert [(one.width, one.height) for one in container.decode(video=0)] == [(320, 240)] * 2


def test_the_last_frame_stands_as_long_as_the_nominal_rate_says(tmp_path: Path, frame: MakeFrame) -> None:
    with VideoSink(tmp_path / "clip.mp4", options=VideoOptions(nominal_fps=4)) as sink:
        for index in range(3):
            sink.write(frame(index), ())
    with av.open(tmp_path / "clip.mp4") as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        assert float(stream.duration * stream.time_base) == pytest.approx(0.2 + 0.25, abs=0.01)


def test_it_is_a_sink_that_wants_the_drawing(tmp_path: Path) -> None:
    sink: Sink = VideoSink(tmp_path / "clip.mp4")
    assert sink.needs_drawing
    sink.close()
