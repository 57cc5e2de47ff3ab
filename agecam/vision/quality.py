"""How far to trust the models' answer on a crop, before they have answered.

The shape of each factor follows from a made-up film of faces of known age (``benchmarks/known_faces.py``,
4,500 answers of 191 people of the validation part): between the best and the worst sixth of all crops, the
squared error of an answer about the mean answer on the same person grows sixfold with the detector's score
falling from 0.84 to 0.5, threefold with sharpness from 0.24 to 0.1, and threefold with the nose from midway
between the eyes to a sixth of their distance aside.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2

_FULL_QUALITY_PX: Final = 64.0
_FULL_SHARPNESS: Final = 0.25
_FULL_SCORE: Final = 0.85
_TURN: Final = 0.12
_LEAST: Final = 1e-3

_SHARPNESS_PX: Final = 64
_RIM_PX: Final = 6


def face_quality(face: Detection) -> float:
    """What a detection tells of its crop, in (0, 1]: large, sure and frontal is best."""
    right_eye, left_eye, nose, _ = face.keypoints.astype(np.float64)
    eyes = left_eye - right_eye
    distance_sq = max(1e-9, float(eyes @ eyes))
    # Where the nose falls along the eye line: 0 midway between the eyes, 0.5 at one of them.
    turn = abs(float((nose - right_eye) @ eyes) / distance_sq - 0.5)
    frontal = 1 / (1 + (turn / _TURN) ** 2)
    size = min(1.0, float(np.sqrt(face.box[2] * face.box[3])) / _FULL_QUALITY_PX)
    sure = min(1.0, face.score / _FULL_SCORE) ** 3
    return max(_LEAST, sure * frontal * size)


def sharpness(crop_gray: NDArray[np.uint8]) -> float:
    """How much fine detail a crop ``(128, 128)`` uint8 holds, relative to its contrast: about 0.03 to 0.3.

    Detail finer than a quarter of the crop's pixels is left out: there noise would pass for sharpness.
    """
    small = cv2.resize(crop_gray, (_SHARPNESS_PX, _SHARPNESS_PX), interpolation=cv2.INTER_AREA)
    inner = small[_RIM_PX:-_RIM_PX, _RIM_PX:-_RIM_PX].astype(np.float32)
    detail = inner - cv2.GaussianBlur(inner, (0, 0), 1.5)
    # A few gray levels of contrast more keep a blank crop from being all detail.
    return float(cv2.norm(detail) / np.sqrt(detail.size) / (cv2.meanStdDev(inner)[1][0, 0] + 4))


def visible_share(face: Detection, picture_size: tuple[int, int]) -> float:
    """How much of the face's box lies inside a picture of (width, height), in [0, 1]."""
    x, y, width, height = face.box
    inside_x = min(x + width, picture_size[0]) - max(x, 0.0)
    inside_y = min(y + height, picture_size[1]) - max(y, 0.0)
    return max(0.0, inside_x) * max(0.0, inside_y) / max(1e-9, width * height)


def crop_quality(face: Detection, crop_gray: NDArray[np.uint8], picture_size: tuple[int, int]) -> float:
    """How much the answer on a crop should count, in (0, 1], from the detection and the crop itself.

    Tiny, blurred, turned and doubtful faces count little, and those that the picture's edge cuts.
    """
    sharp = min(1.0, sharpness(crop_gray) / _FULL_SHARPNESS) ** 2
    return max(_LEAST, face_quality(face) * sharp * visible_share(face, picture_size) ** 4)
