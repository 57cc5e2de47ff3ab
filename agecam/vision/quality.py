"""How far to trust the models' prediction on a crop, before they are run.

The shape of each factor follows from made-up videos of faces of known age (``benchmarks/known_faces.py``,
4,500 predictions on 191 people of the validation split): between the best and the worst sixth of all crops,
the squared error of a prediction about the mean prediction on the same person grows sixfold with the
detector's score falling from 0.84 to 0.5, threefold with sharpness from 0.24 to 0.1, and threefold with the
nose from midway between the eyes to a sixth of their distance aside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection, Frame
from agecam.opencv import cv2
from agecam.vision.align import align_face

# These define what :func:`sharpness` measures; its scale in QualityConfig holds for them alone.
_SHARPNESS_PX: Final = 64
"""Side in pixels that a crop is reduced to: finer detail is mostly noise."""
_SHARPNESS_RIM_PX: Final = 6
"""Pixels left out on each side, where a crop shows background or a repeated border."""
_BLUR: Final = cv2.getGaussianKernel(13, 1.5)
"""The Gaussian, of 1.5 pixels' width, whose rest counts as detail."""
_CONTRAST_FLOOR: Final = 4.0
"""Gray levels of contrast added, so that a blank crop is not all detail."""


@dataclass(frozen=True, slots=True)
class QualityConfig:
    """Settings of :func:`crop_quality`; evidence in the text at the head of this module."""

    full_size_px: float = 64.0
    """Faces of this size (root of the box's area) and larger count in full: half the crop's side, and the
    least at which the models' input is not enlarged much."""
    full_sharpness: float = 0.25
    """:func:`sharpness` from which a crop counts in full: the best sixth of crops has 0.24."""
    full_score: float = 0.85
    """Detector score from which a face counts in full: the best sixth has 0.84."""
    half_turn: float = 0.12
    """Distance of the nose from midway between the eyes, in eye distances, at which a face counts half."""
    least: float = 1e-3
    """No crop counts less, so that a track of poor crops alone still has a mean."""


def face_quality(detection: Detection, config: QualityConfig = QualityConfig()) -> float:
    """What a detection tells of its crop, in (0, 1]: large, of a high score and frontal is best."""
    # No arrays: NumPy takes several times as long for so few numbers.
    keypoints: list[tuple[float, float]] = detection.keypoints.tolist()
    (x, y), (left_x, left_y), (nose_x, nose_y), _ = keypoints
    across, down = left_x - x, left_y - y
    distance_sq = max(1e-9, across * across + down * down)
    # Where the nose falls along the eye line: 0 midway between the eyes, 0.5 at one of them.
    turn = abs(((nose_x - x) * across + (nose_y - y) * down) / distance_sq - 0.5)
    frontal = 1 / (1 + (turn / config.half_turn) ** 2)
    size = min(1.0, math.sqrt(detection.box[2] * detection.box[3]) / config.full_size_px)
    score = min(1.0, detection.score / config.full_score) ** 3
    return max(config.least, score * frontal * size)


def sharpness(crop_gray: NDArray[np.uint8]) -> float:
    """How much fine detail a crop ``(128, 128)`` uint8 holds, relative to its contrast: about 0.03 to 0.3.

    Detail finer than a quarter of the crop's pixels is left out: there noise would pass for sharpness.
    """
    small = cv2.resize(crop_gray, (_SHARPNESS_PX, _SHARPNESS_PX), interpolation=cv2.INTER_AREA)
    rim = _SHARPNESS_RIM_PX
    inner = small[rim:-rim, rim:-rim].astype(np.float32)
    detail = inner - cv2.sepFilter2D(inner, -1, _BLUR, _BLUR)
    contrast = cv2.meanStdDev(inner)[1][0, 0] + _CONTRAST_FLOOR
    return float(cv2.norm(detail) / math.sqrt(detail.size) / contrast)


def visible_share(detection: Detection, size_wh: tuple[int, int]) -> float:
    """How much of the box lies inside an image of (width, height), in [0, 1]."""
    x, y, width, height = detection.box
    inside_x = min(x + width, size_wh[0]) - max(x, 0.0)
    inside_y = min(y + height, size_wh[1]) - max(y, 0.0)
    return max(0.0, inside_x) * max(0.0, inside_y) / max(1e-9, width * height)


def crop_quality(
    detection: Detection,
    crop_gray: NDArray[np.uint8],
    size_wh: tuple[int, int],
    config: QualityConfig = QualityConfig(),
) -> float:
    """How much the prediction on a crop should count, in (0, 1], from the detection and the crop itself.

    ``size_wh`` is the frame's (width, height). Tiny, blurred, turned and low-scored faces count little, and
    those that the frame's edge cuts.
    """
    sharp = min(1.0, sharpness(crop_gray) / config.full_sharpness) ** 2
    visible = visible_share(detection, size_wh)
    return max(config.least, face_quality(detection, config) * sharp * visible**4)


def measure_crop(frame: Frame, face: Detection, limit: float) -> float:
    """How good a crop a face makes, in (0, 1]: large, sharp, frontal and whole is best.

    0 where it cannot be better than ``limit`` by the detection alone, which takes no time to tell. As
    :data:`agecam.output.gathering.MeasureCrop` says.
    """
    if face_quality(face) <= limit:
        return 0.0
    try:
        crop = align_face(frame.image_bgr, face)
    except ValueError:  # eyes and mouth in one place
        return 0.0
    return crop_quality(face, crop, (frame.width, frame.height))
