import itertools
from dataclasses import replace

import numpy as np
import pytest

from agecam.messages import Estimate
from agecam.vision.smooth import BoxSmoother, EstimateSmoother, crop_quality, gender_word


def feed(smoother, ages, fps=25, weight=1.0, female=0.9, track=1, start_s=0.0):
    shown = []
    for index, age in enumerate(ages):
        smoother.add(track, Estimate(age, age - 5, age + 6, female), weight, start_s + index / fps)
        shown.append(smoother.estimate(track))
    return shown


def test_the_first_answer_is_shown_as_it_is():
    (shown,) = feed(EstimateSmoother(), [33.25])
    assert shown == Estimate(33.25, 28.25, 39.25, 0.9)


def test_noise_of_four_years_moves_the_printed_age_less_than_once_in_two_seconds():
    rng = np.random.default_rng(3)
    changes = 0
    for _ in range(20):
        printed = [round(one.age) for one in feed(EstimateSmoother(), 30.5 + rng.normal(0, 4, 300), fps=5)]
        settled = printed[25:]
        changes += sum(a != b for a, b in itertools.pairwise(settled))
    assert changes / (20 * 55) < 0.5


def test_the_mean_is_far_nearer_the_truth_than_single_answers():
    rng = np.random.default_rng(4)
    answers = 42 + rng.normal(0, 6, 200)
    shown = np.array([one.age for one in feed(EstimateSmoother(), answers)])
    assert np.abs(shown[50:] - 42).mean() < 0.3 * np.abs(answers[50:] - 42).mean()


def test_poor_crops_count_little():
    smoother = EstimateSmoother()
    feed(smoother, [30] * 20)
    shown = feed(smoother, [70] * 20, weight=0.02, start_s=0.8)[-1]
    assert shown.age < 32


def test_what_is_shown_stays_near_the_mean():
    rng = np.random.default_rng(5)
    smoother = EstimateSmoother()
    answers, weighted, total = 20 + np.cumsum(rng.normal(0, 0.5, 400)), 0.0, 0.0
    for index, one in enumerate(feed(smoother, answers)):
        keep = np.exp(-(1 / 25) / 5.0) if index else 0.0
        weighted, total = keep * weighted + answers[index], keep * total + 1
        assert abs(one.age - weighted / total) < 0.42


def test_old_answers_fade():
    smoother = EstimateSmoother()
    feed(smoother, [20] * 50)
    assert feed(smoother, [40] * 50, start_s=30)[-1].age == pytest.approx(40, abs=1)


def test_the_interval_holds_the_age():
    rng = np.random.default_rng(6)
    smoother = EstimateSmoother()
    for index in range(200):
        age = rng.uniform(0, 90)
        smoother.add(1, Estimate(age, age - 0.1, age + 0.1, 0.5), 1.0, index / 25)
        shown = smoother.estimate(1)
        assert shown.age_low <= shown.age <= shown.age_high


def test_a_gender_at_the_border_of_doubt_does_not_flicker():
    rng = np.random.default_rng(7)
    smoother = EstimateSmoother()
    words = []
    for index in range(500):
        female = float(np.clip(rng.normal(0.75, 0.1), 0, 1))
        smoother.add(1, Estimate(30, 25, 35, female), 1.0, index / 25)
        words.append(gender_word(smoother.estimate(1).female))
    assert sum(a != b for a, b in itertools.pairwise(words[50:])) <= 1


def test_a_clear_change_of_gender_is_shown_in_the_end():
    smoother = EstimateSmoother()
    assert gender_word(feed(smoother, [30] * 50, female=0.95)[-1].female) == "female"
    assert gender_word(feed(smoother, [30] * 500, female=0.05, start_s=2)[-1].female) == "male"


@pytest.mark.parametrize(
    ("female", "word"), [(1.0, "female"), (0.75, "female"), (0.7, "?"), (0.3, "?"), (0.2, "male")]
)
def test_gender_words(female, word):
    assert gender_word(female) == word


def test_tracks_are_kept_apart_and_forgotten():
    smoother = EstimateSmoother()
    feed(smoother, [20], track=1)
    feed(smoother, [60], track=2)
    assert smoother.estimate(1).age == 20
    smoother.retain({2})
    assert smoother.estimate(1) is None
    assert smoother.estimate(2).age == 60
    smoother.reset()
    assert smoother.estimate(2) is None


def boxes(face, places, fps=30):
    smoother = BoxSmoother()
    return [smoother.smooth(1, face(*place), index / fps) for index, place in enumerate(places)]


def test_a_resting_box_trembles_far_less_than_its_detections(face):
    rng = np.random.default_rng(8)
    places = [
        (200 + rng.normal(0, 1.5), 100 + rng.normal(0, 1.5), 100 + rng.normal(0, 1.5)) for _ in range(300)
    ]
    raw = np.diff([face(*place).centre[0] for place in places])
    smooth = np.diff([one.centre[0] for one in boxes(face, places)])
    assert smooth[30:].std() < 0.35 * raw.std()


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_a_moving_box_lags_by_a_small_part_of_the_face(face, fps):
    speed = 200  # two faces a second
    places = [(speed * i / fps, 50) for i in range(3 * fps)]
    last = boxes(face, places, fps)[-1]
    assert abs(last.box[0] - places[-1][0]) < 8


def test_a_box_that_jumps_is_not_dragged(face):
    last = boxes(face, [(0, 0)] * 30 + [(300, 0)])[-1]
    assert last.box == face(300, 0).box


def test_smoothing_leaves_key_points_and_score(face):
    _, second = boxes(face, [(0, 0, 100, 0.9), (4, 0, 104, 0.7)])
    assert second.score == 0.7
    assert (second.keypoints == face(4, 0, 104).keypoints).all()
    assert 100 < second.box[2] < 104


def test_large_frontal_sure_faces_count_most(face):
    best = crop_quality(face(0, 0, 100, 0.95))
    assert 0.9 < best <= 1
    assert crop_quality(face(0, 0, 24, 0.95)) < 0.5 * best
    assert crop_quality(face(0, 0, 100, 0.5)) < 0.6 * best
    turned = face(0, 0, 100, 0.95)
    turned.keypoints[2] = (68, 60)
    assert 0 < crop_quality(turned) < 0.5 * best
    broken = replace(turned, keypoints=np.zeros((4, 2), np.float32))
    assert crop_quality(broken) > 0
