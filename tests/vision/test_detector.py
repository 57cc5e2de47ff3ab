"""Faces are detected near and far, in photographs and in frames."""

import gc
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.paths import models_dir
from agecam.vision.boxes import iou
from agecam.vision.detector import DetectorConfig, MediaPipeDetector
from agecam.vision.face_network import FULL_RANGE, SHORT_RANGE
from agecam.vision.face_networks import NetworksConfig
from agecam.vision.face_regression import FaceRegressionConfig
from agecam.vision.face_verifier import FACE_VERIFIER
from agecam.vision.image_search import SearchConfig
from agecam.vision.manifest import MANIFEST
from agecam.vision.pyramid import Pyramid
from agecam.vision.rois import RoiRequest
from agecam.vision.silence import silenced_stderr

Image = NDArray[np.uint8]
MakeScene = Callable[..., Image]
FAR_BOX = (1256, 622, 31, 34)
"""Where the face is in the image of the fixture ``far``."""
HELMET_BOX = (330, 330, 90, 90)
"""Of the astronaut's photograph: no face."""


@pytest.fixture
def far(astronaut_bgr: Image) -> Image:
    """A face too far to be detected in the whole image."""
    image = np.full((1000, 1600, 3), 120, np.uint8)
    image[600:760, 1200:1360] = cv2.resize(astronaut_bgr, (160, 160), interpolation=cv2.INTER_AREA)
    return image


@pytest.fixture
def close_up(astronaut_bgr: Image) -> Image:
    """A face that fills the image."""
    face = astronaut_bgr[60:190, 170:290]
    return np.asarray(cv2.resize(face, (600, 650), interpolation=cv2.INTER_CUBIC), np.uint8)


def test_detects_the_one_face_of_a_photograph(detector: MediaPipeDetector, astronaut_bgr: Image) -> None:
    (face,) = detector.detect(astronaut_bgr)
    assert iou(face.box, (178, 70, 100, 110)) > 0.6
    assert face.score > 0.8
    right_eye, left_eye, nose, mouth = face.keypoints
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_eye[1] < nose[1] < mouth[1]
    assert face.keypoints.dtype == np.float32


def test_lists_faces_from_left_to_right(detector: MediaPipeDetector, scene: MakeScene) -> None:
    faces = detector.detect(scene((400, 60), (40, 80)))
    assert [face.box[0] < 300 for face in faces] == [True, False]


def test_detects_nothing_where_nobody_is(detector: MediaPipeDetector) -> None:
    assert detector.detect(np.full((480, 640, 3), 128, np.uint8)) == []


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 700, 3), (700, 2, 3)])
def test_images_of_odd_shapes_have_no_faces(detector: MediaPipeDetector, shape: tuple[int, int, int]) -> None:
    image = np.zeros(shape, np.uint8)
    assert detector.detect(image) == detector.search(image) == []


def test_only_scores_from_the_configured_one_on_are_reported(astronaut_bgr: Image) -> None:
    with MediaPipeDetector(config=DetectorConfig(min_score=0.99)) as strict:
        assert strict.detect(astronaut_bgr) == []
        assert strict.detect_frame(Pyramid(astronaut_bgr), []).faces == []


def test_a_search_detects_a_far_face_that_quick_detection_misses(
    detector: MediaPipeDetector, far: Image
) -> None:
    (face,) = detector.search(far)
    assert iou(face.box, FAR_BOX) > 0.4
    assert detector.detect(far) == []


def test_a_search_leaves_faces_below_the_configured_size_out(far: Image) -> None:
    with MediaPipeDetector(config=DetectorConfig(search=SearchConfig(min_face_px=60))) as detector:
        assert detector.search(far) == []


def test_a_far_face_on_a_tile_is_detected_at_its_place_in_the_frame(
    detector: MediaPipeDetector, far: Image
) -> None:
    pyramid = Pyramid(far)
    assert detector.detect_frame(pyramid, []).faces == []
    roi = (1067, 467, 533, 533)
    (detected,) = detector.detect_frame(pyramid, [roi]).faces
    (redetected,) = detector.redetect(pyramid, RoiRequest([roi]))
    assert detected.box == redetected.box
    alone = detector.detect_frame(pyramid, [roi], whole=False).faces
    beside = detector.detect_frame_concurrently(pyramid, lambda: [roi], whole=False).faces
    assert [face.box for face in (*alone, *beside)] == [detected.box] * 2
    assert iou(detected.box, FAR_BOX) > 0.4


def test_a_place_where_the_whole_frame_may_show_a_face_is_told_unless_it_shows_one(
    detector: MediaPipeDetector, far: Image, astronaut_bgr: Image
) -> None:
    places = detector.detect_frame(Pyramid(far), []).places
    x, y, width, height = FAR_BOX
    is_near = (np.abs(places[:, :2] - (x + width / 2, y + height / 2)) < (width, height)).all(axis=1)
    assert is_near.any()
    assert (places[:, 3] < 0.5).all()
    (face,), others = detector.detect_frame(Pyramid(astronaut_bgr), [])
    _, _, width_px, height_px = face.box
    is_inside = (np.abs(others[:, :2] - face.centre) < (width_px / 4, height_px / 4)).all(axis=1)
    assert not (is_inside & (others[:, 2] > 0.6 * width_px)).any()


def test_a_face_that_an_edge_of_a_tile_cuts_is_left_to_other_tiles(
    detector: MediaPipeDetector, scene: MakeScene
) -> None:
    pyramid = Pyramid(scene((300, 60)))
    (whole,) = detector.detect_frame(pyramid, []).faces
    x, width = round(whole.box[0]), round(whole.box[2])
    (inside,) = detector.redetect(pyramid, RoiRequest([(0, 0, x + width + 40, 360)]))
    assert iou(inside.box, whole.box) > 0.5
    assert detector.redetect(pyramid, RoiRequest([(0, 0, x + round(0.8 * width), 360)])) == []


def test_detection_ahead_may_run_beside_the_other_methods(scene: MakeScene) -> None:
    images = [scene((40 + 10 * index, 60), (400, 60)) for index in range(8)]
    rois = [(0, 0, 360, 360)]
    with MediaPipeDetector() as detector, ThreadPoolExecutor(1) as pool:
        one_by_one = [detector.detect_frame(Pyramid(image), []).faces for image in images]
        alone = [detector.redetect(Pyramid(image), RoiRequest(rois)) for image in images]
        ahead = [pool.submit(detector.detect_frame_concurrently, Pyramid(image), list) for image in images]
        beside = [detector.redetect(Pyramid(image), RoiRequest(rois)) for image in images]
        assert [boxes(found.result().faces) for found in ahead] == [boxes(faces) for faces in one_by_one]
        assert [boxes(faces) for faces in beside] == [boxes(faces) for faces in alone]
        assert all(len(faces) == 2 for faces in one_by_one)


def boxes(detections: list[Detection]) -> list[tuple[float, float, float, float]]:
    return [detection.box for detection in detections]


@pytest.mark.parametrize("runtime", ["litert", "mediapipe"])
def test_networks_work_in_the_threads_that_call_them(
    scene: MakeScene, runtime: Literal["litert", "mediapipe"]
) -> None:
    before = set(threading.enumerate())
    with MediaPipeDetector(config=DetectorConfig(networks=NetworksConfig(runtime=runtime))) as detector:
        assert detector.detect_frame(Pyramid(scene((40, 60))), [(0, 0, 360, 360)]).faces
        started = [thread.name for thread in set(threading.enumerate()) - before]
    assert [name for name in started if not name.startswith("agecam-detect")] == []


def test_a_face_that_fills_the_image_is_detected_by_the_short_range_network(
    detector: MediaPipeDetector, close_up: Image
) -> None:
    (face,) = detector.redetect(Pyramid(close_up), RoiRequest(short_range=True))
    assert iou(face.box, (40, 50, 500, 550)) > 0.5
    assert detector.redetect(Pyramid(close_up), RoiRequest()) == []


def test_a_far_face_in_an_roi_of_the_short_range_network_is_detected_at_its_place(
    detector: MediaPipeDetector, far: Image
) -> None:
    (face,) = detector.redetect(Pyramid(far), RoiRequest(near_rois=[(1232, 600, 80, 80)]))
    assert iou(face.box, FAR_BOX) > 0.4


def test_near_faces_in_regions_of_their_own_share_a_run_of_the_short_range_network(
    detector: MediaPipeDetector, scene: MakeScene
) -> None:
    pyramid = Pyramid(scene((40, 60), (400, 60)))
    left, right = sorted(detector.detect_frame(pyramid, []).faces, key=lambda face: face.box[0])
    around = [roi_around(face) for face in (left, right)]
    nobody = (0, 0, 40, 40)
    before = detector.network_usage()["short_range"].runs
    found = detector.redetect(pyramid, RoiRequest(near_rois=[around[0], nobody, around[1]]))
    assert detector.network_usage()["short_range"].runs == before + 1
    for expected, face in zip((left, right), sorted(found, key=lambda face: face.box[0]), strict=True):
        assert iou(face.box, expected.box) > 0.6
        assert np.abs(face.keypoints - expected.keypoints).max() < 0.15 * expected.box[2]
    x, y, side, _ = around[0]
    cut = (x, y, round(0.55 * side), round(0.55 * side))
    assert detector.redetect(pyramid, RoiRequest(near_rois=[cut, nobody, nobody])) == []


def roi_around(face: Detection) -> tuple[int, int, int, int]:
    side = round(2.5 * face.box[2])
    return max(0, round(face.centre[0] - side / 2)), max(0, round(face.centre[1] - side / 2)), side, side


def test_a_search_detects_a_face_that_fills_the_image(detector: MediaPipeDetector, close_up: Image) -> None:
    (face,) = detector.search(close_up)
    assert iou(face.box, (40, 50, 500, 550)) > 0.5


def test_a_search_reports_each_near_face_once(detector: MediaPipeDetector, scene: MakeScene) -> None:
    left, right = detector.search(scene((40, 60), (400, 60)))
    assert left.box[0] < 200 < 400 < right.box[0]


def test_verification_is_more_confident_of_a_face_than_of_anything_else(
    detector: MediaPipeDetector, astronaut_bgr: Image
) -> None:
    (face,) = detector.detect(astronaut_bgr)
    verification = detector.verify(Pyramid(astronaut_bgr), face)
    assert verification.confidence > 0.8
    assert verification.detection is not None
    assert iou(verification.detection.box, face.box) > 0.5
    helmet = Detection(HELMET_BOX, 0.6, face.keypoints)
    assert detector.verify(Pyramid(astronaut_bgr), helmet).confidence < 0.4


def test_verification_runs_the_full_range_network_only_where_it_may_decide(
    astronaut_bgr: Image,
) -> None:
    with MediaPipeDetector() as detector:
        (face,) = detector.detect(astronaut_bgr)
        pyramid = Pyramid(astronaut_bgr)

        def runs_for(box: tuple[float, float, float, float]) -> list[float]:
            names = ("short_range", "full_range")
            before = [detector.network_usage()[name].runs for name in names]
            detector.verify(pyramid, Detection(box, 0.6, face.keypoints))
            after = [detector.network_usage()[name].runs for name in names]
            return [runs - earlier for runs, earlier in zip(after, before, strict=True)]

        assert runs_for(face.box) == [1, 0]
        assert runs_for(HELMET_BOX) == [1, 1]


def test_verification_by_one_network_says_what_both_would(astronaut_bgr: Image) -> None:
    blurred = cv2.GaussianBlur(astronaut_bgr, (0, 0), 6)
    confidences = []
    for sure in (NetworksConfig().verify_sure, 2.0):
        networks = NetworksConfig(verify_sure=sure, regression=FaceRegressionConfig(bias=-8.5))
        with MediaPipeDetector(config=DetectorConfig(networks=networks)) as detector:
            (face,) = detector.detect(astronaut_bgr)
            pyramid = Pyramid(np.asarray(blurred, np.uint8))
            confidences.append(detector.verify(pyramid, face).confidence)
            runs = detector.network_usage()["full_range"].runs
            assert runs == (2 if sure == 2.0 else 1)
    assert 0.7 < confidences[0] < 0.98
    assert confidences[0] == pytest.approx(confidences[1], abs=0.05)


def test_verification_reaches_over_the_edge_of_the_frame(
    detector: MediaPipeDetector, astronaut_bgr: Image
) -> None:
    cut = np.ascontiguousarray(astronaut_bgr[60:, 170:])
    (face,) = detector.detect(cut)
    assert detector.verify(Pyramid(cut), face).confidence > 0.7
    outside = Detection((-300, -300, 50, 50), 0.6, face.keypoints)
    verification = detector.verify(Pyramid(cut), outside)
    assert (verification.confidence, verification.detection) == (0, None)


@pytest.mark.parametrize("runtime", ["litert", "mediapipe"])
@pytest.mark.parametrize("name", [SHORT_RANGE, FULL_RANGE, FACE_VERIFIER])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "is missing"), (b"not a network", "is not the file its manifest describes")],
)
def test_a_missing_or_damaged_file_is_named(
    tmp_path: Path, name: str, content: bytes | None, sentence: str, runtime: Literal["litert", "mediapipe"]
) -> None:
    for file in (SHORT_RANGE, FULL_RANGE, FACE_VERIFIER, MANIFEST):
        (tmp_path / file).write_bytes((models_dir() / file).read_bytes())
    (tmp_path / name).unlink()
    if content:
        (tmp_path / name).write_bytes(content)
    config = DetectorConfig(networks=NetworksConfig(runtime=runtime))
    with pytest.raises(ModelError, match=f"{name} {sentence}"):
        MediaPipeDetector(tmp_path, config)
    gc.collect()  # MediaPipe's thread for the network that could not be made ends with its last reference


def test_another_network_in_place_of_a_detector_is_refused(tmp_path: Path) -> None:
    """Also by a manifest that says it is one."""
    shutil.copyfile(models_dir() / SHORT_RANGE, tmp_path / SHORT_RANGE)
    shutil.copyfile(models_dir() / "gender.tflite", tmp_path / FULL_RANGE)
    files = [
        {"file": name, "sha256": hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}
        for name in (SHORT_RANGE, FULL_RANGE)
    ]
    (tmp_path / MANIFEST).write_text(json.dumps({"detectors": files}))
    with pytest.raises(ModelError, match=f"{FULL_RANGE} cannot be loaded. Reinstall AgeCam"):
        MediaPipeDetector(tmp_path)


@pytest.mark.parametrize("content", [None, b"{", b"[" * 200_000, b'{"detectors": [{"file": "a"}]}'])
def test_a_missing_or_damaged_manifest_is_named(tmp_path: Path, content: bytes | None) -> None:
    for file in (SHORT_RANGE, FULL_RANGE):
        shutil.copyfile(models_dir() / file, tmp_path / file)
    if content is not None:
        (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(ModelError, match=f"{MANIFEST} is (missing|damaged)"):
        MediaPipeDetector(tmp_path)


def test_is_silent_from_start_to_end(capfd: pytest.CaptureFixture[str], astronaut_bgr: Image) -> None:
    detector = MediaPipeDetector()
    assert len(detector.detect(astronaut_bgr)) == 1
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
