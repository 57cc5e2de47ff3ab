"""Yaw, pitch and size follow from keypoints as from a head that is seen from afar."""

import numpy as np
import pytest
from numpy.typing import NDArray

from train.data.pose import pose_and_size

_HEAD = np.array([[-155, -170, 135], [155, -170, 135], [0, 0, 0], [0, 150, 125]], float)
"""Right eye, left eye, nose, mouth: x to the right of the image, y down, z away from the camera."""


def seen(
    yaw_deg: float = 0, pitch_deg: float = 0, roll_deg: float = 0, scale: float = 0.2
) -> NDArray[np.float32]:
    """Keypoints ``(1, 4, 2)`` of the head, turned to its left, then down, then anticlockwise in the image."""
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    about_y = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    in_image = (_HEAD @ about_y.T @ about_x.T)[:, :2]
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    return np.asarray(scale * in_image @ turn.T + 100, np.float32)[None]


@pytest.mark.parametrize("yaw_deg", [-40, -20, 0, 20, 40])
@pytest.mark.parametrize("roll_deg", [0, 30])
def test_yaw_is_that_of_the_head_whatever_its_roll(yaw_deg: float, roll_deg: float) -> None:
    yaw, pitch, _ = pose_and_size(seen(yaw_deg, 0, roll_deg))
    assert yaw[0] == pytest.approx(yaw_deg, abs=4)
    assert abs(pitch[0]) < 8


@pytest.mark.parametrize("pitch_deg", [-20, 0, 20])
def test_pitch_is_positive_where_the_head_looks_down(pitch_deg: float) -> None:
    yaw, pitch, _ = pose_and_size(seen(0, pitch_deg))
    assert pitch[0] == pytest.approx(pitch_deg, abs=8)
    assert abs(yaw[0]) < 1


def test_size_grows_with_the_face_alone() -> None:
    widths = [pose_and_size(seen(scale=scale))[2][0] for scale in (0.1, 0.2)]
    assert widths[1] == pytest.approx(2 * widths[0])
    # 310 units between the eyes, which are two fifths of the crop apart.
    assert widths[1] == pytest.approx(0.2 * 310 / 0.395 * 0.94, rel=0.1)


def test_unknown_keypoints_have_no_pose() -> None:
    both = np.concatenate([seen(10), np.full((1, 4, 2), np.nan, np.float32)])
    yaw, pitch, width = pose_and_size(both)
    for values in (yaw, pitch, width):
        assert np.isnan(values).tolist() == [False, True]
