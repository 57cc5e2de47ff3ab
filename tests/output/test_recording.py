import threading
import time

import av
import numpy as np
import pytest

from agecam.errors import OutputError
from agecam.output import Recorder, VideoWriter
from agecam.output import recording as recorder


@pytest.fixture
def picture(astronaut_bgr):
    return astronaut_bgr[:240, :320]


def count(path) -> int:
    with av.open(path) as container:
        return sum(1 for _ in container.decode(video=0))


def wait_for(condition, patience_s=5.0):
    deadline_s = time.monotonic() + patience_s
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert condition()


class GatedWriter(VideoWriter):
    """Writes nothing before the gate is open."""

    gate: threading.Event

    def write(self, image_bgr, time_s):
        self.gate.wait(10)
        super().write(image_bgr, time_s)


@pytest.fixture
def gate(monkeypatch):
    GatedWriter.gate = threading.Event()
    monkeypatch.setattr(recorder, "VideoWriter", GatedWriter)
    yield GatedWriter.gate
    GatedWriter.gate.set()


def test_writes_what_it_is_given(tmp_path, picture):
    path = tmp_path / "clip.mp4"
    with Recorder(path, fps_hint=10) as recording:
        for index in range(20):
            assert recording.put(picture, 50 + index / 10)
    assert recording.path == path
    assert (recording.written, recording.dropped, recording.error) == (20, 0, None)
    assert recording.seconds == pytest.approx(1.9)
    assert count(path) == 20


def test_drops_and_counts_what_a_slow_disk_cannot_take(tmp_path, picture, gate):
    recording = Recorder(tmp_path / "clip.mp4", capacity_bytes=5 * picture.nbytes)
    recording.put(picture, 0)
    wait_for(lambda: not recording._frames)  # the first is with the writer, which waits
    started_s = time.monotonic()
    taken = [recording.put(picture, index / 10) for index in range(1, 21)]
    assert time.monotonic() - started_s < 0.5
    assert taken == [True] * 5 + [False] * 15
    assert recording.dropped == 15
    gate.set()
    recording.close()
    assert recording.written == 6
    assert count(tmp_path / "clip.mp4") == 6
    with av.open(tmp_path / "clip.mp4") as container:
        assert [f.time for f in container.decode(video=0)] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])


def test_a_frame_larger_than_the_queue_is_taken_alone(tmp_path, picture, gate):
    recording = Recorder(tmp_path / "clip.mp4", capacity_bytes=1)
    recording.put(picture, 0)
    wait_for(lambda: not recording._frames)
    assert [recording.put(picture, 1), recording.put(picture, 2)] == [True, False]
    gate.set()
    recording.close()
    assert recording.written == 2


def test_close_writes_what_is_queued(tmp_path, picture, gate):
    recording = Recorder(tmp_path / "clip.mp4")
    for index in range(10):
        recording.put(picture, index / 10)
    threading.Timer(0.2, gate.set).start()
    recording.close()
    assert recording.written == 10
    assert count(tmp_path / "clip.mp4") == 10


def test_takes_nothing_after_it_was_closed(tmp_path, picture):
    recording = Recorder(tmp_path / "clip.mp4")
    recording.put(picture, 0)
    recording.close()
    recording.close()
    assert not recording.put(picture, 1)
    assert (recording.written, recording.dropped) == (1, 0)


def test_closing_before_the_first_frame_leaves_no_file(tmp_path):
    Recorder(tmp_path / "clip.mp4").close()
    assert list(tmp_path.iterdir()) == []


def test_keeps_the_error_of_its_thread_and_stops(tmp_path, picture, monkeypatch):
    class FullDisk(VideoWriter):
        def write(self, image_bgr, time_s):
            if self.frames == 3:
                raise OutputError("The disk is full.")
            super().write(image_bgr, time_s)

    monkeypatch.setattr(recorder, "VideoWriter", FullDisk)
    recording = Recorder(tmp_path / "clip.mp4")
    for index in range(10):
        recording.put(picture, index / 10)
    wait_for(lambda: recording.error is not None)
    assert not recording.put(picture, 9)
    recording.close()
    assert str(recording.error) == "The disk is full."
    assert (recording.written, recording.dropped) == (3, 8)
    assert count(tmp_path / "clip.mp4") == 3


def test_tells_of_a_file_that_cannot_be_begun(tmp_path, picture):
    (tmp_path / "clip.mp4").mkdir()
    with Recorder(tmp_path / "clip.mp4") as recording:
        recording.put(picture, 0)
        wait_for(lambda: recording.error is not None)
    assert "is a folder" in str(recording.error)
    assert (recording.written, recording.dropped) == (0, 1)


@pytest.mark.parametrize(
    ("name", "sentence"), [("clip.avi", "end its name in"), ("absent/clip.mp4", "no folder")]
)
def test_refuses_at_once_what_can_never_be_written(tmp_path, name, sentence):
    with pytest.raises(OutputError, match=sentence):
        Recorder(tmp_path / name)


def test_follows_a_switched_camera(tmp_path, picture):
    with Recorder(tmp_path / "clip.mp4") as recording:
        recording.put(picture, 0)
        recording.put(np.ascontiguousarray(picture[:100]), 1)
    assert recording.written == 2
