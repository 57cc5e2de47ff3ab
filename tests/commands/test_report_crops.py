"""Which crop of a person a report shows."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection, Frame
from agecam.opencv import cv2
from agecam.vision.quality import measure_crop


@pytest.fixture
def face() -> Detection:
    """That of the astronaut."""
    keypoints = np.array([[205, 112], [250, 112], [228, 138], [228, 158]], np.float32)
    return Detection((170.0, 60.0, 115.0, 115.0), 0.95, keypoints)


def test_a_sharp_crop_is_better_than_a_blurred_one(astronaut_bgr: NDArray[np.uint8], face: Detection) -> None:
    blurred = np.asarray(cv2.GaussianBlur(astronaut_bgr, (0, 0), 6), np.uint8)
    sharp, soft = (measure_crop(Frame(image, 0.0, 0), face, 0.0) for image in (astronaut_bgr, blurred))
    assert sharp > 2 * soft > 0


def test_a_face_that_looks_at_the_camera_is_better_than_one_that_looks_away(
    astronaut_bgr: NDArray[np.uint8], face: Detection
) -> None:
    away = face.keypoints.copy()
    away[2, 0] += 25  # the nose, more than half the distance of the eyes
    frame = Frame(astronaut_bgr, 0.0, 0)
    assert measure_crop(frame, face, 0.0) > 2 * measure_crop(frame, replace(face, keypoints=away), 0.0) > 0


def test_a_face_that_the_edge_cuts_is_worse(astronaut_bgr: NDArray[np.uint8], face: Detection) -> None:
    whole = measure_crop(Frame(astronaut_bgr, 0.0, 0), face, 0.0)
    cut = measure_crop(Frame(astronaut_bgr[:130], 0.0, 0), face, 0.0)
    assert whole > 2 * cut > 0


def test_no_crop_is_cut_out_that_cannot_be_better(face: Detection) -> None:
    nothing = Frame(np.empty((0, 0, 3), np.uint8), 0.0, 0)  # cutting a crop out of it would fail
    assert measure_crop(nothing, replace(face, score=0.5), 0.9) == 0.0


def test_a_face_without_a_distance_of_its_eyes_is_no_failure(
    astronaut_bgr: NDArray[np.uint8], face: Detection
) -> None:
    nowhere = replace(face, keypoints=np.zeros((4, 2), np.float32))
    assert measure_crop(Frame(astronaut_bgr, 0.0, 0), nowhere, 0.0) >= 0.0
