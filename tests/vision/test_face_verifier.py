"""Faces are told from other parts of the same photographs."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.paths import models_dir
from agecam.vision.detector import MediaPipeDetector
from agecam.vision.face_regression import (
    FaceRegressionConfig,
    face_log_odds,
    probability,
    skin_share,
    with_confidence,
)
from agecam.vision.face_verifier import FACE_VERIFIER, FaceVerifier

Image = NDArray[np.uint8]


@pytest.fixture(scope="module")
def verifier() -> FaceVerifier:
    return FaceVerifier(models_dir() / FACE_VERIFIER)


def moved(face: Detection, x: float, y: float) -> Detection:
    """The face with its box's corner there."""
    by = np.array((x - face.box[0], y - face.box[1]), np.float32)
    return replace(face, box=(x, y, *face.box[2:]), keypoints=face.keypoints + by)


def shrunk(image: Image, face: Detection, scale: float) -> tuple[Image, Detection]:
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    box = (face.box[0] * scale, face.box[1] * scale, face.box[2] * scale, face.box[3] * scale)
    return np.asarray(small, np.uint8), replace(face, box=box, keypoints=face.keypoints * np.float32(scale))


def test_faces_have_higher_log_odds_than_cloth_ribbons_and_background(
    verifier: FaceVerifier, detector: MediaPipeDetector, hopper_bgr: Image, astronaut_bgr: Image
) -> None:
    for image, places in (
        (hopper_bgr, ((60, 440), (300, 430), (380, 480), (20, 40))),
        (astronaut_bgr, ((60, 330), (200, 360), (330, 300), (30, 40), (390, 30))),
    ):
        (face,) = detector.detect(image)
        others = verifier.log_odds(image, [moved(face, *place) for place in places])
        (odds,) = verifier.log_odds(image, [face])
        assert odds > 2
        assert max(others) < odds - 2


def test_small_faces_in_weak_contrast_are_still_faces(
    verifier: FaceVerifier, detector: MediaPipeDetector, astronaut_bgr: Image
) -> None:
    (face,) = detector.detect(astronaut_bgr)
    image, small = shrunk(astronaut_bgr, face, 18 / face.box[2])
    foggy = (image * 0.3 + 120).astype(np.uint8)
    assert min(*verifier.log_odds(image, [small]), *verifier.log_odds(foggy, [small])) > 1


def test_a_mirrored_face_is_as_much_of_a_face(
    verifier: FaceVerifier, detector: MediaPipeDetector, hopper_bgr: Image
) -> None:
    (face,) = detector.detect(hopper_bgr)
    width = hopper_bgr.shape[1]
    keypoints = face.keypoints[[1, 0, 2, 3]].copy()
    keypoints[:, 0] = width - 1 - keypoints[:, 0]
    x, y, box_width, box_height = face.box
    mirrored = Detection((width - x - box_width, y, box_width, box_height), face.score, keypoints)
    (odds,) = verifier.log_odds(hopper_bgr, [face])
    (odds_mirrored,) = verifier.log_odds(np.ascontiguousarray(hopper_bgr[:, ::-1]), [mirrored])
    assert odds_mirrored == pytest.approx(odds, abs=0.3)


def test_no_detections_have_no_log_odds(verifier: FaceVerifier, astronaut_bgr: Image) -> None:
    assert verifier.log_odds(astronaut_bgr, []) == []


def test_color_speaks_for_a_face_not_for_cloth_and_not_in_gray_images(
    detector: MediaPipeDetector, astronaut_bgr: Image
) -> None:
    (face,) = detector.detect(astronaut_bgr)
    assert skin_share(astronaut_bgr, face) > 0.4
    assert skin_share(astronaut_bgr, moved(face, 330, 300)) == 0
    gray = np.repeat(cv2.cvtColor(astronaut_bgr, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)
    assert skin_share(gray, face) == 0


def test_a_higher_score_of_the_detectors_makes_a_face_likelier(
    detector: MediaPipeDetector, astronaut_bgr: Image
) -> None:
    config = FaceRegressionConfig()
    (face,) = detector.detect(astronaut_bgr)
    odds = face_log_odds(astronaut_bgr, face, 4.0, config)
    low, high = (probability(with_confidence(odds, confidence, config)) for confidence in (0.0, 0.9))
    assert low < high
    assert high > 0.95
    heap = replace(face, keypoints=np.full((4, 2), 200, np.float32))
    assert probability(face_log_odds(astronaut_bgr, heap, 4.0, config)) < 1e-6
