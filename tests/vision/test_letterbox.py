"""Images become network input: in the middle, in shape, red first, in [-1, 1]."""

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.vision.letterbox import letterbox


def letterboxed(image_bgr: NDArray[np.uint8], side_px: int) -> NDArray[np.float32]:
    """What a network gets that saw another image before."""
    model_input = np.full((side_px, side_px, 3), 7, np.float32)
    letterbox(image_bgr, model_input)
    return model_input


def test_the_image_is_in_the_middle_and_black_beside_it() -> None:
    image = np.full((50, 100, 3), (0, 51, 255), np.uint8)
    model_input = letterboxed(image, 128)
    np.testing.assert_array_equal(model_input[:31], -1)
    np.testing.assert_array_equal(model_input[97:], -1)
    np.testing.assert_allclose(
        model_input[33:95, :127], np.broadcast_to((1, -0.6, -1), (62, 127, 3)), atol=1e-6
    )
    np.testing.assert_array_equal(
        letterboxed(image.transpose(1, 0, 2).copy(), 128).transpose(1, 0, 2), model_input
    )


@pytest.mark.parametrize("height", [1, 7])
def test_a_line_is_black_but_where_pixels_fall_on_it(height: int) -> None:
    line = np.full((height, 1000, 3), 255, np.uint8)
    model_input = letterboxed(line, 128)
    np.testing.assert_array_equal(model_input[:62], -1)
    np.testing.assert_array_equal(model_input[66:], -1)
    assert (model_input.max() == 1) == (height == 7)
    np.testing.assert_array_equal(
        letterboxed(line.transpose(1, 0, 2).copy(), 128).transpose(1, 0, 2), model_input
    )


@pytest.mark.parametrize(("width", "height"), [(384, 192), (192, 384), (384, 384)])
def test_twice_the_size_takes_every_other_pixel(width: int, height: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    model_input = letterboxed(image, 192)
    top, left = (192 - height // 2) // 2, (192 - width // 2) // 2
    inside = model_input[top : top + height // 2, left : left + width // 2]
    np.testing.assert_allclose(inside, image[::2, ::2, ::-1] / 127.5 - 1, atol=1e-6)


def test_pixels_are_interpolated_at_32nds() -> None:
    ramp = np.broadcast_to(np.arange(0, 240, 2)[:, np.newaxis], (120, 120, 3)).astype(np.uint8)
    levels = (letterboxed(ramp, 128)[60, :120, 0] + 1) * 127.5
    places = np.rint(np.arange(120) * (120 / 128) * 32) / 32
    np.testing.assert_allclose(levels, 2 * places, atol=0.5001)
