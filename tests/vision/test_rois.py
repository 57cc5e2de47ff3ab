"""Closer views are few a frame, reach every corner, and follow far faces."""

import numpy as np
import pytest

from agecam.messages import Detection
from agecam.vision.rois import RoiScheduler, TileScheduler

SIZE = (1280, 720)


def face_at(x: float, y: float, side: float = 30.0) -> Detection:
    return Detection((x, y, side, side), 0.8, np.zeros((4, 2), np.float32))


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_tiles_come_at_the_same_rate_whatever_the_frame_rate(fps: int) -> None:
    survey = TileScheduler()
    views = sum(len(survey.areas(SIZE, index / fps)) for index in range(4 * fps))
    assert 4 * 14 < views < 4 * 18


def test_every_part_of_the_picture_is_viewed_within_half_a_second() -> None:
    survey = TileScheduler()
    seen = np.zeros(SIZE[::-1], bool)
    for index in range(13):
        for x, y, width, height in survey.areas(SIZE, index / 25):
            assert x >= 0
            assert y >= 0
            assert x + width <= SIZE[0]
            assert y + height <= SIZE[1]
            seen[y : y + height, x : x + width] = True
    assert seen.all()


def test_a_tiny_picture_has_no_tiles() -> None:
    assert TileScheduler().areas((100, 80), 0.0) == []


def test_a_far_face_that_a_glance_does_not_show_is_viewed_closely() -> None:
    follower = RoiScheduler()
    far = face_at(1240, 5)
    close = [area for i in range(25) for area in follower.pursuit(SIZE, [far], [], i / 25).areas]
    assert 12 < len(close) < 22
    for x, y, width, height in close:
        assert x <= 1240
        assert y <= 5
        assert x + width <= 1280
        assert height == width < 200


def test_a_face_that_a_glance_shows_costs_no_view() -> None:
    follower = RoiScheduler()
    face = face_at(400, 200, 60)
    assert not any(follower.pursuit(SIZE, [face], [face], index / 25).areas for index in range(25))


def test_one_view_serves_all_faces_that_it_holds() -> None:
    pair = [face_at(400, 300), face_at(440, 310)]
    assert len(RoiScheduler().pursuit(SIZE, pair, [], 0.0).areas) == 1


def test_a_crowd_gets_no_more_views_than_there_is_time_for() -> None:
    follower = RoiScheduler()
    crowd = [face_at(40 * n, 20 * n) for n in range(25)]
    views = [len(follower.pursuit(SIZE, crowd, [], index / 25).areas) for index in range(50)]
    assert max(views) == 2
    assert 30 < sum(views) < 40


def test_near_faces_are_looked_for_now_and_then_and_at_once_where_one_is_missed() -> None:
    follower = RoiScheduler()
    near, far = face_at(300, 200, 300), face_at(300, 200, 60)
    times = [index / 25 for index in range(25)]
    assert 4 <= sum(follower.pursuit(SIZE, [near], [near], time_s).near for time_s in times) <= 6
    assert 4 <= sum(follower.pursuit(SIZE, [far], [], 2 + time_s).near for time_s in times) <= 6
    assert all(follower.pursuit(SIZE, [near], [], 4 + time_s).near for time_s in times)
