"""Fused estimates are nearer the truth than single predictions, and follow a change of person."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection, Estimate
from agecam.vision.evidence import EvidenceConfig
from agecam.vision.fusion import Fusion, FusionConfig

MakeFace = Callable[..., Detection]


@dataclass(frozen=True, slots=True)
class Raw:
    """What the predictions have in common: interval ``half`` years below the age and 1.2 times that above."""

    half: float = 5.0
    female: float = 0.9
    quality: float = 1.0


class Feed(Protocol):
    """Gives a fusion one prediction a frame and returns the fused estimate after each."""

    def __call__(
        self,
        fusion: Fusion,
        ages: Sequence[float] | NDArray[np.float64],
        fps: float = 25,
        *,
        start_s: float = 0.0,
        raw: Raw = Raw(),
        place: tuple[float, float, float] = (0, 0, 100),
    ) -> list[Estimate]: ...


@pytest.fixture
def feed(face: MakeFace) -> Feed:
    def feed(
        fusion: Fusion,
        ages: Sequence[float] | NDArray[np.float64],
        fps: float = 25,
        *,
        start_s: float = 0.0,
        raw: Raw = Raw(),
        place: tuple[float, float, float] = (0, 0, 100),
    ) -> list[Estimate]:
        fused = []
        for index, age in enumerate(float(age) for age in ages):
            prediction = Estimate(age, age - raw.half, age + 1.2 * raw.half, raw.female)
            fusion.add(prediction, raw.quality, face(*place), start_s + index / fps)
            fused.append(estimate_of(fusion))
        return fused

    return feed


def estimate_of(fusion: Fusion) -> Estimate:
    estimate = fusion.estimate()
    assert estimate is not None
    return estimate


def width(estimate: Estimate) -> float:
    return estimate.age_high - estimate.age_low


def test_there_is_no_estimate_before_the_first_prediction() -> None:
    assert Fusion().estimate() is None


def test_the_first_prediction_comes_out_as_it_is(feed: Feed) -> None:
    (fused,) = feed(Fusion(), [33.25])
    assert fused.age == pytest.approx(33.25, abs=0.01)
    assert fused.female == pytest.approx(0.9, abs=0.005)
    assert (fused.age_low, fused.age_high) == pytest.approx((28.25, 39.25), abs=0.05)


def test_the_fused_age_is_far_nearer_the_truth_than_single_predictions(feed: Feed) -> None:
    rng = np.random.default_rng(4)
    ages = 42 + rng.normal(0, 6, 200)
    fused = np.array([one.age for one in feed(Fusion(), ages)])
    assert np.abs(fused[50:] - 42).mean() < 0.2 * np.abs(ages[50:] - 42).mean()


def test_the_fused_age_is_the_fading_mean_itself(feed: Feed) -> None:
    """Not rounded and not held: what keeps printed numbers steady is left to drawing."""
    rng = np.random.default_rng(5)
    ages = 40 + rng.normal(0, 3, 400)
    weighted = total = 0.0
    for age, fused in zip(ages, feed(Fusion(), ages), strict=True):
        keep = np.exp(-(1 / 25) / EvidenceConfig().memory_s) if total else 0.0
        weighted, total = keep * weighted + age, keep * total + 1
        assert fused.age == pytest.approx(weighted / total, abs=0.002)


def test_every_prediction_moves_the_estimate(feed: Feed) -> None:
    fused = feed(Fusion(), [30.0, 30.2, 30.4, 30.6], raw=Raw(female=0.8))
    ages = [one.age for one in fused]
    assert ages == sorted(set(ages))
    assert ages[-1] < 30.4


def test_poor_crops_count_little(feed: Feed) -> None:
    fusion = Fusion()
    feed(fusion, [30] * 20)
    assert feed(fusion, [36] * 5, start_s=0.8, raw=Raw(quality=0.02))[-1].age < 31


def test_uncertain_predictions_count_little(feed: Feed) -> None:
    fusion = Fusion()
    feed(fusion, [30] * 10, raw=Raw(half=3.0))
    assert feed(fusion, [45] * 5, start_s=0.4, raw=Raw(half=20.0))[-1].age < 31


def test_the_interval_narrows_with_evidence_down_to_what_frames_cannot_tell(feed: Feed) -> None:
    widths = [width(one) for one in feed(Fusion(), [50.0] * 500, fps=5, raw=Raw(half=20.0))]
    least = float(np.sqrt(EvidenceConfig().person_part)) * 44
    assert widths[0] > 44
    assert widths[100] < 0.97 * widths[0]
    assert widths == sorted(widths, reverse=True)
    assert least < widths[-1] < least + 0.5


def test_many_frames_at_once_are_hardly_more_evidence_than_one(feed: Feed) -> None:
    first, *_, burst = feed(Fusion(), [50.0] * 12, fps=1000, raw=Raw(half=20.0))
    spread = feed(Fusion(), [50.0] * 12, fps=2, raw=Raw(half=20.0))[-1]
    assert width(burst) > width(first) - 1.0
    assert width(spread) < width(first) - 1.5


def test_old_predictions_fade(feed: Feed) -> None:
    fusion = Fusion()
    feed(fusion, [38] * 50, raw=Raw(half=10))
    assert feed(fusion, [42] * 50, start_s=100, raw=Raw(half=10))[-1].age == pytest.approx(42, abs=0.1)


def test_how_long_predictions_count_is_configured(feed: Feed) -> None:
    forgetful = Fusion(FusionConfig(evidence=EvidenceConfig(memory_s=0.1)))
    feed(forgetful, [38] * 50, raw=Raw(half=10))
    assert feed(forgetful, [42] * 25, start_s=2, raw=Raw(half=10))[-1].age == pytest.approx(42, abs=0.01)


def test_the_interval_holds_the_age(face: MakeFace) -> None:
    rng = np.random.default_rng(6)
    fusion = Fusion()
    for index in range(200):
        age = rng.uniform(0, 90)
        fusion.add(Estimate(age, age - 0.1, age + 0.1, 0.5), 1.0, face(0, 0), index / 25)
        fused = estimate_of(fusion)
        assert fused.age_low <= fused.age <= fused.age_high


@pytest.mark.parametrize("female", [0.0, 1.0])
def test_overconfident_predictions_do_no_harm(face: MakeFace, female: float) -> None:
    fusion = Fusion()
    for index in range(20):
        fusion.add(Estimate(30.0, 30.0, 30.0, female), 1.0, face(0, 0), index / 25)
    fused = estimate_of(fusion)
    assert (fused.age_low, fused.age, fused.age_high) == pytest.approx((30, 30, 30), abs=0.01)
    assert fused.female == pytest.approx(female, abs=0.01)


def test_a_gender_over_seconds_counts_more_than_one_of_a_moment(feed: Feed) -> None:
    fusion = Fusion()
    moment = feed(fusion, [30] * 8, fps=25, raw=Raw(female=0.9))
    seconds = feed(fusion, [30] * 8, fps=4, start_s=0.5, raw=Raw(female=0.1))
    assert moment[-1].female == pytest.approx(0.9, abs=0.005)
    assert seconds[-1].female < 0.4


def test_a_suspected_change_of_person_that_predictions_show_begins_anew(feed: Feed) -> None:
    fusion = Fusion()
    before = feed(fusion, [22] * 100, raw=Raw(female=0.97))
    assert fusion.suspect()
    fused = feed(fusion, [61] * 30, start_s=4.0, raw=Raw(female=0.04))
    assert fused[0].age < 40  # one prediction may be wrong
    assert fused[5].age == pytest.approx(61, abs=0.01)  # of six predictions, none from before
    assert fused[5].female == pytest.approx(0.04, abs=0.01)
    assert width(fused[5]) > width(before[-1])


def test_begins_anew_is_told_once(face: MakeFace) -> None:
    fusion = Fusion()
    for index in range(50):
        assert not fusion.add(Estimate(22, 17, 28, 0.97), 1.0, face(0, 0), index / 25)
    fusion.suspect()
    told = [fusion.add(Estimate(61, 56, 67, 0.04), 1.0, face(0, 0), 2 + index / 25) for index in range(20)]
    assert told == [False] * 5 + [True] + [False] * 14


def test_a_face_that_predictions_alone_take_for_another_keeps_its_evidence_and_widens(feed: Feed) -> None:
    fusion = Fusion()
    before = feed(fusion, [24] * 100, raw=Raw(half=6))[-1]
    squinting = feed(fusion, [43] * 12, fps=4, start_s=4.2, raw=Raw(half=6))
    assert max(np.diff([before.age, *(one.age for one in squinting)])) < 6
    assert squinting[-1].age < 34
    assert squinting[-1].age_low < 24
    assert width(squinting[-1]) > 1.3 * width(before)


def test_a_suspicion_that_predictions_do_not_share_is_dropped(feed: Feed) -> None:
    fusion = Fusion()
    before = feed(fusion, [30] * 50)[-1]
    assert fusion.suspect()
    assert not fusion.suspect()  # already
    assert feed(fusion, [31] * 6, start_s=2.0)[-1].age == pytest.approx(before.age, abs=0.3)
    assert fusion.suspect()


def test_predictions_that_scatter_widen_the_interval(feed: Feed) -> None:
    scattered = feed(Fusion(), [75, 42, 34, 67, 30, 71] * 3, fps=5, raw=Raw(half=9))[-1]
    steady = feed(Fusion(), [53] * 18, fps=5, raw=Raw(half=9))[-1]
    assert scattered.age_low < 35
    assert width(scattered) > 2 * width(steady)


def test_poor_crops_leave_the_estimate_near_the_mean_age_and_wide(feed: Feed) -> None:
    poor, good = (feed(Fusion(), [70] * 5, raw=Raw(half=8, quality=q))[-1] for q in (0.002, 0.5))
    assert 35 < poor.age < 45
    assert width(poor) > 40
    assert good.age == pytest.approx(70, abs=0.2)
    assert width(good) < 20


@pytest.mark.parametrize(("age", "half"), [(6, 3), (10, 5)])
def test_a_child_whose_crop_is_small_is_shown_as_a_child(feed: Feed, age: float, half: float) -> None:
    far = feed(Fusion(), [age] * 8, fps=8, raw=Raw(half=half, quality=0.03))[-1]
    near = feed(Fusion(), [age] * 8, fps=8, raw=Raw(half=half, quality=0.5))[-1]
    assert far.age < age + 3
    assert far.age_low < age - 2
    assert far.age_high < 25
    assert width(far) > 1.2 * width(near)


def test_poor_crops_leave_the_gender_open(feed: Feed) -> None:
    assert feed(Fusion(), [30] * 3, raw=Raw(female=0.95, quality=0.002))[-1].female < 0.75
    assert feed(Fusion(), [30] * 3, raw=Raw(female=0.95, quality=0.5))[-1].female > 0.94


def test_a_change_of_person_is_taken_up_sooner_after_a_jump(feed: Feed) -> None:
    after = {}
    for place in ((0, 0, 100), (150, 40, 100)):
        fusion = Fusion()
        feed(fusion, [30] * 100, raw=Raw(half=8, female=0.9))
        after[place] = feed(fusion, [41] * 10, start_s=4.6, place=place, raw=Raw(half=8, female=0.9))[-1].age
    assert after[(150, 40, 100)] == pytest.approx(41, abs=0.5)
    assert after[(0, 0, 100)] < 36


def test_the_limit_of_change_is_configured(feed: Feed) -> None:
    fusion = Fusion(FusionConfig(change_limit=100.0))
    feed(fusion, [22] * 100, raw=Raw(female=0.97))
    fusion.suspect()
    assert feed(fusion, [61] * 30, start_s=4.0, raw=Raw(female=0.04))[8].age < 30


def test_a_face_covered_for_a_moment_is_still_the_same_person(feed: Feed) -> None:
    fusion = Fusion()
    feed(fusion, [30] * 50, raw=Raw(half=6))
    feed(fusion, [48] * 3, start_s=2, raw=Raw(half=14, quality=0.2))
    assert feed(fusion, [30] * 10, start_s=2.1, raw=Raw(half=6))[-1].age == pytest.approx(30, abs=1)


def test_without_a_gender_the_age_is_the_same_and_the_gender_stays(feed: Feed) -> None:
    ages = [30, 34, 31, 36, 33, 35, 32, 31]
    whole, part = Fusion(), Fusion()
    feed(whole, ages, raw=Raw(female=0.7))
    feed(part, ages[:1], raw=Raw(female=0.7))
    fused = feed(part, ages[1:], start_s=0.04, raw=Raw(female=math.nan))
    assert fused[-1].female == pytest.approx(0.7, abs=0.01)
    one, other = estimate_of(whole), fused[-1]
    assert (one.age, one.age_low, one.age_high) == (other.age, other.age_low, other.age_high)


def test_a_gender_counts_by_the_time_since_the_last_one(feed: Feed) -> None:
    fusion = Fusion()
    feed(fusion, [30], raw=Raw(female=0.9))
    feed(fusion, [30] * 24, start_s=0.04, raw=Raw(female=math.nan))
    (late,) = feed(fusion, [30], start_s=1.0, raw=Raw(female=0.1))
    assert late.female == pytest.approx(0.5, abs=0.03)


def test_predictions_without_gender_drift_by_their_ages_alone(feed: Feed, face: MakeFace) -> None:
    def split(female: float, age: float) -> bool:
        fusion = Fusion()
        feed(fusion, [30] * 10, raw=Raw(female=0.95))
        assert fusion.suspect()
        feed(fusion, [age] * 5, start_s=0.4, raw=Raw(female=female))
        return fusion.add(Estimate(age, age - 5, age + 6, female), 1.0, face(0, 0, 100), 0.6)

    assert not split(math.nan, 30)
    assert split(0.01, 30)
    assert split(math.nan, 60)


def test_somebody_whose_last_predictions_lack_a_gender_is_not_taken_for_one_of_the_other(feed: Feed) -> None:
    lost, later = Fusion(), Fusion()
    feed(lost, [30] * 30, raw=Raw(female=0.97))
    feed(later, [30] * 8, start_s=20, raw=Raw(female=0.04))
    feed(later, [30] * 5, start_s=21, raw=Raw(female=math.nan))
    assert lost.continued_by(later) is None
