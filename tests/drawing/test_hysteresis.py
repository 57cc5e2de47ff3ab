import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agecam.drawing.hysteresis import EstimateHysteresis, HysteresisConfig
from agecam.drawing.label_text import LabelStyle, gender_word, label_texts
from agecam.messages import Detection, Estimate, Person

MakePerson = Callable[..., Person]


def of(age: float, female: float = 0.9, half: float = 8.0) -> Estimate:
    return Estimate(age, age - half, age + half, female)


def printed(estimates: Sequence[Estimate], config: HysteresisConfig | None = None) -> list[Estimate]:
    """What is printed of one track, of which these are the fused estimates, a frame each."""
    hysteresis = EstimateHysteresis(config) if config else EstimateHysteresis()
    face = Detection((0, 0, 10, 10), 0.9, np.zeros((4, 2), np.float32))
    result = []
    for index, estimate in enumerate(estimates):
        (person,) = hysteresis.update([Person(1, face, estimate, None)], index / 25)
        assert person.estimate is not None
        result.append(person.estimate)
    return result


def test_the_first_estimate_is_printed_as_it_is() -> None:
    assert printed([of(33.27)]) == [of(33.27)]


@pytest.mark.parametrize(
    ("ages", "numbers"),
    [
        ([34.4, 34.6, 34.4, 34.6], [34, 34, 34, 34]),
        ([34.4, 34.99, 35.0], [34, 34, 34]),
        ([34.4, 35.01, 34.6], [34, 35, 35]),
        ([34.4, 33.1, 32.99, 33.4], [34, 34, 33, 33]),
        ([34.4, 60.0], [34, 60]),
    ],
)
def test_a_printed_age_changes_once_the_fused_one_is_more_than_a_year_from_it(
    ages: list[float], numbers: list[int]
) -> None:
    assert [round(one.age) for one in printed([of(age) for age in ages])] == numbers


def test_a_small_change_within_one_number_is_passed_on() -> None:
    assert [one.age for one in printed([of(34.1), of(34.3), of(34.45)])] == [34.1, 34.3, 34.45]


def test_the_ends_of_the_interval_are_held_by_themselves() -> None:
    first, second = printed([Estimate(34.4, 28.4, 41.4, 0.9), Estimate(34.4, 28.7, 42.6, 0.9)])
    assert label_texts(first, LabelStyle()) == ("34", ("28–41", "female"))
    assert label_texts(second, LabelStyle()) == ("34", ("28–43", "female"))


@pytest.mark.parametrize(
    ("probabilities", "words"),
    [
        ([0.80, 0.74, 0.66], ["female", "female", "female"]),
        ([0.80, 0.64, 0.74], ["female", "?", "?"]),
        ([0.70, 0.84, 0.86], ["?", "?", "female"]),
        ([0.30, 0.16, 0.14], ["?", "?", "male"]),
        ([0.20, 0.34, 0.36], ["male", "male", "?"]),
        ([0.90, 0.05], ["female", "male"]),
    ],
)
def test_a_printed_gender_changes_once_its_probability_is_well_past_the_border(
    probabilities: list[float], words: list[str]
) -> None:
    held = printed([of(30, female) for female in probabilities])
    assert [gender_word(one.female) for one in held] == words


def test_a_gender_at_the_border_of_doubt_does_not_flicker() -> None:
    random = np.random.default_rng(7)
    estimates = [of(30, float(female)) for female in random.uniform(0.66, 0.84, 500)]
    words = {gender_word(one.female) for one in printed(estimates)}
    assert {gender_word(one.female) for one in estimates} == {"female", "?"}
    assert len(words) == 1


ages = st.floats(0, 100)


@given(st.lists(st.tuples(ages, ages, ages, st.floats(0, 1)), min_size=1, max_size=30))
def test_whatever_comes_is_printed_nearly_as_it_is(values: list[tuple[float, float, float, float]]) -> None:
    fused = []
    for *three, female in values:
        low, age, high = sorted(three)
        fused.append(Estimate(age, low, high, female))
    for one, held in zip(fused, printed(fused), strict=True):
        assert held.age_low <= held.age <= held.age_high
        assert held.age == pytest.approx(one.age, abs=0.51 + 1e-9)
        assert held.age_low == pytest.approx(one.age_low, abs=0.51 + 1e-9)
        assert held.age_high == pytest.approx(one.age_high, abs=0.51 + 1e-9)
        assert held.female == pytest.approx(one.female, abs=0.1 + 1e-9)


@given(st.lists(ages, min_size=2, max_size=50))
def test_no_printed_age_changes_for_less_than_a_year(values: list[float]) -> None:
    held = printed([of(value) for value in values])
    for (_, before), (value, after) in itertools.pairwise(zip(values, held, strict=True)):
        if round(before.age) != round(after.age):
            assert abs(value - round(before.age)) > 1


def test_its_slack_can_be_chosen() -> None:
    config = HysteresisConfig(slack_years=0.0, gender_slack=0.0)
    held = printed([of(34.4, 0.76), of(34.6, 0.74)], config)
    assert [label_texts(one, LabelStyle(show_interval=False)) for one in held] == [
        ("34", ("female",)),
        ("35", ("?",)),
    ]


def test_all_but_the_estimates_stays_as_it_was(person: MakePerson) -> None:
    people = [
        person(track_id=4, estimate=of(40.4), raw=of(47.0), confirmed=False),
        person(500, track_id=2, estimate=None),
    ]
    hysteresis = EstimateHysteresis()
    hysteresis.update([person(track_id=4, estimate=of(40.6))], 0.0)
    first, second = hysteresis.update(people, 0.1)
    assert (first.track_id, first.face, first.raw, first.confirmed) == (4, people[0].face, of(47.0), False)
    assert first.estimate is not None
    assert round(first.estimate.age) == 41
    assert second is people[1]
    assert people[0].estimate == of(40.4)


def age_after(hysteresis: EstimateHysteresis, person: Person, time_s: float) -> int:
    (one,) = hysteresis.update([person], time_s)
    assert one.estimate is not None
    return round(one.estimate.age)


@pytest.mark.parametrize(("away_s", "age"), [(1.9, 34), (2.1, 35)])
def test_a_track_is_forgotten_when_it_was_away_for_two_seconds(
    person: MakePerson, away_s: float, age: int
) -> None:
    hysteresis = EstimateHysteresis()
    assert age_after(hysteresis, person(estimate=of(34.4)), 100.0) == 34
    for step in range(1, 11):
        assert hysteresis.update([], 100.0 + away_s * step / 11) == ()
    assert age_after(hysteresis, person(estimate=of(34.6)), 100.0 + away_s) == age


def test_a_track_in_every_frame_is_held_however_slowly_frames_come(person: MakePerson) -> None:
    hysteresis = EstimateHysteresis()
    assert age_after(hysteresis, person(estimate=of(34.4)), 0.0) == 34
    assert age_after(hysteresis, person(estimate=of(34.6)), 10.0) == 34


def test_a_track_is_kept_while_it_has_no_estimate(person: MakePerson) -> None:
    hysteresis = EstimateHysteresis()
    age_after(hysteresis, person(estimate=of(34.4)), 0.0)
    for step in range(1, 8):
        hysteresis.update([person(estimate=None)], float(step))
    assert age_after(hysteresis, person(estimate=of(34.6)), 8.0) == 34


def test_tracks_are_held_apart_and_forgotten_by_a_reset(person: MakePerson) -> None:
    hysteresis = EstimateHysteresis()
    hysteresis.update([person(track_id=1, estimate=of(20.4)), person(track_id=2, estimate=of(60.4))], 0.0)
    assert age_after(hysteresis, person(track_id=2, estimate=of(60.6)), 0.1) == 60
    assert age_after(hysteresis, person(track_id=1, estimate=of(20.6)), 0.2) == 20
    hysteresis.reset()
    assert age_after(hysteresis, person(track_id=1, estimate=of(20.6)), 0.3) == 21
