import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agecam.errors import ModelError
from agecam.messages import Face
from agecam.opencv import cv2
from agecam.paths import models_dir
from agecam.vision.detect import (
    FULL_RANGE,
    SHORT_RANGE,
    MediaPipeDetector,
    iou,
    is_plausible,
    merge_faces,
    overlap,
    tiles,
)


def test_finds_the_one_face_of_a_photograph(detector, astronaut_bgr):
    (face,) = detector.detect(astronaut_bgr)
    assert iou(face.box, (178, 70, 100, 110)) > 0.6
    assert face.score > 0.8
    right_eye, left_eye, nose, mouth = face.keypoints
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_eye[1] < nose[1] < mouth[1]
    assert face.keypoints.dtype == np.float32


def test_lists_faces_from_left_to_right(detector, scene):
    faces = detector.detect(scene((400, 60), (40, 80)))
    assert [face.box[0] < 300 for face in faces] == [True, False]


def test_finds_nothing_where_nobody_is(detector):
    assert detector.detect(np.full((480, 640, 3), 128, np.uint8)) == []


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 700, 3), (700, 2, 3)])
def test_survives_pictures_of_odd_shapes(detector, shape):
    picture = np.zeros(shape, np.uint8)
    assert detector.detect(picture) == detector.search(picture) == []


def test_a_search_finds_a_far_face_that_quick_detection_misses(detector, astronaut_bgr):
    picture = np.full((1000, 1600, 3), 120, np.uint8)
    picture[600:760, 1200:1360] = cv2.resize(astronaut_bgr, (160, 160), interpolation=cv2.INTER_AREA)
    (found,) = detector.search(picture)
    assert iou(found.box, (1256, 622, 31, 34)) > 0.4
    assert detector.detect(picture) == []


def test_a_search_reports_each_near_face_once(detector, scene):
    assert len(detector.search(scene((40, 60), (400, 60)))) == 2


def test_a_closer_look_is_surer_of_a_face_than_of_anything_else(detector, astronaut_bgr):
    (face,) = detector.detect(astronaut_bgr)
    assert detector.look_again(astronaut_bgr, face).sureness > 0.8
    helmet = Face((330, 330, 90, 90), 0.6, face.keypoints)
    assert detector.look_again(astronaut_bgr, helmet).sureness < 0.4


def test_a_closer_look_reaches_over_the_edge_of_the_picture(detector, astronaut_bgr):
    cut = np.ascontiguousarray(astronaut_bgr[60:, 170:])
    (face,) = detector.detect(cut)
    assert detector.look_again(cut, face).sureness > 0.7
    outside = Face((-300, -300, 50, 50), 0.6, face.keypoints)
    assert detector.look_again(cut, outside).sureness == 0


@pytest.mark.parametrize("name", [SHORT_RANGE, FULL_RANGE])
@pytest.mark.parametrize("content", [None, b"not a network"])
def test_a_missing_or_damaged_file_is_named(tmp_path, name, content):
    for file in (SHORT_RANGE, FULL_RANGE):
        (tmp_path / file).write_bytes((models_dir() / file).read_bytes())
    (tmp_path / name).unlink()
    if content:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=name):
        MediaPipeDetector(tmp_path)
    gc.collect()  # MediaPipe's thread for the network that could not be made ends with its last reference


def test_is_silent_from_start_to_end(capfd, astronaut_bgr):
    detector = MediaPipeDetector()
    detector.detect(astronaut_bgr)
    detector.close()
    detector.close()
    assert capfd.readouterr() == ("", "")


def test_duplicates_give_way_to_the_surest(face):
    best, inside, other = face(0, 0, 100, 0.9), face(10, 10, 60, 0.8), face(200, 0, 100, 0.6)
    assert merge_faces([inside, other, best]) == [best, other]


def test_a_find_that_is_not_confirmed_makes_room_for_the_next(face):
    best, second = face(0, 0, 100, 0.9), face(5, 5, 100, 0.8)
    assert merge_faces([best, second], lambda one: None if one is best else one) == [second]


def test_points_in_a_heap_or_upside_down_are_no_face(face):
    upright = face(0, 0)
    assert is_plausible(upright)
    heap = Face(upright.box, 0.9, np.full((4, 2), 50, np.float32))
    mirrored = Face(upright.box, 0.9, upright.keypoints[[1, 0, 2, 3]])
    endless = Face(upright.box, 0.9, np.full((4, 2), np.nan, np.float32))
    assert not any(is_plausible(one) for one in (heap, mirrored, endless))


@given(st.integers(64, 4000), st.integers(64, 4000), st.sampled_from([2, 3]))
def test_tiles_lie_inside_the_picture_and_leave_no_gap(width, height, parts):
    areas = tiles(width, height, parts)
    if not areas:
        assert max(width, height) // parts < 64
        return
    covered = np.zeros((height, width), bool)
    for x, y, w, h in areas:
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height
        covered[y : y + h, x : x + w] = True
    assert covered.all()


def test_overlap_measures():
    a, b = (0, 0, 10, 10), (5, 0, 10, 10)
    assert iou(a, b) == pytest.approx(1 / 3)
    assert overlap(a, (2, 2, 4, 4)) == 1
    assert iou(a, (20, 20, 5, 5)) == 0
