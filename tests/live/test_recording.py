"""The one state of recording, however fast it is started and stopped, and disks that stall."""

import itertools
import random
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
from agecam.output import RecordingOptions, RecordingSink, VideoOptions, VideoWriter
from agecam.output.disk import RECORDING_DISK
from tests.live.helpers import FakeCamera, MakeSession, opening, state_of, wait_for
from tests.output.helpers import FakeDisk


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


def record(recorder: Recorder, one: Frame) -> bool:
    """Capture and record a frame; whether a recording wanted it."""
    claim = recorder.claim()
    if claim is not None:
        claim.record(one, one, ())
    return claim is not None


def times_in(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(one.time or 0) for one in container.decode(video=0)]


def test_each_start_is_a_recording_of_its_own_and_each_stop_ends_the_latest(
    recorder: Recorder, notices: Notices, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    ids = []
    for _ in range(5):
        ids.append(recorder.start(tmp_path, is_folder=True))
        assert recorder.state().phase is RecordingPhase.WAITING
        record(recorder, frame(astronaut_bgr))
        record(recorder, frame(astronaut_bgr))
        assert recorder.state().phase is RecordingPhase.ON
        assert recorder.state().recording_id == ids[-1]
        recorder.stop()
        assert not recorder.is_running()
        record(recorder, frame(astronaut_bgr))
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
    record(recorder, frame(astronaut_bgr))
    recorder.start(tmp_path / "two.mp4", is_folder=False)
    record(recorder, frame(astronaut_bgr))
    record(recorder, frame(astronaut_bgr))
    recorder.close()
    assert [frames_in(tmp_path / name) for name in ("one.mp4", "two.mp4")] == [1, 2]


def test_a_failure_ends_the_recording_and_is_told_once(
    recorder: Recorder, notices: Notices, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    recorder.start(tmp_path / "no folder" / "out.mp4", is_folder=False)
    record(recorder, frame(astronaut_bgr))
    wait_for(lambda: recorder.state().phase is RecordingPhase.OFF, "the end")
    record(recorder, frame(astronaut_bgr))
    recorder.close()
    (notice,) = notices.take()
    assert notice.is_error
    assert "no folder" in notice.text


def test_a_recording_whose_folder_vanishes_is_not_called_saved(
    recorder: Recorder, notices: Notices, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    folder = tmp_path / "stick"
    recorder.start(folder, is_folder=True)
    record(recorder, frame(astronaut_bgr))
    wait_for(lambda: recorder.state().written == 1, "the frame")
    shutil.rmtree(folder)
    recorder.close()
    (notice,) = notices.take()
    assert notice.is_error
    assert "is gone" in notice.text


def test_a_pause_leaves_no_gap_and_no_frame_behind(
    recorder: Recorder, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    recorder.start(tmp_path / "out.mp4", is_folder=False, options=RecordingOptions(content="both"))
    for index in range(30):
        if index in (5, 20):
            recorder.pause()
            assert recorder.state().phase is RecordingPhase.PAUSED
            assert recorder.state().is_running
        if index in (15, 25):
            recorder.resume()
            assert recorder.state().phase is RecordingPhase.ON
        one = Frame(astronaut_bgr, 100 + index * 0.04 + (3600 if index >= 20 else 0), index)
        assert record(recorder, one) is not (5 <= index < 15 or 20 <= index < 25)
    recorder.stop()
    recorder.close()
    assert recorder.state().phase is RecordingPhase.OFF
    evenly = pytest.approx([index * 0.04 for index in range(15)], abs=0.002)
    assert times_in(tmp_path / "out.mp4") == evenly
    assert times_in(tmp_path / "out original.mp4") == evenly
    assert (recorder.state().written, recorder.state().dropped) == (15, 0)


def test_a_frame_that_was_captured_before_a_pause_is_recorded_though_it_comes_after(
    recorder: Recorder, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    frames = [Frame(astronaut_bgr, index * 0.04, index) for index in range(40)]
    recorder.start(tmp_path / "out.mp4", is_folder=False)
    early = [recorder.claim() for _ in range(3)]
    recorder.pause()
    recorder.resume()
    late = [recorder.claim() for _ in range(3)]
    for claim, one in zip((*early, *late), (*frames[:3], *frames[30:33]), strict=True):
        assert claim is not None
        if one.index in (2, 30):
            claim.drop()
        else:
            claim.record(one, one, ())
    recorder.stop()
    recorder.close()
    times_s = times_in(tmp_path / "out.mp4")
    assert times_s == pytest.approx([0, 0.04, 0.08, 0.12], abs=0.002)
    assert recorder.state().dropped == 2


def test_a_recording_may_be_paused_before_its_first_frame_and_stopped_while_it_is_paused(
    recorder: Recorder, notices: Notices, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    recorder.start(tmp_path / "out.mp4", is_folder=False)
    recorder.pause()
    recorder.pause()
    assert not record(recorder, frame(astronaut_bgr))
    recorder.resume()
    assert recorder.state().phase is RecordingPhase.WAITING
    recorder.resume()
    assert record(recorder, frame(astronaut_bgr))
    recorder.pause()
    recorder.stop()
    recorder.resume()
    recorder.close()
    assert recorder.state().phase is RecordingPhase.OFF
    assert frames_in(tmp_path / "out.mp4") == 1
    (notice,) = notices.take()
    assert notice.text.startswith("Recording saved")


def test_pausing_and_resuming_without_a_recording_does_nothing(recorder: Recorder) -> None:
    recorder.pause()
    recorder.resume()
    assert recorder.state().phase is RecordingPhase.OFF


def test_any_order_of_clicks_leaves_whole_files_and_the_right_state(
    recorder: Recorder, notices: Notices, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    small = np.ascontiguousarray(astronaut_bgr[:64, :64])
    clicks = random.Random(16)
    stopped = threading.Event()

    def feed() -> None:
        for index in itertools.count():
            if stopped.is_set():
                return
            record(recorder, Frame(small, index * 0.04, index))

    feeder = threading.Thread(target=feed)
    feeder.start()
    started, expected = 0, RecordingPhase.OFF
    for _ in range(300):
        click = clicks.choice(("start", "pause", "resume", "stop"))
        if click == "start":
            recorder.start(tmp_path, is_folder=True)
            started, expected = started + 1, RecordingPhase.ON
        elif click == "pause":
            recorder.pause()
            expected = RecordingPhase.PAUSED if expected is not RecordingPhase.OFF else expected
        elif click == "resume":
            recorder.resume()
            expected = RecordingPhase.ON if expected is not RecordingPhase.OFF else expected
        else:
            recorder.stop()
            expected = RecordingPhase.OFF
        state = recorder.state()
        assert state.recording_id == started
        assert state.is_paused is (expected is RecordingPhase.PAUSED)
        assert state.is_running is (expected is not RecordingPhase.OFF)
    stopped.set()
    feeder.join()
    recorder.close()
    assert not any(notice.is_error for notice in notices.take())
    assert all(path.suffix == ".mp4" and ".part" not in path.name for path in tmp_path.iterdir())
    assert all(times_in(path) for path in tmp_path.iterdir())


def test_what_was_lost_on_the_way_and_in_the_queue_is_counted_and_told(
    recorder: Recorder, notices: Notices, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    recorder.start(tmp_path / "out.mp4", is_folder=False)
    recorder.count_lost(10)  # before it began
    assert record(recorder, frame(astronaut_bgr))
    recorder.pause()
    recorder.count_lost(10)
    recorder.resume()
    recorder.count_lost(2)
    for _ in range(3):
        claim = recorder.claim()
        assert claim is not None
        claim.drop()
    assert recorder.state().dropped == 5
    recorder.close()
    (notice,) = notices.take()
    assert notice.text.endswith("out.mp4 (0 s, 5 frames dropped)")


def test_parts_are_told_in_one_sentence(
    recorder: Recorder, notices: Notices, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    recorder.start(tmp_path / "out.mp4", is_folder=False)
    record(recorder, frame(astronaut_bgr))
    record(recorder, frame(np.ascontiguousarray(astronaut_bgr[:256])))
    wait_for(lambda: recorder.state().part == 2, "the second part")
    recorder.close()
    (notice,) = notices.take()
    assert notice.text.startswith(f"Recording saved: {tmp_path}/out.mp4 and 1 more in {tmp_path} (")


def test_what_a_crash_has_left_is_told(recorder: Recorder, notices: Notices, tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "whole.mp4", 64, 64) as writer:
        for index in range(30):
            writer.write(np.zeros((64, 64, 3), np.uint8), index / 10)
        shutil.copy(tmp_path / "whole.mp4", tmp_path / "AgeCam 2026-11-25 20-00-00.part.mp4")
    recorder.finish_leftovers_in(tmp_path)
    (notice,) = notices.take()
    path = tmp_path / "AgeCam 2026-11-25 20-00-00.mp4"
    assert notice.text == f"A recording that was cut off has been finished: {path}"
    assert frames_in(path) >= 20


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
    record(recorder, frame(astronaut_bgr))
    recorder.stop()
    assert not recorder.is_running()
    recorder.close()
    assert [frames_in(path) for path in tmp_path.iterdir()] == [1]


def test_how_long_the_disk_lasts_is_known_once_the_recording_has_a_rate(
    notices: Notices, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    disk = FakeDisk(free=60_000_000)

    def make_sink(destination: Path, **options: object) -> RecordingSink:
        return RecordingSink(destination, guard=disk.guard(RECORDING_DISK), **options)  # type: ignore[arg-type]

    recorder = Recorder(notices, lambda: None, make_sink)
    recorder.start(tmp_path / "out.mp4", is_folder=False)
    for index in range(40):
        record(recorder, Frame(astronaut_bgr, index * 0.2, index))
        if index == 5:
            wait_for(lambda: recorder.state().written == 6, "some frames")
            assert recorder.state().room_s is None, "a second tells no rate"
    wait_for(lambda: recorder.state().written == 40, "all frames")
    state = recorder.state()
    assert state.size_bytes > 0
    assert state.room_s == pytest.approx(50_000_000 * 7.8 / state.size_bytes), "but for what others are left"
    recorder.close()
    assert recorder.state().size_bytes == (tmp_path / "out.mp4").stat().st_size


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
        def make_sink(destination: Path, **options: object) -> RecordingSink:
            return RecordingSink(destination, make_writer=self.writer, **options)  # type: ignore[arg-type]

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
