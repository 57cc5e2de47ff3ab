"""Eyes and mouth go to their reference points, at any place, size and rotation."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.align import (
    CROP_PX,
    TTA_VIEWS,
    align_face,
    align_faces,
    align_tta,
    alignment_matrix,
    reference_points,
    to_model_input,
)
from agecam.vision.detector import MediaPipeDetector

MakeFace = Callable[..., Detection]


@pytest.fixture
def detection(detector: MediaPipeDetector, astronaut_bgr: NDArray[np.uint8]) -> Detection:
    """The astronaut's face."""
    (detection,) = detector.detect(astronaut_bgr)
    return detection


def test_eyes_and_mouth_go_to_their_reference_points(detection: Detection) -> None:
    matrix = alignment_matrix(detection.keypoints)
    placed = detection.keypoints[[0, 1, 3]] @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(placed - reference_points()).max() < 6


def test_exact_points_are_placed_exactly() -> None:
    angle, scale = np.deg2rad(25), 3.0
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    eyes_and_mouth = reference_points() @ rotation.T + (40, -7)
    keypoints = np.insert(eyes_and_mouth, 2, (0, 0), axis=0).astype(np.float32)
    matrix = alignment_matrix(keypoints)
    assert np.allclose(matrix[:, :2] @ rotation, np.eye(2), atol=1e-5)
    assert np.allclose(eyes_and_mouth @ matrix[:, :2].T + matrix[:, 2], reference_points(), atol=1e-3)


def test_a_tilted_head_comes_out_upright(detection: Detection, astronaut_bgr: NDArray[np.uint8]) -> None:
    upright = align_face(astronaut_bgr, detection)
    rotation = cv2.getRotationMatrix2D(detection.centre, 20, 1.0)
    rotated_image = cv2.warpAffine(astronaut_bgr, rotation, (512, 512))
    points = (detection.keypoints @ rotation[:, :2].T + rotation[:, 2]).astype(np.float32)
    rotated = align_face(rotated_image, Detection(detection.box, detection.score, points))
    assert np.corrcoef(upright.ravel(), rotated.ravel())[0, 1] > 0.98


@pytest.mark.parametrize("scale", [0.5, 2.0, 4.0])
def test_the_crop_is_the_same_at_any_resolution(
    detection: Detection, astronaut_bgr: NDArray[np.uint8], scale: float
) -> None:
    resized = cv2.resize(astronaut_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    points = ((detection.keypoints + 0.5) * scale - 0.5).astype(np.float32)
    crop = align_face(resized, Detection(detection.box, detection.score, points))
    expected = align_face(astronaut_bgr, detection)
    assert np.abs(crop.astype(int) - expected).mean() < 4


def test_views_are_mirror_images_and_smaller_ones_about_the_same_centre(
    detection: Detection, astronaut_bgr: NDArray[np.uint8]
) -> None:
    plain, *others = (crops[0] for crops in align_tta(astronaut_bgr, [detection]))
    assert (plain == align_face(astronaut_bgr, detection)).all()
    for view, crop in zip(TTA_VIEWS[1:], others, strict=True):
        expected = plain[:, ::-1] if view.mirrored else plain
        side = round(CROP_PX * view.scale)
        rest = (CROP_PX - side) // 2
        smaller = cv2.resize(expected, (side, side), interpolation=cv2.INTER_AREA)
        inner = crop[rest : rest + side, rest : rest + side]
        assert np.corrcoef(smaller.ravel(), inner.ravel())[0, 1] > 0.99
        assert np.corrcoef(plain.ravel(), crop.ravel())[0, 1] < 0.95
        # What a smaller view has beyond the plain crop comes from the image, not from a border.
        assert crop[:, 0].std() > 5


def test_coinciding_points_cannot_be_aligned() -> None:
    with pytest.raises(ValueError, match="coincide"):
        alignment_matrix(np.zeros((4, 2), np.float32))


def test_a_face_at_the_edge_repeats_the_border(face: MakeFace) -> None:
    image = np.full((60, 60, 3), 77, np.uint8)
    assert (align_face(image, face(-50, -50)) == 77).all()


def test_crops_keep_the_order_of_faces(astronaut_bgr: NDArray[np.uint8], face: MakeFace) -> None:
    faces = [face(180, 70), face(300, 300, 60)]
    crops = align_faces(astronaut_bgr, faces, [TTA_VIEWS[0], TTA_VIEWS[2]])
    assert crops.shape == (2, CROP_PX, CROP_PX)
    assert crops.dtype == np.uint8
    assert (crops[0] == align_face(astronaut_bgr, faces[0])).all()
    assert (crops[1] == align_face(astronaut_bgr, faces[1], view=TTA_VIEWS[2])).all()
    assert align_faces(astronaut_bgr, []).shape == (0, CROP_PX, CROP_PX)


def test_model_input_is_float_from_0_to_1() -> None:
    values = to_model_input(np.array([[[0, 255]]], np.uint8))
    assert values.shape == (1, 1, 2, 1)
    assert values.dtype == np.float32
    assert values.ravel() == pytest.approx([0, 1])
