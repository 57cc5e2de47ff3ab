"""What cannot be a face goes, and what was found twice becomes one."""

import numpy as np
import pytest

from agecam.messages import Detection
from agecam.vision.boxes import intersection_over_smaller, iou
from agecam.vision.nms import is_plausible, non_max_suppression, prioritized_nms


def test_duplicates_give_way_to_the_surest(face):
    best, inside, other = face(0, 0, 100, 0.9), face(10, 10, 60, 0.8), face(200, 0, 100, 0.6)
    assert non_max_suppression([inside, other, best]) == [best, other]


def test_a_find_that_is_not_confirmed_makes_room_for_the_next(face):
    best, second = face(0, 0, 100, 0.9), face(5, 5, 100, 0.8)
    assert non_max_suppression([best, second], lambda one: None if one is best else one) == [second]


def test_an_earlier_group_goes_before_a_surer_find_of_a_later_one(face):
    first, doubled, new = face(0, 0, 100, 0.6), face(8, 8, 100, 0.9), face(300, 0, 100, 0.5)
    assert prioritized_nms([first], [doubled, new]) == [first, new]
    assert prioritized_nms([], [first, doubled]) == [doubled]


def test_points_in_a_heap_or_upside_down_are_no_face(face):
    upright = face(0, 0)
    assert is_plausible(upright)
    heap = Detection(upright.box, 0.9, np.full((4, 2), 50, np.float32))
    mirrored = Detection(upright.box, 0.9, upright.keypoints[[1, 0, 2, 3]])
    endless = Detection(upright.box, 0.9, np.full((4, 2), np.nan, np.float32))
    assert not any(is_plausible(one) for one in (heap, mirrored, endless))


def test_overlap_measures():
    a, b = (0, 0, 10, 10), (5, 0, 10, 10)
    assert iou(a, b) == pytest.approx(1 / 3)
    assert intersection_over_smaller(a, (2, 2, 4, 4)) == 1
    assert iou(a, (20, 20, 5, 5)) == 0
