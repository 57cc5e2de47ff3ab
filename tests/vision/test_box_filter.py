"""Boxes at rest do not jitter, and those that move do not lag."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from agecam.messages import Detection
from agecam.vision.box_filter import BoxFilter, BoxFilterConfig

MakeFace = Callable[..., Detection]
Place = tuple[float, ...]


def smoothed(
    face: MakeFace, places: Sequence[Place], fps: float = 30, config: BoxFilterConfig | None = None
) -> list[Detection]:
    boxes = BoxFilter(config or BoxFilterConfig())
    return [boxes.smooth(face(*place), index / fps) for index, place in enumerate(places)]


def test_a_resting_box_jitters_far_less_than_its_detections(face: MakeFace) -> None:
    rng = np.random.default_rng(8)
    places = [
        (200 + rng.normal(0, 1.5), 100 + rng.normal(0, 1.5), 100 + rng.normal(0, 1.5)) for _ in range(300)
    ]
    raw = np.diff([face(*place).centre[0] for place in places])
    smooth = np.diff([one.centre[0] for one in smoothed(face, places)])
    assert smooth[30:].std() < 0.35 * raw.std()


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_a_moving_box_lags_by_a_small_part_of_the_face(face: MakeFace, fps: int) -> None:
    speed = 200  # two faces a second
    places = [(speed * i / fps, 50) for i in range(3 * fps)]
    last = smoothed(face, places, fps)[-1]
    assert abs(last.box[0] - places[-1][0]) < 8


def test_a_box_that_jumps_is_not_dragged(face: MakeFace) -> None:
    last = smoothed(face, [(0, 0)] * 30 + [(300, 0)])[-1]
    assert last.box == face(300, 0).box


def test_a_box_begins_anew_after_a_gap(face: MakeFace) -> None:
    last = smoothed(face, [(0, 0), (20, 0)], fps=1)[-1]
    assert last.box == face(20, 0).box


def test_the_cutoff_of_the_configuration_is_used(face: MakeFace) -> None:
    places = [(0, 0)] * 10 + [(10, 0)]
    usual = smoothed(face, places)[-1]
    open_filter = smoothed(face, places, config=BoxFilterConfig(min_cutoff_hz=1000))[-1]
    assert usual.box[0] < 8
    assert open_filter.box[0] == pytest.approx(10, abs=0.01)


def test_smoothing_leaves_keypoints_and_score(face: MakeFace) -> None:
    _, second = smoothed(face, [(0, 0, 100, 0.9), (4, 0, 104, 0.7)])
    assert second.score == 0.7
    assert (second.keypoints == face(4, 0, 104).keypoints).all()
    assert 100 < second.box[2] < 104
