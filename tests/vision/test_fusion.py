import itertools

import numpy as np
import pytest

from agecam.drawing.label_text import gender_word
from agecam.messages import Estimate
from agecam.vision.fusion import PERSON_PART, Fusion


@pytest.fixture
def feed(face):
    """Gives a fusion one answer a frame and returns what it shows after each."""

    def make(
        fusion, ages, fps=25, quality=1.0, female=0.9, track=1, start_s=0.0, half=5.0, place=(0, 0, 100)
    ):
        shown = []
        for index, age in enumerate(ages):
            answer = Estimate(age, age - half, age + 1.2 * half, female)
            fusion.add(track, answer, quality, face(*place), start_s + index / fps)
            shown.append(fusion.estimate(track))
        return shown

    return make


def width(estimate):
    return estimate.age_high - estimate.age_low


def test_the_first_answer_is_shown_at_once_and_a_little_more_doubtful_than_it_is(feed):
    (shown,) = feed(Fusion(), [33.25])
    assert shown.age == pytest.approx(33.25)
    assert shown.female == pytest.approx(0.9)
    assert 27 < shown.age_low < 28.25
    assert 39.25 < shown.age_high < 40.5


def test_noise_of_four_years_moves_the_printed_age_less_than_once_in_four_seconds(feed):
    rng = np.random.default_rng(3)
    changes = 0
    for _ in range(20):
        printed = [round(one.age) for one in feed(Fusion(), 30.5 + rng.normal(0, 4, 300), fps=5, half=8)]
        confirmed = printed[10:]
        changes += sum(a != b for a, b in itertools.pairwise(confirmed))
    assert changes / (20 * 58) < 0.25


def test_the_fused_age_is_far_nearer_the_truth_than_single_answers(feed):
    rng = np.random.default_rng(4)
    answers = 42 + rng.normal(0, 6, 200)
    shown = np.array([one.age for one in feed(Fusion(), answers)])
    assert np.abs(shown[50:] - 42).mean() < 0.2 * np.abs(answers[50:] - 42).mean()


def test_poor_crops_count_little(feed):
    fusion = Fusion()
    feed(fusion, [30] * 20)
    shown = feed(fusion, [36] * 5, quality=0.02, start_s=0.8)[-1]
    assert shown.age < 31


def test_answers_in_doubt_count_little(feed):
    fusion = Fusion()
    feed(fusion, [30] * 10, half=3.0)
    shown = feed(fusion, [45] * 5, half=20.0, start_s=0.4)[-1]
    assert shown.age < 31


def test_the_interval_narrows_with_evidence_down_to_what_frames_cannot_tell(feed):
    widths = [width(one) for one in feed(Fusion(), [50.0] * 500, fps=5, half=20.0)]
    least = np.sqrt(PERSON_PART) * 44
    assert widths[0] > 44
    assert widths[100] < 0.97 * widths[0]
    assert widths[-1] == pytest.approx(least, abs=1.0)  # printed ends are held
    assert widths[-1] >= least - 1.0


def test_many_frames_at_once_are_hardly_more_evidence_than_one(feed):
    first, *_, burst = feed(Fusion(), [50.0] * 12, fps=1000, half=20.0)
    spread = feed(Fusion(), [50.0] * 12, fps=2, half=20.0)[-1]
    assert width(burst) > width(first) - 1.0
    assert width(spread) < width(first) - 1.5


def test_what_is_shown_stays_near_the_fused_age(feed):
    rng = np.random.default_rng(5)
    answers, weighted, total = 40 + rng.normal(0, 3, 400), 0.0, 0.0
    for index, one in enumerate(feed(Fusion(), answers)):
        keep = np.exp(-(1 / 25) / 20.0) if index else 0.0
        weighted, total = keep * weighted + answers[index], keep * total + 1
        assert abs(one.age - weighted / total) < 0.52


def test_old_answers_fade(feed):
    fusion = Fusion()
    feed(fusion, [38] * 50, half=10)
    assert feed(fusion, [42] * 50, start_s=100, half=10)[-1].age == pytest.approx(42, abs=0.6)


def test_the_interval_holds_the_age(face):
    rng = np.random.default_rng(6)
    fusion = Fusion()
    for index in range(200):
        age = rng.uniform(0, 90)
        fusion.add(1, Estimate(age, age - 0.1, age + 0.1, 0.5), 1.0, face(0, 0), index / 25)
        shown = fusion.estimate(1)
        assert shown.age_low <= shown.age <= shown.age_high


@pytest.mark.parametrize("female", [0.0, 1.0])
def test_models_that_are_too_sure_do_no_harm(face, female):
    fusion = Fusion()
    for index in range(20):
        fusion.add(1, Estimate(30.0, 30.0, 30.0, female), 1e-3, face(0, 0), index / 25)
    shown = fusion.estimate(1)
    assert (shown.age_low, shown.age, shown.age_high) == pytest.approx((30, 30, 30))
    assert shown.female == pytest.approx(female, abs=0.01)


def test_a_gender_at_the_border_of_doubt_does_not_flicker(face):
    rng = np.random.default_rng(7)
    fusion = Fusion()
    words = []
    for index in range(500):
        female = float(np.clip(rng.normal(0.75, 0.1), 0, 1))
        fusion.add(1, Estimate(30, 25, 35, female), 1.0, face(0, 0), index / 25)
        words.append(gender_word(fusion.estimate(1).female))
    assert sum(a != b for a, b in itertools.pairwise(words[50:])) <= 1


def test_a_gender_seen_over_seconds_counts_more_than_one_seen_in_a_moment(feed):
    fusion = Fusion()
    moment = feed(fusion, [30] * 8, fps=25, female=0.9)
    seconds = feed(fusion, [30] * 8, fps=4, female=0.1, start_s=0.5)
    assert gender_word(moment[-1].female) == "female"
    assert seconds[-1].female < 0.4


def test_a_track_that_becomes_somebody_else_begins_anew(feed):
    fusion = Fusion()
    before = feed(fusion, [22] * 100, female=0.97)
    shown = feed(fusion, [61] * 30, female=0.04, start_s=4.0)
    assert shown[0].age < 40  # one answer may be wrong
    assert shown[8].age == pytest.approx(61, abs=0.5)
    assert gender_word(shown[8].female) == "male"
    assert width(shown[8]) > width(before[-1])


def test_somebody_else_is_believed_sooner_after_a_jump(feed):
    after = {}
    for place in ((0, 0, 100), (150, 40, 100)):
        fusion = Fusion()
        feed(fusion, [30] * 100, half=8, female=0.9)
        after[place] = feed(fusion, [41] * 10, half=8, female=0.9, start_s=4.6, place=place)[-1].age
    assert after[(150, 40, 100)] == pytest.approx(41, abs=0.5)
    assert after[(0, 0, 100)] < 36


def test_a_face_covered_for_a_moment_is_still_the_same_person(feed):
    fusion = Fusion()
    feed(fusion, [30] * 50, half=6)
    feed(fusion, [48] * 3, half=14, quality=0.2, start_s=2)
    assert feed(fusion, [30] * 10, half=6, start_s=2.1)[-1].age == pytest.approx(30, abs=1)


def test_tracks_are_kept_apart_and_forgotten(feed):
    fusion = Fusion()
    feed(fusion, [20], track=1)
    feed(fusion, [60], track=2)
    assert fusion.estimate(1).age == 20
    fusion.retain({2})
    assert fusion.estimate(1) is None
    assert fusion.estimate(2).age == 60
    fusion.reset()
    assert fusion.estimate(2) is None
