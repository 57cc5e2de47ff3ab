import numpy as np
import pytest

from agecam.vision.box_filter import BoxFilter


def boxes(face, places, fps=30):
    smoother = BoxFilter()
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
