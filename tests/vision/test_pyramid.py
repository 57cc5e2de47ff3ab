"""Parts of a picture keep their place, whatever the size they are seen at."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agecam.vision.pyramid import Pyramid, tiles


def picture(width: int, height: int) -> np.ndarray:
    """Red tells the column and green the row, in steps of four pixels."""
    y, x = np.mgrid[:height, :width]
    return np.dstack([np.zeros_like(x), y // 4 % 256, x // 4 % 256]).astype(np.uint8)


@pytest.mark.parametrize("longest_px", [90, 150, 384, 2000])
def test_a_part_shows_what_its_place_says(longest_px: int) -> None:
    view = Pyramid(picture(1001, 703)).part((301, 150, 400, 301), longest_px)
    assert max(view.image_bgr.shape[:2]) <= longest_px
    assert max(view.image_bgr.shape[:2]) * 2 > min(longest_px, 400)
    rows, columns = view.image_bgr.shape[:2]
    for v, u in ((0, 0), (rows // 2, columns // 3), (rows - 1, columns - 1)):
        x, y = view.x0 + (u + 0.5) * view.scale, view.y0 + (v + 0.5) * view.scale
        assert view.image_bgr[v, u] == pytest.approx([0, y / 4, x / 4], abs=1.5)


def test_the_whole_picture_is_a_part() -> None:
    view = Pyramid(picture(1280, 720)).part((0, 0, 1280, 720), 384)
    assert (view.x0, view.y0, view.scale, view.image_bgr.shape) == (0, 0, 4, (180, 320, 3))


def test_shrinking_averages() -> None:
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 200
    view = Pyramid(np.dstack([checks] * 3).astype(np.uint8)).part((0, 0, 64, 64), 16)
    assert (view.image_bgr == 100).all()


def test_a_square_over_the_edge_repeats_the_border() -> None:
    view = Pyramid(picture(200, 100)).square((10.0, 5.0), 60, 384)
    assert (view.image_bgr.shape, view.x0, view.y0) == ((60, 60, 3), -20, -25)
    assert (view.image_bgr[:, :20] == view.image_bgr[:, 20:21]).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 700, 3), (700, 2, 3)])
def test_odd_shapes_have_at_least_a_pixel_at_every_size(shape: tuple[int, int, int]) -> None:
    tiny = Pyramid(np.zeros(shape, np.uint8))
    for view in (tiny.part((0, 0, *tiny.size), 10), tiny.square((900.0, -50.0), 500, 10)):
        assert min(view.image_bgr.shape[:2]) >= 1


@given(st.integers(64, 4000), st.integers(64, 4000), st.sampled_from([2, 3, 6]), st.sampled_from([0.6, 0.72]))
def test_tiles_lie_inside_the_picture_and_leave_no_gap(width, height, parts, stride):
    areas = tiles(width, height, parts, stride)
    if not areas:
        assert max(width, height) // parts < 64
        return
    covered = np.zeros((height, width), bool)
    for x, y, w, h in areas:
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height
        covered[y : y + h, x : x + w] = True
    assert covered.all()
