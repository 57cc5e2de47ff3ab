"""What becomes of frames between capture and recording; the test does what capture and analysis would."""

from dataclasses import replace

import numpy as np
import pytest

from agecam.drawing.annotate import LabelLayout
from agecam.drawing.label_text import LabelStyle
from agecam.live.feed import FeedConfig, RecordingFeed
from tests.live.feed_helpers import (
    INTERVAL_S,
    PLAIN,
    SIZE,
    KeepingRecorder,
    MakeFeed,
    analyse,
    annotated,
    captured,
    left_line,
    person,
)
from tests.live.helpers import wait_for


def test_frames_between_two_analyses_are_recorded_in_order_with_boxes_on_the_way(
    recorder: KeepingRecorder, make_feed: MakeFeed
) -> None:
    feed = make_feed()
    frames = [captured(index) for index in range(5)]
    feed.offer(frames[0], PLAIN)
    analyse(feed, frames[0], person(20))
    for one in frames[1:]:
        feed.offer(one, PLAIN)
    assert recorder.indices in ([], [0]), "what comes after the last analysis waits for the next"
    analyse(feed, frames[4], person(60))
    feed.close()
    assert recorder.indices == [0, 1, 2, 3, 4]
    assert [drawn.time_s for drawn, _, _ in recorder.recorded] == [one.frame.time_s for one in frames]
    lines = [left_line(drawn.image_bgr) for drawn, _, _ in recorder.recorded]
    assert np.diff(lines) == pytest.approx([10, 10, 10, 10], abs=1)
    assert [people[0].face.box[0] for _, _, people in recorder.recorded] == pytest.approx(
        [20, 30, 40, 50, 60]
    )
    for _, original, _ in recorder.recorded:
        assert (original.image_bgr == 255).all(), "the frame itself is left alone"
    assert recorder.dropped == []


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_over_a_cut_each_frame_has_the_people_of_its_own_shot_where_they_are_in_it(
    recorder: KeepingRecorder, make_feed: MakeFeed, cut: int
) -> None:
    feed = make_feed()
    shade = np.linspace(0, 120, SIZE[1]).astype(np.uint8)
    shots = [np.broadcast_to(one[None, :, None], (*SIZE, 3)).copy() for one in (shade, shade[::-1] + 100)]
    frames = [captured(index, image_bgr=shots[index >= cut]) for index in range(5)]
    feed.offer(frames[0], PLAIN)
    analyse(feed, frames[0], person(20), person(100, 3))
    for one in frames[1:]:
        feed.offer(one, PLAIN)
    # The same number, as where a shot comes back, and another one where somebody was.
    analyse(feed, frames[4], person(60), person(105, 4), scene=1)
    feed.close()
    seen = [[(one.track_id, one.face.box[0]) for one in people] for _, _, people in recorder.recorded]
    assert seen == [[(1, 20), (3, 100)]] * cut + [[(1, 60), (4, 105)]] * (5 - cut)


def test_an_analysed_frame_is_recorded_as_it_was_drawn_and_not_drawn_again(
    recorder: KeepingRecorder, make_feed: MakeFeed
) -> None:
    feed = make_feed()
    plain_bgr = np.zeros((*SIZE, 3), np.uint8)
    for index in range(3):
        one = captured(index)
        feed.offer(one, PLAIN)
        assert feed.begin_analysis(one), "it will be recorded: draw it"
        feed.end_analysis(one, annotated(one, [person(20)], plain_bgr=plain_bgr))
    feed.close()
    assert [drawn.image_bgr is plain_bgr for drawn, _, _ in recorder.recorded] == [True] * 3


def test_nothing_is_kept_while_nothing_is_recorded(recorder: KeepingRecorder, make_feed: MakeFeed) -> None:
    feed = make_feed()
    recorder.wanted = False
    for index in range(3):
        one = captured(index)
        feed.offer(one, PLAIN)
        assert not feed.begin_analysis(one)
        feed.end_analysis(one, annotated(one, [person(20)]))
    recorder.wanted = True  # the click
    feed.offer(captured(3), PLAIN)
    analyse(feed, captured(4), person(60))
    feed.close()
    assert recorder.indices == [3], (
        "the first frame after the click, between an analysis before it and one after"
    )
    assert left_line(recorder.recorded[0][0].image_bgr) == pytest.approx(40, abs=2)


def test_frames_of_a_source_that_was_left_get_the_last_boxes_of_theirs_and_none_of_the_next(
    recorder: KeepingRecorder, make_feed: MakeFeed
) -> None:
    feed = make_feed()
    old, late, new = captured(0), captured(1), captured(2, epoch=2)
    feed.offer(old, PLAIN)
    analyse(feed, old, person(20))
    feed.offer(late, PLAIN)
    feed.offer(new, PLAIN)
    analyse(feed, new, person(90))
    feed.close()
    assert recorder.indices == [0, 1, 2]
    lines = [left_line(drawn.image_bgr) for drawn, _, _ in recorder.recorded]
    assert lines == pytest.approx([19, 19, 89], abs=2)


def test_boxes_are_held_for_half_a_second_after_the_last_analysis(
    recorder: KeepingRecorder, make_feed: MakeFeed
) -> None:
    feed = make_feed()
    first = captured(0)
    feed.offer(first, PLAIN)
    analyse(feed, first, person(20))
    for index in range(1, 21):
        feed.offer(captured(index), PLAIN)
    feed.end()
    feed.offer(captured(21), PLAIN)
    feed.close()
    assert recorder.indices == list(range(21)), "all that waited, and nothing after the end"
    shown = [bool((drawn.image_bgr < 200).any()) for drawn, _, _ in recorder.recorded]
    assert shown == [index * INTERVAL_S <= 0.5 for index in range(21)]
    assert recorder.dropped == [22]


def test_frames_wait_for_an_analysis_that_never_comes_for_a_limited_time(
    recorder: KeepingRecorder, make_feed: MakeFeed
) -> None:
    now_s = [100.0]
    feed = make_feed(FeedConfig(longest_wait_s=2.0), lambda: now_s[0])
    first = captured(0)
    feed.offer(first, PLAIN)
    analyse(feed, first, person(20))
    feed.offer(captured(1), PLAIN)
    now_s[0] = 101.0
    feed.offer(captured(2), PLAIN)
    wait_for(lambda: recorder.indices == [0], "the analysed frame")
    now_s[0] = 102.5
    wait_for(lambda: recorder.indices == [0, 1], "the frame that has waited for more than two seconds")
    analyse(feed, captured(3), person(60))
    wait_for(lambda: recorder.indices == [0, 1, 2], "the next")
    assert left_line(recorder.recorded[2][0].image_bgr) == pytest.approx(19 + 40 * 2 / 3, abs=2)


def test_labels_stay_at_the_places_that_they_have_in_the_analysed_frame_before(
    recorder: KeepingRecorder, make_feed: MakeFeed
) -> None:
    feed = make_feed()
    canvas = np.full((360, 640, 3), 255, np.uint8)
    first, between, last = (captured(index, image_bgr=canvas.copy()) for index in range(3))
    feed.offer(first, PLAIN)
    feed.begin_analysis(first)
    # Above the hair, though below the face it is free and would be the first choice.
    feed.end_analysis(first, annotated(first, [person(300, y=150)], layout=LabelLayout({1: 7})))
    feed.offer(between, PLAIN)
    analyse(feed, last, person(300, y=150))
    feed.close()
    (_, (drawn, _, _)) = recorder.recorded
    assert (drawn.image_bgr[105:130, 290:350] < 100).any(), "the label is above the hair"
    assert (drawn.image_bgr[195:] == 255).all(), "and nothing below the face"


def test_the_style_is_that_of_the_moment_of_capture(recorder: KeepingRecorder, make_feed: MakeFeed) -> None:
    feed = make_feed()
    canvas = np.full((360, 640, 3), 255, np.uint8)
    frames = [captured(index, image_bgr=canvas.copy()) for index in range(4)]
    feed.offer(frames[0], PLAIN)
    analyse(feed, frames[0], person(300, y=150))
    feed.offer(frames[1], PLAIN)
    feed.offer(frames[2], LabelStyle("none", show_interval=False, show_gender=False))
    analyse(feed, frames[3], person(300, y=150))
    feed.close()
    labelled = [bool((drawn.image_bgr[195:220] < 100).any()) for drawn, _, _ in recorder.recorded]
    assert labelled == [True, True, False]


@pytest.mark.expects_log("unexpected error while a frame was drawn")
def test_a_frame_that_cannot_be_drawn_is_counted_and_the_next_is_recorded(
    recorder: KeepingRecorder, make_feed: MakeFeed
) -> None:
    feed = make_feed()
    broken = person(float("nan"))
    first, second, third = captured(0), captured(1), captured(2)
    feed.offer(first, PLAIN)
    analyse(feed, first, broken)
    feed.offer(second, PLAIN)
    feed.offer(third, PLAIN)
    analyse(feed, third, person(20))
    feed.close()
    assert recorder.dropped
    assert recorder.indices[-1] == 2


def test_a_feed_that_was_never_started_still_hands_on_what_it_has(recorder: KeepingRecorder) -> None:
    feed = RecordingFeed(recorder)
    feed.offer(captured(0), PLAIN)
    feed.close()
    assert recorder.indices == [0]


def test_frames_that_the_source_lost_are_counted(recorder: KeepingRecorder, make_feed: MakeFeed) -> None:
    feed = make_feed()
    feed.offer(captured(0), PLAIN)
    feed.offer(replace(captured(4), lost=3), PLAIN)
    feed.close()
    assert recorder.lost == 3
    assert recorder.indices == [0, 4]
