"""Head pose and size of faces from their four keypoints: coarse, enough to tell frontal faces from profiles.

A similarity takes roll and size away (:func:`agecam.vision.align.alignment_matrix`). The tip of the nose
stands out from the plane of eyes and mouth, so that it moves sideways with yaw and along the face with pitch,
by the tangent of the angle under a distant camera (after Gee and Cipolla, "Determining the gaze of faces in
images", Image and Vision Computing 1994).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.vision.align import alignment_matrix

FACE_IN_CROP_PX: Final = 120.5
"""Width of the detector's box of a face in its crop: the median of 180 images, 117 to 126 for most."""

_NOSE_PER_EYES: Final = 0.42
"""How far the nose stands out, in distances between the eyes: 130 to 310 in the head model that is common for
pose by ``solvePnP`` (eyes 135 and mouth 125 behind the nose, eye centres about 310 apart)."""
_NOSE_PER_HEIGHT: Final = 0.38
"""The same in distances from eyes to mouth, 1.1 times as long: the median of 30,000 images of UTKFace and
FairFace."""
_LEAST_SQ: Final = 1e-6
"""Distances on the crop in pixels are at least this, so that keypoints that coincide divide by no zero."""
_LEVEL_NOSE: Final = 0.567
"""Where the nose is on the way from eyes to mouth when a head is level: the median of the same images."""


def pose_and_size(
    keypoints: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Yaw and pitch in degrees and face widths in pixels, each ``(n,)`` float64, of keypoints ``(n, 4, 2)``.

    Keypoints are those of :class:`agecam.messages.Detection`. Yaw is positive where a head is turned to the
    person's left, pitch where it looks down. The detector draws the keypoints of far profiles together, and
    angles above 45 degrees come out too small. All three are NaN where keypoints are.
    """
    values = np.full((3, len(keypoints)), np.nan)
    for index in np.flatnonzero(np.isfinite(keypoints).all(axis=(1, 2))):
        values[:, index] = _of_one(keypoints[index])
    return values[0], values[1], values[2]


def _of_one(keypoints: NDArray[np.float32]) -> tuple[float, float, float]:
    matrix = alignment_matrix(keypoints)
    right_eye, left_eye, nose, mouth = keypoints.astype(np.float64) @ matrix[:, :2].T
    eyes = (right_eye + left_eye) / 2
    down = mouth - eyes
    along = float((nose - eyes) @ down) / max(float(down @ down), _LEAST_SQ)
    # Measured along the line of the eyes from where the middle of the face is at the nose's height.
    aside = float(nose[0] - (eyes + along * down)[0]) / max(float(left_eye[0] - right_eye[0]), _LEAST_SQ)
    return (
        float(np.degrees(np.arctan(aside / _NOSE_PER_EYES))),
        float(np.degrees(np.arctan((along - _LEVEL_NOSE) / _NOSE_PER_HEIGHT))),
        FACE_IN_CROP_PX / float(np.hypot(matrix[0, 0], matrix[1, 0])),
    )
