"""The one state of recording, however fast it is started and stopped, and disks that stall."""

import itertools
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.live.capture import SourceRequest
from agecam.live.notices import Notices
from agecam.live.recording import Recorder, RecordingPhase
from agecam.live.state import SourceState
from agecam.messages import Frame
from agecam.output import VideoOptions, VideoSink, VideoWriter
from tests.live.helpers import FakeCamera, MakeSession, opening, state_of, wait_for


def frames_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.fixture
def notices() -> Notices:
    return Notices(lambda: None)


@pytest.fixture
def recorder(notices: Notices) -> Iterator[Recorder]:
    recorder = Recorder(notices, lambda: None)
    yield recorder
    recorder.close()


_times_s = itertools.count(0.0, 0.04)


def frame(image_bgr: NDArray[np.uint8]) -> Frame:
    return Frame(image_bgr, next(_times_s), 0)


def test_each_start_is_a_recording_of_its_own_and_each_stop_ends_the_latest(
    recorder: Recorder, notices: Notices, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    ids = []
    for _ in range(5):
        ids.append(recorder.start(tmp_path, is_folder=True))
        assert recorder.state().phase is RecordingPhase.WAITING
        recorder.write(frame(astronaut_bgr), ())
        recorder.write(frame(astronaut_bgr), ())
        assert recorder.state().phase is RecordingPhase.ON
        assert recorder.state().recording_id == ids[-1]
        recorder.stop()
        assert not recorder.is_running()
        recorder.write(frame(astronaut_bgr), ())
    recorder.close()
    assert ids == [1, 2, 3, 4, 5]
    assert recorder.state().phase is RecordingPhase.OFF
    assert [frames_in(path) for path in tmp_path.iterdir()] == [2] * 5
    told = [notice.text for notice in notices.take()]
    assert [text.startswith("Recording saved") for text in told] == [True] * 5


def test_a_recording_stopped_before_its_first_frame_leaves_no_file_and_says_so(
    recorder: Recorder, notices: Notices, tmp_path: Path
) -> None:
    recorder.start(tmp_path, is_folder=True)
    recorder.stop()
    recorder.close()
    assert list(tmp_path.iterdir()) == []
    (notice,) = notices.take()
    assert not notice.is_error
    assert "nothing was saved" in notice.text


def test_starting_while_one_runs_finishes_that_one_first(
    recorder: Recorder, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    recorder.start(tmp_path / "one.mp4", is_folder=False)
    recorder.write(frame(astronaut_bgr), ())
    recorder.start(tmp_path / "two.mp4", is_folder=False)
    recorder.write(frame(astronaut_bgr), ())
    recorder.write(frame(astronaut_bgr), ())
    recorder.close()
    assert [frames_in(tmp_path / name) for name in ("one.mp4", "two.mp4")] == [1, 2]


def test_a_failure_ends_the_recording_and_is_told_once(
    recorder: Recorder, notices: Notices, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    recorder.start(tmp_path / "no folder" / "out.mp4", is_folder=False)
    recorder.write(frame(astronaut_bgr), ())
    wait_for(lambda: recorder.state().phase is RecordingPhase.OFF, "the end")
    recorder.write(frame(astronaut_bgr), ())
    recorder.close()
    (notice,) = notices.take()
    assert notice.is_error
    assert "no folder" in notice.text


def test_a_recording_whose_folder_vanishes_is_not_called_saved(
    recorder: Recorder, notices: Notices, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    folder = tmp_path / "stick"
    recorder.start(folder, is_folder=True)
    recorder.write(frame(astronaut_bgr), ())
    wait_for(lambda: recorder.state().written == 1, "the frame")
    shutil.rmtree(folder)
    recorder.close()
    (notice,) = notices.take()
    assert notice.is_error
    assert "is gone" in notice.text


def test_nothing_starts_once_it_is_closed(recorder: Recorder, tmp_path: Path) -> None:
    recorder.close()
    recorder.start(tmp_path, is_folder=True)
    assert recorder.state().phase is RecordingPhase.OFF
    assert not recorder.is_running()


def test_of_starts_from_two_threads_at_most_one_runs(
    recorder: Recorder, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    starts = [
        threading.Thread(target=recorder.start, args=(tmp_path,), kwargs={"is_folder": True})
        for _ in range(8)
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    recorder.write(frame(astronaut_bgr), ())
    recorder.stop()
    assert not recorder.is_running()
    recorder.close()
    assert [frames_in(path) for path in tmp_path.iterdir()] == [1]


class _StalledDisk:
    """Makes writers of a disk that answers nothing until it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.stalled = threading.Event()

    def writer(self, path: Path, width: int, height: int, options: VideoOptions) -> VideoWriter:
        self.stalled.set()
        self.released.wait()
        return VideoWriter(path, width, height, options)

    def recorder(self, notices: Notices, on_change: object) -> Recorder:
        def make_sink(destination: Path, **options: object) -> VideoSink:
            return VideoSink(destination, make_writer=self.writer, **options)  # type: ignore[arg-type]

        return Recorder(notices, on_change, make_sink)  # type: ignore[arg-type]


def test_a_disk_that_stalls_for_seconds_does_not_slow_the_picture(
    make_session: MakeSession, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    disk = _StalledDisk()
    session = make_session(opener=opening(FakeCamera(astronaut_bgr)), recorder=disk.recorder)
    session.show(SourceRequest("0"))
    wait_for(lambda: state_of(session) is SourceState.LIVE, "the camera")
    session.start_recording(tmp_path / "out.mp4")
    session.take_snapshot(tmp_path / "snapshots")
    assert disk.stalled.wait(600)
    # While nothing can be written, frames go on to be analysed, and other files to be saved.
    times_s: set[float] = set()
    stalled_s = time.monotonic()

    def frames_went_on() -> bool:
        latest = session.latest()
        if latest is not None:
            times_s.add(latest.analysis.frame.time_s)
        return len(times_s) > 30 and time.monotonic() - stalled_s > 5.0

    wait_for(frames_went_on, "frames beside a stalled disk")
    wait_for(lambda: list((tmp_path / "snapshots").glob("*.png")), "the snapshot")
    assert session.state().recording.written == 0
    session.stop_recording()
    assert session.state().recording.phase is RecordingPhase.FINISHING
    disk.released.set()
    wait_for(lambda: session.state().recording.phase is RecordingPhase.OFF, "the file")
    assert frames_in(tmp_path / "out.mp4") == session.state().recording.written > 30
