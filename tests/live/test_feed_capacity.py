"""What the frames between capture and file may take, and what is left out where there is no room."""

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from agecam.live.feed import FeedConfig, RecordingFeed
from agecam.messages import Frame, Person
from tests.live.feed_helpers import (
    FRAME_BYTES,
    PLAIN,
    SIZE,
    KeepingClaim,
    KeepingRecorder,
    MakeFeed,
    analyse,
    annotated,
    captured,
    left_line,
    person,
    small_feed,
)


class StuckClaim(KeepingClaim):
    """Does not come back from the recording until that is released."""

    def record(self, drawn: Frame, original: Frame, people: Sequence[Person]) -> None:
        assert isinstance(self.recorder, StuckRecorder)
        self.recorder.stuck.set()
        self.recorder.released.wait()
        super().record(drawn, original, people)


class StuckRecorder(KeepingRecorder):
    def __init__(self) -> None:
        super().__init__()
        self.stuck, self.released = threading.Event(), threading.Event()

    def claim(self) -> KeepingClaim:
        self.claims += 1
        return StuckClaim(self, self.claims)


def test_what_does_not_fit_is_counted_and_analysed_frames_are_never_left_out(
    recorder: KeepingRecorder, make_feed: MakeFeed
) -> None:
    feed = make_feed(small_feed(4))
    frames = [captured(index) for index in range(10)]
    feed.offer(frames[0], PLAIN)
    assert feed.begin_analysis(frames[0])
    for one in frames[1:]:
        feed.offer(one, PLAIN)
    feed.end_analysis(frames[0], annotated(frames[0], [person(20)]))
    analyse(feed, frames[9], person(56))  # the newest, as the slot gives it
    feed.close()
    assert recorder.indices == [0, 1, 2, 9]
    assert sorted(recorder.dropped) == [4, 5, 6, 7, 8, 9], "by the numbers of their claims, from 1"
    assert left_line(recorder.recorded[2][0].image_bgr) == pytest.approx(19 + 8, abs=2)


def test_the_frame_that_is_analysed_stays_even_where_there_is_room_for_no_other(
    recorder: KeepingRecorder, make_feed: MakeFeed
) -> None:
    feed = make_feed(small_feed(0))
    frames = [captured(index) for index in range(4)]
    feed.offer(frames[0], PLAIN)
    feed.begin_analysis(frames[0])
    for one in frames[1:]:
        feed.offer(one, PLAIN)
    feed.end_analysis(frames[0], annotated(frames[0], [person(20)]))
    feed.close()
    assert recorder.indices == [0]
    assert sorted(recorder.dropped) == [2, 3, 4]


def test_frames_that_wait_to_be_written_take_room_from_those_that_wait_for_an_analysis(
    recorder: KeepingRecorder, make_feed: MakeFeed
) -> None:
    feed = make_feed(small_feed(4))
    recorder.queued = 2 * FRAME_BYTES
    frames = [captured(index) for index in range(6)]
    feed.offer(frames[0], PLAIN)
    feed.begin_analysis(frames[0])
    for one in frames[1:4]:
        feed.offer(one, PLAIN)
    assert sorted(recorder.dropped) == [2, 3], "the newest takes the place of each before it"
    recorder.queued = 4 * FRAME_BYTES
    feed.offer(frames[4], PLAIN)
    assert sorted(recorder.dropped) == [2, 3, 5], "nothing that waits goes where that is not enough"
    recorder.queued = 0
    feed.offer(frames[5], PLAIN)
    feed.end_analysis(frames[0], annotated(frames[0], [person(20)]))
    analyse(feed, frames[5], person(60))
    feed.close()
    assert recorder.indices == [0, 3, 5]


def test_what_is_drawn_of_an_analysed_frame_counts_until_it_is_recorded() -> None:
    recorder = StuckRecorder()
    feed = RecordingFeed(recorder, small_feed(3))
    feed.start()
    frames = [captured(index) for index in range(3)]
    try:
        feed.offer(frames[0], PLAIN)
        feed.begin_analysis(frames[0])
        drawn_bgr = np.zeros((*SIZE, 3), np.uint8)
        feed.end_analysis(frames[0], annotated(frames[0], plain_bgr=drawn_bgr))
        assert recorder.stuck.wait(600)
        feed.offer(frames[1], PLAIN)
        feed.offer(frames[2], PLAIN)
        assert recorder.dropped == [2], "the two images of the first, and one more"
    finally:
        recorder.released.set()
        feed.close()
    assert recorder.indices == [0, 2]
    assert recorder.recorded[0][0].image_bgr is drawn_bgr


@pytest.mark.parametrize(
    ("frame_px", "frames"), [(640 * 480, 71), (1280 * 720, 24), (1920 * 1080, 16), (3840 * 2160, 4)]
)
def test_there_is_room_for_four_fifths_of_a_second_and_no_more_than_100_mb(
    frame_px: int, frames: int
) -> None:
    capacity_bytes = FeedConfig().capacity_for(frame_px * 3)
    assert capacity_bytes // (frame_px * 3) == frames
    assert capacity_bytes <= 100_000_000


def test_capture_never_waits_for_a_recording_that_does() -> None:
    recorder = StuckRecorder()
    feed = RecordingFeed(recorder, small_feed(5))
    feed.start()
    try:
        for index in range(50):
            one = captured(index)
            feed.offer(one, PLAIN)
            analyse(feed, one, person(20))
            if index == 0:
                assert recorder.stuck.wait(600)
    finally:
        recorder.released.set()
        feed.close()
    assert len(recorder.recorded) + len(recorder.dropped) == 50
    assert len(recorder.recorded) >= 5
