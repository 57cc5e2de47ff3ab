"""Where in the image a face lies that one run detects in a mosaic of regions."""

import numpy as np
import pytest

from agecam.messages import Detection
from agecam.vision.face_network import Proposals
from agecam.vision.mosaic import PART_PX, detect_in_mosaic
from agecam.vision.pyramid import RoiImage

BOX = (16.0, 32.0, 64.0, 48.0)
KEYPOINTS = np.array([(30, 50), (60, 50), (45, 60), (45, 70)], np.float32)


class InPart:
    """A network that detects one face, the same in each of the ``parts`` of its input."""

    def __init__(self, *parts: tuple[int, int]) -> None:
        self.corners = [(column * PART_PX, row * PART_PX) for row, column in parts]

    def detect(self, region: RoiImage) -> list[Detection]:
        return [
            Detection((BOX[0] + x, BOX[1] + y, *BOX[2:]), 0.9, KEYPOINTS + np.array((x, y), np.float32))
            for x, y in self.corners
        ]

    def detect_and_propose(self, region: RoiImage, min_score: float) -> tuple[list[Detection], Proposals]:
        raise NotImplementedError

    def close(self) -> None:
        pass


@pytest.mark.parametrize(("part", "index"), [((0, 0), 0), ((0, 1), 1), ((1, 0), 2), ((1, 1), 3)])
def test_a_face_in_a_part_is_at_its_place_in_the_image(part: tuple[int, int], index: int) -> None:
    """Also where rounding and an edge of the image left the region no square, and it was halved."""
    regions = [RoiImage(np.zeros((96 + n, 120 - n, 3), np.uint8), 100 * n, 200 + 50 * n, 2) for n in range(4)]
    found = detect_in_mosaic(InPart(part), regions)
    assert [len(one) for one in found] == [int(n == index) for n in range(4)]
    (face,), region = found[index], regions[index]
    height_px, width_px = region.image_bgr.shape[:2]
    across, down = 2 * width_px / PART_PX, 2 * height_px / PART_PX
    x, y, width, height = BOX
    expected = (region.x0 + x * across, region.y0 + y * down, width * across, height * down)
    assert face.box == pytest.approx(expected)
    np.testing.assert_allclose(face.keypoints, KEYPOINTS * (across, down) + (region.x0, region.y0), rtol=1e-5)


def test_what_is_detected_in_the_empty_part_of_a_mosaic_is_nowhere() -> None:
    regions = [RoiImage(np.zeros((128, 128, 3), np.uint8), 0, 0, 1)] * 3
    assert [len(one) for one in detect_in_mosaic(InPart((0, 0), (1, 1)), regions)] == [1, 0, 0]
