import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from agecam.errors import ModelError
from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.paths import models_dir
from agecam.vision.boxes import iou
from agecam.vision.detector import FULL_RANGE, SHORT_RANGE, MediaPipeDetector
from agecam.vision.mediapipe_tasks import silenced_stderr
from agecam.vision.pyramid import Pyramid


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


def test_a_glance_at_a_tile_finds_a_far_face_at_its_place_in_the_picture(detector, astronaut_bgr):
    picture = Pyramid(np.full((1000, 1600, 3), 120, np.uint8))
    picture.image_bgr[600:760, 1200:1360] = cv2.resize(
        astronaut_bgr, (160, 160), interpolation=cv2.INTER_AREA
    )
    assert detector.detect_frame(picture, []) == []
    area = (1067, 467, 533, 533)
    (glanced,), (followed,) = (
        detector.detect_frame(picture, [area]),
        detector.redetect_rois(picture, [area], near=False),
    )
    assert glanced.box == followed.box
    assert iou(glanced.box, (1256, 622, 31, 34)) > 0.4


def test_a_face_that_an_edge_of_a_tile_cuts_is_left_to_other_tiles(detector, scene):
    picture = Pyramid(scene((300, 60)))
    (whole,) = detector.detect_frame(picture, [])
    x, width = round(whole.box[0]), round(whole.box[2])
    assert len(detector.redetect_rois(picture, [(0, 0, x + width + 40, 360)], near=False)) == 1
    assert detector.redetect_rois(picture, [(0, 0, x + round(0.8 * width), 360)], near=False) == []


def test_a_glance_apart_may_run_beside_the_other_methods(scene):
    pictures = [Pyramid(scene((40 + 10 * index, 60), (400, 60))) for index in range(8)]
    with MediaPipeDetector() as detector, ThreadPoolExecutor(1) as pool:
        one_by_one = [detector.detect_frame(picture, []) for picture in pictures]
        glances = [pool.submit(detector.detect_frame_concurrently, picture, []) for picture in pictures]
        for picture in pictures:
            assert (
                len(detector.redetect_rois(Pyramid(picture.image_bgr), [(0, 0, 360, 360)], near=False)) <= 2
            )
        assert [[face.box for face in glance.result()] for glance in glances] == [
            [face.box for face in faces] for faces in one_by_one
        ]


def test_networks_work_in_the_threads_that_call_them(scene):
    before = set(threading.enumerate())
    with MediaPipeDetector() as detector:
        assert detector.detect_frame(Pyramid(scene((40, 60))), [(0, 0, 360, 360)])
        started = [thread.name for thread in set(threading.enumerate()) - before]
    assert [name for name in started if not name.startswith("agecam-detect")] == []


def test_a_face_that_fills_the_picture_is_found_by_the_near_network(detector, astronaut_bgr):
    close_up = cv2.resize(astronaut_bgr[60:190, 170:290], (600, 650), interpolation=cv2.INTER_CUBIC)
    (face,) = detector.redetect_rois(Pyramid(np.asarray(close_up, np.uint8)), [], near=True)
    assert face.box[3] > 300


def test_a_search_reports_each_near_face_once(detector, scene):
    assert len(detector.search(scene((40, 60), (400, 60)))) == 2


def test_a_closer_look_is_surer_of_a_face_than_of_anything_else(detector, astronaut_bgr):
    (face,) = detector.detect(astronaut_bgr)
    assert detector.verify(Pyramid(astronaut_bgr), face).confidence > 0.8
    helmet = Detection((330, 330, 90, 90), 0.6, face.keypoints)
    assert detector.verify(Pyramid(astronaut_bgr), helmet).confidence < 0.4


def test_a_closer_look_reaches_over_the_edge_of_the_picture(detector, astronaut_bgr):
    cut = np.ascontiguousarray(astronaut_bgr[60:, 170:])
    (face,) = detector.detect(cut)
    assert detector.verify(Pyramid(cut), face).confidence > 0.7
    outside = Detection((-300, -300, 50, 50), 0.6, face.keypoints)
    assert detector.verify(Pyramid(cut), outside).confidence == 0


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


def test_silences_that_overlap_end_with_the_last_one(capfd: pytest.CaptureFixture[str]) -> None:
    first, second = silenced_stderr(), silenced_stderr()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    os.write(2, b"not heard")
    second.__exit__(None, None, None)
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"
