"""What cannot be a face goes, and of overlapping detections one is kept."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from agecam.messages import Detection
from agecam.vision.boxes import intersection_over_smaller, iou
from agecam.vision.nms import is_plausible, non_max_suppression, prioritized_nms

MakeFace = Callable[..., Detection]


def test_the_highest_score_suppresses_what_overlaps_it(face: MakeFace) -> None:
    best, inside, other = face(0, 0, 100, 0.9), face(10, 10, 60, 0.8), face(200, 0, 100, 0.6)
    assert non_max_suppression([inside, other, best]) == [best, other]


def test_a_detection_that_is_not_confirmed_suppresses_nothing(face: MakeFace) -> None:
    best, second = face(0, 0, 100, 0.9), face(5, 5, 100, 0.8)
    assert non_max_suppression([best, second], lambda one: None if one is best else one) == [second]


def test_what_the_confirmation_returns_is_kept(face: MakeFace) -> None:
    (kept,) = non_max_suppression([face(0, 0)], lambda one: replace(one, score=0.99))
    assert kept.score == 0.99


def test_an_earlier_group_goes_before_a_higher_score_of_a_later_one(face: MakeFace) -> None:
    first, doubled, new = face(0, 0, 100, 0.6), face(8, 8, 100, 0.9), face(300, 0, 100, 0.5)
    assert prioritized_nms([first], [doubled, new]) == [first, new]
    assert prioritized_nms([], [first, doubled]) == [doubled]


def test_keypoints_in_a_heap_or_mirrored_are_no_face(face: MakeFace) -> None:
    upright = face(0, 0)
    assert is_plausible(upright)
    heap = replace(upright, keypoints=np.full((4, 2), 50, np.float32))
    mirrored = replace(upright, keypoints=upright.keypoints[[1, 0, 2, 3]])
    infinite = replace(upright, keypoints=np.full((4, 2), np.nan, np.float32))
    assert not any(is_plausible(one) for one in (heap, mirrored, infinite))


def test_iou_and_intersection_over_smaller() -> None:
    a, b = (0, 0, 10, 10), (5, 0, 10, 10)
    assert iou(a, b) == pytest.approx(1 / 3)
    assert intersection_over_smaller(a, b) == pytest.approx(1 / 2)
    assert intersection_over_smaller(a, (2, 2, 4, 4)) == 1
    assert iou(a, (20, 20, 5, 5)) == intersection_over_smaller(a, (10, 0, 5, 5)) == 0
