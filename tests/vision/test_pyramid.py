"""Regions of an image keep their place, whatever the size they are shrunk to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.vision.pyramid import Pyramid, tiles


def gradient(width: int, height: int) -> NDArray[np.uint8]:
    """Red is the column and green the row, in steps of four pixels."""
    y, x = np.mgrid[:height, :width]
    return np.dstack([np.zeros_like(x), y // 4 % 256, x // 4 % 256]).astype(np.uint8)


@pytest.mark.parametrize("longest_px", [90, 150, 384, 2000])
def test_a_region_has_the_pixels_of_its_place(longest_px: int) -> None:
    region = Pyramid(gradient(1001, 703)).region((301, 150, 400, 301), longest_px)
    assert max(region.image_bgr.shape[:2]) <= longest_px
    assert max(region.image_bgr.shape[:2]) * 2 > min(longest_px, 400)
    rows, columns = region.image_bgr.shape[:2]
    for v, u in ((0, 0), (rows // 2, columns // 3), (rows - 1, columns - 1)):
        x, y = region.x0 + (u + 0.5) * region.scale, region.y0 + (v + 0.5) * region.scale
        assert region.image_bgr[v, u] == pytest.approx([0, y / 4, x / 4], abs=1.5)


def test_the_whole_image_is_a_region() -> None:
    pyramid = Pyramid(gradient(1280, 720))
    whole = pyramid.whole(384)
    assert (whole.x0, whole.y0, whole.scale, whole.image_bgr.shape) == (0, 0, 4, (180, 320, 3))
    assert pyramid.size_wh == (1280, 720)


@pytest.mark.parametrize("longest_px", [100, 384, 5000])
def test_a_border_repeats_the_edge_and_moves_nothing(longest_px: int) -> None:
    bordered = Pyramid(gradient(1001, 703)).bordered(0.3, longest_px)
    scale, image = bordered.scale, bordered.image_bgr.astype(int)
    assert max(image.shape[:2]) <= longest_px
    assert (bordered.x0, bordered.y0) == pytest.approx((-300, -300), abs=scale)
    u, v = ((at - start) // scale for at, start in ((600, bordered.x0), (400, bordered.y0)))
    assert image[v, u].tolist() == pytest.approx([0, 100, 150], abs=scale / 4 + 1)
    assert image[v, 0].tolist() == pytest.approx([0, 100, 0], abs=scale / 4 + 1)


def test_shrinking_averages() -> None:
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 200
    region = Pyramid(np.dstack([checks] * 3).astype(np.uint8)).region((0, 0, 64, 64), 16)
    assert (region.image_bgr == 100).all()


@given(st.integers(1, 400), st.integers(1, 400), st.data())
def test_a_part_has_the_same_pixels_whether_or_not_its_size_was_made_before(
    width: int, height: int, data: st.DataObject
) -> None:
    image = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    roi = x, y, data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y))
    centre, side = (
        (data.draw(st.floats(-30, 430)), data.draw(st.floats(-30, 430))),
        data.draw(st.floats(1, 300)),
    )
    longest_px = data.draw(st.integers(8, 64))
    made, fresh = Pyramid(image), Pyramid(image)
    made.whole(1)
    for one, other in (
        (made.region(roi, longest_px), fresh.region(roi, longest_px)),
        (made.square(centre, side, longest_px), fresh.square(centre, side, longest_px)),
    ):
        assert (one.x0, one.y0, one.scale) == (other.x0, other.y0, other.scale)
        assert np.array_equal(one.image_bgr, other.image_bgr)


def test_a_square_over_the_edge_repeats_the_border() -> None:
    square = Pyramid(gradient(200, 100)).square((10.0, 5.0), 60, 384)
    assert (square.image_bgr.shape, square.x0, square.y0) == ((60, 60, 3), -20, -25)
    assert (square.image_bgr[:, :20] == square.image_bgr[:, 20:21]).all()
    assert (square.image_bgr[25:, 20:] == gradient(200, 100)[:35, :40]).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 700, 3), (700, 2, 3)])
def test_odd_shapes_have_at_least_a_pixel_at_every_size(shape: tuple[int, int, int]) -> None:
    tiny = Pyramid(np.zeros(shape, np.uint8))
    for region in (tiny.whole(10), tiny.square((900.0, -50.0), 500, 10)):
        assert min(region.image_bgr.shape[:2]) >= 1


@given(st.integers(64, 4000), st.integers(64, 4000), st.integers(20, 2000), st.sampled_from([0.6, 0.72]))
def test_tiles_lie_inside_the_image_and_leave_no_gap(
    width: int, height: int, side_px: int, stride: float
) -> None:
    rois = tiles((width, height), side_px, stride)
    if not rois:
        assert side_px < 64
        return
    covered = np.zeros((height, width), bool)
    for x, y, w, h in rois:
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height
        covered[y : y + h, x : x + w] = True
    assert covered.all()


@pytest.mark.parametrize(("least_px", "scale"), [(64, 4), (65, 4), (76, 2), (151, 2), (152, 1), (900, 1)])
def test_a_face_is_shown_at_the_smallest_size_that_is_large_enough(least_px: int, scale: int) -> None:
    keypoints = np.array([(340, 250), (420, 252), (380, 300), (382, 350)], np.float32)
    face = Detection((301, 150, 200, 303), 0.8, keypoints)
    image, shrunk = Pyramid(gradient(1001, 703)).shrunk_face(face, least_px)
    assert image.shape[:2] == (703 // scale, 1001 // scale)
    assert shrunk.box == tuple(at / scale for at in face.box)
    assert shrunk.score == face.score
    for (x, y), (u, v) in zip(keypoints, shrunk.keypoints, strict=True):
        assert image[round(v), round(u)] == pytest.approx([0, y / 4, x / 4], abs=1.5)
