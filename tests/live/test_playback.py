"""When the frames of a file are due, and what its time line is when it plays again."""

import numpy as np
import pytest

from agecam.live.playback import PlaybackClock
from agecam.messages import Frame


def frames(times_s: list[float]) -> list[Frame]:
    return [Frame(np.zeros((4, 4, 3), np.uint8), time_s, index) for index, time_s in enumerate(times_s)]


def test_a_video_that_begins_after_its_sound_is_shown_at_once() -> None:
    playback = PlaybackClock(lambda: 100.0)
    first, second = map(playback.on_time_line, frames([0.5, 0.54]))
    assert (first.time_s, second.time_s) == (0.5, 0.54)
    assert playback.due_s(first.time_s) == 100
    assert playback.due_s(second.time_s) == pytest.approx(100.04)


def test_a_file_that_plays_again_goes_on_after_one_gap_whenever_its_first_frame_is() -> None:
    playback = PlaybackClock(lambda: 100.0)
    played = []
    for _ in range(3):
        played += [playback.on_time_line(frame) for frame in frames([0.5, 0.54, 0.58])]
        playback.rewind(0.04)
    assert [frame.time_s for frame in played] == pytest.approx([0.5 + 0.04 * i for i in range(9)])
    assert [frame.index for frame in played] == list(range(9))


def test_a_file_that_was_sought_and_plays_again_from_its_start_never_goes_back_in_time() -> None:
    playback = PlaybackClock(lambda: 100.0)
    played = [playback.on_time_line(frame) for frame in frames([12.5, 12.54])]
    playback.rewind(0.04)
    played += [playback.on_time_line(frame) for frame in frames([0.0, 0.04])]
    assert [frame.time_s for frame in played] == pytest.approx([12.5, 12.54, 12.58, 12.62])
    assert [frame.index for frame in played] == [0, 1, 2, 3]
