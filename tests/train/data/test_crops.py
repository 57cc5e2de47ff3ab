"""Stored crops are what the live program would see, with a margin."""

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.align import TTA_VIEWS, View, align_face, to_model_input
from agecam.vision.detector import MediaPipeDetector
from train.data.crops import (
    align_with_margin,
    center_crop,
    find_labelled_face,
    most_central,
    warp_view,
)


def test_middle_of_a_stored_crop_is_the_live_crop(
    astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8], detector: MediaPipeDetector
) -> None:
    for image in (astronaut_bgr, hopper_bgr, cv2.resize(astronaut_bgr, None, fx=2.5, fy=2.5)):
        face = find_labelled_face(image, detector)
        assert face is not None
        stored, live = center_crop(align_with_margin(image, face)), align_face(image, face)
        # Where a large face is averaged down first, its size is rounded to whole pixels.
        difference = np.abs(to_model_input(stored[None]) - to_model_input(live[None]))
        assert difference.mean() < 1 / 255
        assert np.quantile(difference, 0.99) < 5 / 255


@pytest.mark.parametrize("view", TTA_VIEWS)
def test_view_of_a_stored_crop_is_the_live_one(
    astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8], detector: MediaPipeDetector, view: View
) -> None:
    for image in (astronaut_bgr, hopper_bgr):
        face = find_labelled_face(image, detector)
        assert face is not None
        stored, live = warp_view(align_with_margin(image, face), view), align_face(image, face, view=view)
        # The stored crop is sampled twice, which costs detail, but not half as much as a pixel's shift.
        difference = np.abs(stored.astype(int) - live).mean()
        assert difference < 4
        for axis in (0, 1):
            assert difference < 0.4 * np.abs(np.roll(live, 1, axis).astype(int) - live).mean()


def test_a_face_that_fills_the_image_is_found(
    astronaut_bgr: NDArray[np.uint8], detector: MediaPipeDetector
) -> None:
    whole = find_labelled_face(astronaut_bgr, detector)
    assert whole is not None
    x, y, width, height = (round(value) for value in whole.box)
    chip = astronaut_bgr[y : y + height, x : x + width]
    face = find_labelled_face(chip, detector)
    assert face is not None
    np.testing.assert_allclose(face.keypoints + np.array([x, y]), whole.keypoints, atol=0.1 * width)


def test_label_belongs_to_the_face_nearest_the_centre() -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    points = np.zeros((4, 2), np.float32)
    corner = Detection((0, 0, 100, 75), 0.99, points)
    middle = Detection((160, 120, 80, 60), 0.5, points)
    assert most_central([corner, middle], image) == 1
    assert most_central([middle, corner], image) == 0
    assert most_central([], image) is None


def test_of_several_faces_the_central_one_is_found(
    astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8], detector: MediaPipeDetector
) -> None:
    astronaut, hopper = (
        cv2.resize(image, (300, 300), interpolation=cv2.INTER_AREA)
        for image in (astronaut_bgr[:400, 50:450], hopper_bgr[:500, :500])
    )
    face = find_labelled_face(np.hstack([astronaut, hopper, astronaut]), detector)
    assert face is not None
    assert face.centre[0] == pytest.approx(450, abs=60)
