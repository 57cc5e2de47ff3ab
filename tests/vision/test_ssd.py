"""Outputs of a face network become faces: anchors, scores, and one face for each group of boxes."""

import numpy as np
import pytest

from agecam.vision.ssd import Floats, SsdDecoder, anchor_centres, weighted_nms


def test_anchors_are_those_of_the_two_networks() -> None:
    near, far = anchor_centres(128), anchor_centres(192)
    assert (near.shape, far.shape) == ((896, 2), (2304, 2))
    np.testing.assert_allclose(
        near[[0, 1, 2, 511]], [[1 / 32] * 2, [1 / 32] * 2, [3 / 32, 1 / 32], [31 / 32] * 2]
    )
    np.testing.assert_allclose(
        near[[512, 517, 518, -1]], [[1 / 16] * 2, [1 / 16] * 2, [3 / 16, 1 / 16], [15 / 16] * 2]
    )
    np.testing.assert_allclose(far[[0, 1, 48]], [[1 / 96, 1 / 96], [3 / 96, 1 / 96], [1 / 96, 3 / 96]])


def _outputs(logit: float) -> tuple[Floats, Floats]:
    """One face 19.2 x 38.4 pixels at the anchor 100, its keypoints 9.6 pixels right of that."""
    values = np.zeros((2304, 16), np.float32)
    values[100] = (0, 0, 19.2, 38.4, *(9.6, 0) * 6)
    logits = np.full(2304, -8, np.float32)
    logits[100] = logit
    return values, logits


def test_values_are_decoded_from_their_anchor() -> None:
    x, y = anchor_centres(192)[100]
    faces = SsdDecoder(192, min_score=0.3).decode(*_outputs(2.0))
    np.testing.assert_allclose(faces.points[:, :2], [[(x - 0.05, y - 0.1), (x + 0.05, y + 0.1)]], atol=1e-6)
    np.testing.assert_allclose(faces.points[:, 2:], [[(x + 0.05, y)] * 6], atol=1e-6)
    np.testing.assert_allclose(faces.scores, [1 / (1 + np.exp(-2))], rtol=1e-6)


@pytest.mark.parametrize(
    ("min_score", "logit", "found"),
    [(0.5, 0.0, 1), (0.5, -1e-3, 0), (1.0, 200.0, 1), (1.0, 10.0, 0), (0.3, float("nan"), 0)],
)
def test_the_least_score_is_enough(min_score: float, logit: float, found: int) -> None:
    assert len(SsdDecoder(192, min_score=min_score).decode(*_outputs(logit)).scores) == found


def test_a_box_of_negative_size_is_no_face() -> None:
    values, logits = _outputs(2.0)
    values[100, 2] = -1
    assert len(SsdDecoder(192, min_score=0.3).decode(values, logits).scores) == 0


def test_places_of_less_sure_faces_are_proposed() -> None:
    x, y = anchor_centres(192)[100]
    decoder = SsdDecoder(192, min_score=0.5)
    values, logits = _outputs(-1.0)
    np.testing.assert_allclose(decoder.propose(values, logits, 0.2), [(x, y, 0.1, 0.2689)], atol=1e-4)
    assert decoder.propose(values, logits, 0.3).shape == (0, 4)


def test_boxes_that_overlap_become_their_mean_by_score() -> None:
    points = np.array(
        [
            [[0.5, 0.5], [0.7, 0.7], [0.6, 0.6]],
            [[0.0, 0.0], [0.2, 0.2], [0.1, 0.1]],
            [[0.04, 0.0], [0.24, 0.2], [0.2, 0.1]],
        ],
        np.float32,
    )
    scores, means = weighted_nms(np.array([0.4, 0.9, 0.3], np.float32), points)
    np.testing.assert_allclose(scores, [0.9, 0.4])
    np.testing.assert_allclose(means[0], [[0.01, 0.0], [0.21, 0.2], [0.125, 0.1]], atol=1e-6)
    np.testing.assert_allclose(means[1], points[0])


def test_boxes_without_area_stay_apart() -> None:
    points = np.zeros((2, 3, 2), np.float32)
    scores, means = weighted_nms(np.array([0.4, 0.9], np.float32), points)
    np.testing.assert_allclose(scores, [0.9, 0.4])
    np.testing.assert_array_equal(means, points)
