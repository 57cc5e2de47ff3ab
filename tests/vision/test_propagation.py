"""Known faces are carried on by template matching to where they really are."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.vision.detector import MediaPipeDetector
from agecam.vision.propagation import propagate
from agecam.vision.pyramid import Pyramid

Image = NDArray[np.uint8]
MakeScene = Callable[..., Image]


@pytest.fixture
def detected(scene: MakeScene, detector: MediaPipeDetector) -> tuple[Pyramid, Detection]:
    """A frame with a head, and the head's face."""
    pyramid = Pyramid(scene((100, 70)))
    (face,) = detector.detect_frame(pyramid, []).faces
    return pyramid, face


@pytest.mark.parametrize("shift", [(0, 0), (6, -3), (-9, 7)])
def test_a_face_is_found_where_it_went_to_a_fraction_of_a_pixel(
    detected: tuple[Pyramid, Detection], scene: MakeScene, shift: tuple[int, int]
) -> None:
    before, face = detected
    dx, dy = shift
    now = propagate(before, Pyramid(scene((100 + dx, 70 + dy))), face, face.centre)
    assert now is not None
    x, y, width, height = face.box
    assert now.box == pytest.approx((x + dx, y + dy, width, height), abs=0.6)
    assert now.keypoints == pytest.approx(face.keypoints + shift, abs=0.6)
    assert now.score == face.score


def test_a_search_begins_at_the_expected_place(detected: tuple[Pyramid, Detection], scene: MakeScene) -> None:
    before, face = detected
    now = Pyramid(scene((160, 70)))
    x, y = face.centre
    assert propagate(before, now, face, (x, y)) is None
    found = propagate(before, now, face, (x + 50, y))
    assert found is not None
    assert found.centre == pytest.approx((x + 60, y), abs=0.6)


def test_who_is_gone_is_not_carried_on(detected: tuple[Pyramid, Detection], scene: MakeScene) -> None:
    before, face = detected
    empty = np.full_like(before.image_bgr, 120)
    upside_down = np.ascontiguousarray(scene((100, 70))[::-1])
    assert propagate(before, Pyramid(empty), face, face.centre) is None
    assert propagate(before, Pyramid(upside_down), face, face.centre) is None
    assert propagate(before, Pyramid(before.image_bgr[::2, ::2]), face, face.centre) is None


def test_a_face_that_leaves_the_frame_is_not_carried_on(
    detected: tuple[Pyramid, Detection], scene: MakeScene
) -> None:
    before, face = detected
    cut = round(face.centre[0])
    left_of = Pyramid(np.ascontiguousarray(before.image_bgr[:, :cut]))
    assert propagate(left_of, left_of, face, face.centre) is None
