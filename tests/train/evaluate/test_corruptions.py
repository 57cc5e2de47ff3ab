"""Corruptions change crops, more or less, and repeat."""

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from train.data.crops import center_crop
from train.evaluate.corruptions import CORRUPTIONS, Corruption, rotate


@pytest.mark.parametrize("corruption", CORRUPTIONS[1:], ids=lambda c: f"{c.kind} {c.name}")
def test_each_corruption_changes_a_crop_and_leaves_its_shape(
    corruption: Corruption, astronaut_bgr: NDArray[np.uint8]
) -> None:
    stored = cv2.cvtColor(astronaut_bgr[40:200, 140:300], cv2.COLOR_BGR2GRAY)
    changed = corruption.apply(stored)
    assert changed.shape == stored.shape
    assert changed.dtype == np.uint8
    assert np.abs(center_crop(changed).astype(int) - center_crop(stored)).mean() > 0.5
    np.testing.assert_array_equal(changed, corruption.apply(stored))


def test_smaller_faces_are_further_from_what_they_were(astronaut_bgr: NDArray[np.uint8]) -> None:
    stored = cv2.cvtColor(astronaut_bgr[40:200, 140:300], cv2.COLOR_BGR2GRAY)
    original = center_crop(stored).astype(int)
    changes = [
        np.abs(center_crop(corruption.apply(stored)) - original).mean()
        for corruption in CORRUPTIONS
        if corruption.kind == "face width"
    ]
    assert changes == sorted(changes)
    assert changes[-1] > 3 * changes[0]


def test_a_rotated_image_holds_all_of_it_and_rotates_back(astronaut_bgr: NDArray[np.uint8]) -> None:
    rotated = rotate(rotate(astronaut_bgr, 20), -20)
    top, left = ((np.array(rotated.shape[:2]) - 512) // 2).tolist()
    back = rotated[top : top + 512, left : left + 512]
    assert np.abs(back.astype(int) - astronaut_bgr).mean() < 8
