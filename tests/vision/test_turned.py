"""Images turned by quarters, and what is found there brought back."""

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.vision.boxes import iou
from agecam.vision.detector import MediaPipeDetector
from agecam.vision.turned import is_upright, turned_back, turned_image


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_face_in_a_turned_image_is_brought_back_to_its_place(
    detector: MediaPipeDetector, hopper_bgr: NDArray[np.uint8], quarters: int
) -> None:
    (expected,) = detector.detect(hopper_bgr)
    given = turned_image(hopper_bgr, -quarters)
    (found,) = detector.detect(turned_image(given, quarters))
    size_wh = (given.shape[1], given.shape[0])
    back = turned_back(found, quarters, size_wh)
    # Turned back and forth once more, it is where it was found.
    again = turned_back(back, -quarters, (hopper_bgr.shape[1], hopper_bgr.shape[0]))
    assert iou(again.box, expected.box) > 0.99
    assert np.abs(again.keypoints - expected.keypoints).max() < 1
    assert is_upright(back) == (quarters == 0)


def test_boxes_keep_their_size_in_turned_images() -> None:
    keypoints = np.array([[32, 20], [38, 20], [35, 25], [35, 30]], np.float32)
    back = turned_back(Detection((30, 10, 10, 25), 0.9, keypoints), 1, (200, 100))
    assert back.box == (165, 30, 25, 10)
    assert back.keypoints[0].tolist() == [180, 32]
