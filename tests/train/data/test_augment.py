"""Crops are changed as cameras, light and the detector do, and the same way for a seed."""

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from train.data.augment import Augmentation, augment, random_matrix
from train.data.crops import MARGIN_PX, STORED_PX, center_crop

STILL = Augmentation(
    shift=0, scale=0, rotate_deg=0, contrast=0, brightness=0, gamma=0, p_downscale=0, p_blur=0, p_noise=0,
    p_jpeg=0, p_occlude=0,
)  # fmt: skip


def test_augmentation_of_strength_zero_is_the_middle_or_its_mirror(astronaut_bgr: NDArray[np.uint8]) -> None:
    stored = cv2.cvtColor(astronaut_bgr[:STORED_PX, :STORED_PX], cv2.COLOR_BGR2GRAY)
    random = np.random.default_rng(0)
    seen = set()
    for _ in range(12):
        image = augment(stored, 128, 128, random, STILL)
        mirrored = np.array_equal(image, center_crop(stored)[:, ::-1])
        assert mirrored or np.array_equal(image, center_crop(stored))
        seen.add(mirrored)
    assert seen == {True, False}


def test_augmentation_changes_images_but_repeats_for_a_seed(astronaut_bgr: NDArray[np.uint8]) -> None:
    stored = cv2.cvtColor(astronaut_bgr[:STORED_PX, 150 : 150 + STORED_PX], cv2.COLOR_BGR2GRAY)

    def variants(seed: int) -> NDArray[np.uint8]:
        random = np.random.default_rng(seed)
        return np.stack([augment(stored, 128, 96, random, Augmentation()) for _ in range(20)])

    np.testing.assert_array_equal(variants(1), variants(1))
    assert not np.array_equal(variants(1), variants(2))
    assert variants(1).shape == (20, 96, 96)


def test_ordinary_jitter_needs_no_invented_border() -> None:
    random = np.random.default_rng(0)
    one_deviation = Augmentation()
    corners = np.array([[0, 0, 1], [127, 0, 1], [0, 127, 1], [127, 127, 1]], dtype=float)
    outside = []
    for _ in range(500):
        matrix = random_matrix(random, STORED_PX, 128, 128, one_deviation)
        found = corners @ cv2.invertAffineTransform(matrix).T
        outside.append(max(-found.min(), found.max() - (STORED_PX - 1)))
    assert np.quantile(outside, 0.5) <= 0
    assert max(outside) < 2 * MARGIN_PX


def test_strength_scales_tones_and_leaves_the_geometry() -> None:
    half = Augmentation().scaled(0.5)
    assert (half.contrast, half.p_occlude) == (0.15, 0.125)
    assert (half.shift, half.scale, half.rotate_deg) == (0.03, 0.06, 8)
    assert half.min_downscale_px == 28
    assert Augmentation().scaled(1) == Augmentation()
