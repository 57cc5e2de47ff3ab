"""Times that repeat, slip or start again come out strictly increasing."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agecam.timeline import MIN_STEP_S, Timeline


def places(*times_s: float | None, interval_s: float = 0.04) -> list[float]:
    timeline = Timeline()
    return [timeline.place(time_s, interval_s) for time_s in times_s]


def test_counts_from_the_first_time() -> None:
    assert places(1000.0, 1000.5, 1002.0) == pytest.approx([0, 0.5, 2.0])


def test_unknown_times_follow_at_the_usual_interval() -> None:
    assert places(None, None, None) == pytest.approx([0, 0.04, 0.08])


def test_a_repeated_time_moves_on_by_the_least_step_and_delays_nothing_after_it() -> None:
    assert places(0.0, 1.0, 1.0, 2.0) == pytest.approx([0, 1.0, 1.001, 2.0])


def test_a_new_beginning_goes_on_where_the_old_one_ended() -> None:
    assert places(10.0, 11.0, 12.0, 0.0, 1.0) == pytest.approx([0, 1.0, 2.0, 2.04, 3.04])


@given(st.lists(st.one_of(st.none(), st.floats(-1e5, 1e5)), min_size=2, max_size=30))
def test_always_increases(times_s: list[float | None]) -> None:
    placed_s = places(*times_s)
    assert placed_s[0] == 0
    steps_s = [later - earlier for earlier, later in itertools.pairwise(placed_s)]
    assert min(steps_s) >= MIN_STEP_S * 0.99
