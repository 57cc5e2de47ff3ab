"""The less a crop can tell, the less it counts."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.align import align_face
from agecam.vision.detector import MediaPipeDetector
from agecam.vision.quality import QualityConfig, crop_quality, face_quality, sharpness, visible_share

MakeFace = Callable[..., Detection]
Crop = NDArray[np.uint8]


def test_large_frontal_faces_of_high_score_count_most(face: MakeFace) -> None:
    best = face_quality(face(0, 0, 100, 0.95))
    assert 0.9 < best <= 1
    assert face_quality(face(0, 0, 24, 0.95)) < 0.5 * best
    assert face_quality(face(0, 0, 100, 0.5)) < 0.3 * best
    turned = face(0, 0, 100, 0.95)
    turned.keypoints[2] = (68, 60)
    assert 0 < face_quality(turned) < 0.2 * best
    broken = replace(turned, keypoints=np.zeros((4, 2), np.float32))
    assert face_quality(broken) > 0


def test_the_limits_of_the_configuration_are_used(face: MakeFace) -> None:
    small = face(0, 0, 16, 0.95)
    assert face_quality(small) == pytest.approx(0.25, rel=1e-3)
    assert face_quality(small, QualityConfig(full_size_px=16)) == pytest.approx(1, rel=1e-3)
    assert face_quality(replace(small, score=0.0), QualityConfig(least=0.01)) == 0.01


@pytest.fixture
def detected(detector: MediaPipeDetector, astronaut_bgr: NDArray[np.uint8]) -> tuple[Detection, Crop]:
    """The astronaut's face and its crop."""
    (detection,) = detector.detect(astronaut_bgr)
    return detection, align_face(astronaut_bgr, detection)


def test_the_more_a_crop_is_blurred_the_less_it_counts(detected: tuple[Detection, Crop]) -> None:
    detection, crop = detected
    blurred = [cv2.GaussianBlur(crop, (0, 0), width_px) for width_px in (2, 4, 8)]
    qualities = [crop_quality(detection, one, (512, 512)) for one in (crop, *blurred)]
    assert qualities == sorted(qualities, reverse=True)
    assert qualities[0] > 0.5
    assert qualities[-1] < 0.25 * qualities[0]


def test_a_face_of_few_pixels_is_not_sharp(detected: tuple[Detection, Crop]) -> None:
    _, crop = detected
    few = cv2.resize(cv2.resize(crop, (20, 20), interpolation=cv2.INTER_AREA), (128, 128))
    assert sharpness(few) < 0.6 * sharpness(crop)


def test_noise_does_not_make_a_blurred_crop_sharp(detected: tuple[Detection, Crop]) -> None:
    _, crop = detected
    blurred = cv2.GaussianBlur(crop, (0, 0), 6)
    noise = np.random.default_rng(1).normal(0, 6, crop.shape)
    noisy = np.clip(blurred + noise, 0, 255).astype(np.uint8)
    assert sharpness(noisy) < 0.6 * sharpness(crop)


def test_dim_light_leaves_sharpness_nearly_as_it_is(detected: tuple[Detection, Crop]) -> None:
    _, crop = detected
    dim = (crop * 0.5).astype(np.uint8)
    assert sharpness(dim) == pytest.approx(sharpness(crop), rel=0.15)


def test_a_blank_crop_counts_little_but_something(face: MakeFace) -> None:
    blank = np.full((128, 128), 90, np.uint8)
    assert sharpness(blank) == pytest.approx(0, abs=1e-4)
    assert 0 < crop_quality(face(0, 0), blank, (640, 480)) < 0.01


@pytest.mark.parametrize(
    ("place", "share"), [((100, 100), 1.0), ((-50, 100), 0.5), ((590, 430), 0.25), ((700, 0), 0.0)]
)
def test_what_the_edge_of_the_frame_cuts_off_is_measured(
    face: MakeFace, place: tuple[int, int], share: float
) -> None:
    assert visible_share(face(*place), (640, 480)) == pytest.approx(share)


def test_a_face_cut_by_the_edge_counts_less(detected: tuple[Detection, Crop]) -> None:
    detection, crop = detected
    _, y, width, height = detection.box
    cut = replace(detection, box=(-0.3 * width, y, width, height))
    assert crop_quality(cut, crop, (512, 512)) < 0.3 * crop_quality(detection, crop, (512, 512))
