"""Closer views are few a frame, reach every corner, and follow far faces."""

import numpy as np
import pytest

from agecam.messages import Face
from agecam.vision.survey import Survey

SIZE = (1280, 720)


def face_at(x: float, y: float, side: float = 30.0) -> Face:
    return Face((x, y, side, side), 0.8, np.zeros((4, 2), np.float32))


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_views_come_at_the_same_rate_whatever_the_frame_rate(fps: int) -> None:
    survey = Survey()
    views = sum(len(survey.areas(SIZE, [], [], index / fps)) for index in range(4 * fps))
    assert 4 * 20 < views < 4 * 30


def test_every_part_of_the_picture_is_viewed_within_a_second() -> None:
    survey = Survey()
    seen = np.zeros(SIZE[::-1], bool)
    for index in range(25):
        for x, y, width, height in survey.areas(SIZE, [], [], index / 25):
            assert x >= 0
            assert y >= 0
            assert x + width <= SIZE[0]
            assert y + height <= SIZE[1]
            seen[y : y + height, x : x + width] = True
    assert seen.all()


def test_a_far_face_that_the_whole_picture_does_not_show_is_viewed_again() -> None:
    survey = Survey()
    far = face_at(1240, 5)
    views = [survey.areas(SIZE, [far], [], index / 25) for index in range(25)]
    close = [area for areas in views for area in areas if area[2] < 200]
    assert 8 < len(close) < 20
    for x, y, width, height in close:
        assert x <= 1240
        assert y <= 5
        assert x + width <= 1280
        assert height == width


def test_a_face_that_was_found_anyway_costs_no_view() -> None:
    survey = Survey()
    near = face_at(400, 200, 120)
    for index in range(25):
        for area in survey.areas(SIZE, [near], [near], index / 25):
            assert area[2] in (640, 426)


def test_following_many_faces_leaves_views_for_new_ones() -> None:
    survey = Survey()
    crowd = [face_at(40 * n, 300) for n in range(25)]
    tiles = sum(
        area[2] in (640, 426) for index in range(50) for area in survey.areas(SIZE, crowd, [], index / 25)
    )
    assert tiles > 8


def test_a_tiny_picture_has_no_parts() -> None:
    assert Survey().areas((100, 80), [], [], 0.0) == []
