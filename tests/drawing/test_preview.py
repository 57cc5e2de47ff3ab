"""What a screen gets of a frame: its own pixels, faces covered, mirrored, and no stripes of their own."""

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.drawing.preview import fit_size, preview_image, resize_smoothly
from agecam.vision.pyramid import Pyramid

Image = NDArray[np.uint8]


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        ((1280, 720), (1280, 720), (1280, 720)),
        ((1280, 720), (1120, 700), (1120, 630)),
        ((640, 480), (1920, 1080), (1440, 1080)),
        ((4000, 1), (100, 100), (100, 1)),
    ],
)
def test_a_frame_keeps_its_shape_and_fits(
    inner: tuple[int, int], outer: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert fit_size(inner, outer) == expected


@pytest.mark.parametrize("period", [2, 3, 5])
@pytest.mark.parametrize("width", [120, 280, 400, 500, 610, 700])
def test_a_fine_pattern_is_even_gray_where_it_is_shown_small(period: int, width: int) -> None:
    stripes = np.zeros((540, 960, 3), np.uint8)
    stripes[:, ::period] = 255
    shown = resize_smoothly(stripes, (width, width * 9 // 16))[100 * width // 960 + 2]
    levels = shown[4:-4, 0].astype(float)
    assert levels.mean() == pytest.approx(255 / period, abs=5)
    if width / 960 < 1 / period:  # finer than the screen's pixels
        # Means of three pixels, since a screen shows the very pattern where it has the pixels for it.
        beats = np.convolve(levels, np.ones(3) / 3, mode="valid")
        assert beats.max() - beats.min() < 70, "no stripes where there are none"


def test_an_image_of_the_size_of_the_screen_is_the_same(astronaut_bgr: Image) -> None:
    shown = preview_image(astronaut_bgr, (512, 512))
    np.testing.assert_array_equal(shown[..., :3], astronaut_bgr)
    assert (shown[..., 3] == 255).all()
    assert not shown.flags.writeable


@pytest.mark.parametrize("size", [(512, 512), (320, 320), (700, 700)])
def test_a_mirrored_preview_is_the_plain_one_flipped(astronaut_bgr: Image, size: tuple[int, int]) -> None:
    mirrored = preview_image(astronaut_bgr, size, mirrored=True)
    assert (mirrored == preview_image(astronaut_bgr, size)[:, ::-1]).all()
    assert not mirrored.flags.writeable
    assert not np.shares_memory(mirrored, astronaut_bgr)


def test_a_half_that_was_made_already_is_shown_as_if_it_were_made_anew(astronaut_bgr: Image) -> None:
    for image, asked in ((astronaut_bgr, 2), (astronaut_bgr[:-1, :-1], 0)):
        pyramid, images = Pyramid(np.ascontiguousarray(image)), list[Image]()

        def half_of(whole: Image, pyramid: Pyramid = pyramid, images: list[Image] = images) -> Image | None:
            images.append(whole)
            return pyramid.half_of(whole)

        shown = preview_image(pyramid.image_bgr, (100, 100), half_of=half_of)
        np.testing.assert_array_equal(shown, preview_image(pyramid.image_bgr, (100, 100)))
        assert len(images) == asked, "a half of odd sides is another one"


@pytest.mark.parametrize("size", [(200, 200), (512, 512), (900, 900)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_face_is_covered_before_anybody_sees_it(
    astronaut_bgr: Image, size: tuple[int, int], mirrored: bool
) -> None:
    box = (512 - 176 - 106.0 if mirrored else 176.0, 67.0, 106.0, 106.0)
    before = astronaut_bgr.copy()
    shown = preview_image(astronaut_bgr, size, [box], mirrored=mirrored)
    x, y, width, height = (round(value * size[0] / 512) for value in box)
    face = shown[y : y + height, x : x + width, :3]
    assert len(np.unique(face.reshape(-1, 3), axis=0)) < 80, "a few squares are left of it"
    uncovered = preview_image(astronaut_bgr, size, mirrored=mirrored)
    np.testing.assert_array_equal(shown[2 * size[0] // 3 :], uncovered[2 * size[0] // 3 :])
    np.testing.assert_array_equal(astronaut_bgr, before)


@pytest.mark.parametrize("size_wh", [(3000, 1), (1, 3000), (63, 47)])
def test_an_image_of_hardly_any_height_or_width_is_shown_too(size_wh: tuple[int, int]) -> None:
    shown_wh = fit_size(size_wh, (320, 180))
    shown = preview_image(np.full((size_wh[1], size_wh[0], 3), 90, np.uint8), shown_wh)
    assert shown.shape == (shown_wh[1], shown_wh[0], 4)
    assert (shown[..., :3] == 90).all()
