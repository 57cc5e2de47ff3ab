"""The feed and the recorder together: which frames are in which file, however recordings come and go."""

from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from agecam.live.feed import FeedConfig, RecordingFeed
from agecam.live.notices import Notices
from agecam.live.recording import Recorder, RecordingPhase
from tests.live.feed_helpers import INTERVAL_S, PLAIN, analyse, captured, person
from tests.live.helpers import wait_for

OFF = RecordingPhase.OFF


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder(Notices(lambda: None), lambda: None)
    yield recorder
    recorder.close()


@pytest.fixture
def feed(recorder: Recorder) -> Iterator[RecordingFeed]:
    feed = RecordingFeed(recorder, FeedConfig(longest_wait_s=1e6))
    feed.start()
    yield feed
    feed.close()


def capture(feed: RecordingFeed, first: int, last: int) -> None:
    for index in range(first, last + 1):
        feed.offer(captured(index), PLAIN)


def times_in(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def evenly(frames: int) -> object:
    return pytest.approx([number * INTERVAL_S for number in range(frames)], abs=0.002)


def test_a_recording_that_is_stopped_waits_for_the_frames_captured_before_and_takes_none_after(
    recorder: Recorder, feed: RecordingFeed, tmp_path: Path
) -> None:
    recorder.start(tmp_path / "out.mp4", is_folder=False)
    capture(feed, 0, 0)
    analyse(feed, captured(0), person(20))
    capture(feed, 1, 6)
    recorder.stop()
    assert recorder.state().phase is RecordingPhase.FINISHING, "at once, for whoever looks"
    capture(feed, 7, 9)
    analyse(feed, captured(8), person(60))
    wait_for(lambda: recorder.state().phase is OFF, "the file")
    assert times_in(tmp_path / "out.mp4") == evenly(7)
    assert recorder.state().written == 7
    assert recorder.state().dropped == 0


def test_each_frame_goes_to_the_recording_that_ran_when_it_was_captured(
    recorder: Recorder, feed: RecordingFeed, tmp_path: Path
) -> None:
    recorder.start(tmp_path / "one.mp4", is_folder=False)
    capture(feed, 0, 3)
    recorder.start(tmp_path / "two.mp4", is_folder=False)
    capture(feed, 4, 8)
    recorder.stop()
    capture(feed, 9, 9)
    recorder.start(tmp_path / "three.mp4", is_folder=False)
    capture(feed, 10, 11)
    analyse(feed, captured(11), person(20))
    feed.close()
    recorder.close()
    files = [times_in(tmp_path / name) for name in ("one.mp4", "two.mp4", "three.mp4")]
    assert files == [evenly(4), evenly(5), evenly(2)]


def test_frames_captured_before_a_pause_are_recorded_and_those_during_it_are_not(
    recorder: Recorder, feed: RecordingFeed, tmp_path: Path
) -> None:
    recorder.start(tmp_path / "out.mp4", is_folder=False)
    capture(feed, 0, 4)
    recorder.pause()
    capture(feed, 5, 20)
    recorder.resume()
    capture(feed, 21, 25)
    analyse(feed, captured(25), person(20))
    feed.close()
    recorder.close()
    assert times_in(tmp_path / "out.mp4") == evenly(10)


def test_frames_that_did_not_fit_are_counted_by_their_own_recording(
    recorder: Recorder, tmp_path: Path
) -> None:
    one_frame = captured(0).frame.image_bgr.nbytes
    feed = RecordingFeed(
        recorder, FeedConfig(capacity_bytes=2 * one_frame, usual_frames=0, longest_wait_s=1e6)
    )
    feed.start()
    recorder.start(tmp_path / "one.mp4", is_folder=False)
    capture(feed, 0, 4)
    assert recorder.state().dropped == 3
    feed.close()
    wait_for(lambda: recorder.state().written == 2, "the frames that were kept")
    recorder.close()
    assert times_in(tmp_path / "one.mp4") == pytest.approx([0.0, 4 * INTERVAL_S], abs=0.002)


def test_closing_leaves_nothing_waiting(recorder: Recorder, feed: RecordingFeed, tmp_path: Path) -> None:
    recorder.start(tmp_path / "out.mp4", is_folder=False)
    capture(feed, 0, 0)
    analyse(feed, captured(0), person(20))
    capture(feed, 1, 5)
    feed.close()
    recorder.close()
    assert recorder.state().phase is OFF
    assert times_in(tmp_path / "out.mp4") == evenly(6)
