import numpy as np
import pytest

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


def test_eyes_and_mouth_go_to_their_places(detector, astronaut_bgr):
    (face,) = detector.detect(astronaut_bgr)
    matrix = alignment_matrix(face.keypoints)
    placed = face.keypoints[[0, 1, 3]] @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(placed - reference_points()).max() < 6


def test_exact_points_are_placed_exactly():
    turn, scale = np.deg2rad(25), 3.0
    rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    eyes_and_mouth = reference_points() @ rotation.T + (40, -7)
    keypoints = np.insert(eyes_and_mouth, 2, (0, 0), axis=0).astype(np.float32)
    matrix = alignment_matrix(keypoints)
    assert np.allclose(matrix[:, :2] @ rotation, np.eye(2), atol=1e-5)


def test_a_tilted_head_comes_out_upright(detector, astronaut_bgr):
    (face,) = detector.detect(astronaut_bgr)
    upright = align_face(astronaut_bgr, face)
    turn = cv2.getRotationMatrix2D(face.centre, 20, 1.0)
    turned_picture = cv2.warpAffine(astronaut_bgr, turn, (512, 512))
    turned_points = (face.keypoints @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    turned = align_face(turned_picture, Detection(face.box, face.score, turned_points))
    assert np.corrcoef(upright.ravel(), turned.ravel())[0, 1] > 0.98


@pytest.mark.parametrize("scale", [0.5, 2.0, 4.0])
def test_the_crop_is_the_same_at_any_resolution(detector, astronaut_bgr, scale):
    (face,) = detector.detect(astronaut_bgr)
    resized = cv2.resize(astronaut_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    points = ((face.keypoints + 0.5) * scale - 0.5).astype(np.float32)
    crop = align_face(resized, Detection(face.box, face.score, points))
    expected = align_face(astronaut_bgr, face)
    assert np.abs(crop.astype(int) - expected).mean() < 4


def test_looks_are_mirror_images_and_smaller_ones_about_the_same_middle(detector, astronaut_bgr):
    (face,) = detector.detect(astronaut_bgr)
    plain, *others = (look[0] for look in align_tta(astronaut_bgr, [face]))
    assert (plain == align_face(astronaut_bgr, face)).all()
    for look, crop in zip(TTA_VIEWS[1:], others, strict=True):
        expected = plain[:, ::-1] if look.mirrored else plain
        side = round(CROP_PX * look.scale)
        rest = (CROP_PX - side) // 2
        smaller = cv2.resize(expected, (side, side), interpolation=cv2.INTER_AREA)
        inner = crop[rest : rest + side, rest : rest + side]
        assert np.corrcoef(smaller.ravel(), inner.ravel())[0, 1] > 0.99
        assert np.corrcoef(plain.ravel(), crop.ravel())[0, 1] < 0.95
        # What a smaller one shows beyond the plain crop is the picture's, not a border.
        assert crop[:, 0].std() > 5


def test_coinciding_points_cannot_be_aligned():
    with pytest.raises(ValueError, match="coincide"):
        alignment_matrix(np.zeros((4, 2), np.float32))


def test_a_face_at_the_edge_repeats_the_border(face):
    picture = np.full((60, 60, 3), 77, np.uint8)
    assert (align_face(picture, face(-50, -50)) == 77).all()


def test_crops_keep_the_order_of_faces(astronaut_bgr, face):
    faces = [face(180, 70), face(300, 300, 60)]
    crops = align_faces(astronaut_bgr, faces)
    assert crops.shape == (2, CROP_PX, CROP_PX)
    assert crops.dtype == np.uint8
    assert (crops[1] == align_face(astronaut_bgr, faces[1])).all()
    assert align_faces(astronaut_bgr, []).shape == (0, CROP_PX, CROP_PX)


def test_model_input_is_float_from_0_to_1():
    values = to_model_input(np.array([[[0, 255]]], np.uint8))
    assert values.shape == (1, 1, 2, 1)
    assert values.dtype == np.float32
    assert values.ravel() == pytest.approx([0, 1])
