"""One probability that a detection is a face, from all that is known of it: a logistic regression.

The two detectors' scores, the verifier's log-odds, where eyes and mouth lie, and color. No single one of them
tells hands in a photograph from faces: a fist has a score of 0.87, and eyes and mouth in their places.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.nms import keypoint_shape


@dataclass(frozen=True, slots=True)
class FaceRegressionConfig:
    """Weights of :func:`face_log_odds`.

    Fitted on 961 proposals of the detectors on 22 group photographs, 513 of them faces, and on 177 on
    portraits that fill the image or show a hand in its place; the verifiers had been trained on other
    photographs. On photographs left out of the fit too the area under the ROC curve is 0.990 (without the
    verifier 0.984, score and confidence alone 0.949; the width of the predicted age adds nothing).
    """

    bias: float = -5.28
    verifier: float = 0.49
    """Per unit of the verifier's log-odds."""
    score: float = 0.47
    """Per unit of the score's log-odds."""
    confidence: float = 0.63
    """Per unit of the log-odds of the networks' mean score in a region that suits both."""
    skin: float = 5.2
    """Per :func:`skin_share` above a half."""
    eye_distance: float = 5.3
    """Per diagonal of the box."""
    mouth_drop: float = 8.8
    """Per diagonal of the box."""


_LEAST_SHARE: Final = 0.02
"""Scores are clipped here before their log-odds are taken: 0 says that a network detects nothing."""
_INNER: Final = 0.15
"""Of a box's sides, left out at each edge where color is looked at: hair and background."""
_SKIN_CR: Final = (133, 173)
_SKIN_CB: Final = (77, 127)
"""Bounds of skin in YCrCb under white light (Chai and Ngan, "Face segmentation using skin-color map in
videophone applications", 1999), the same for light and dark skin."""
_FULL_CHROMA: Final = 10.0
"""Distance from gray in the CrCb plane from which color counts in full; a gray image tells nothing by it."""


def skin_share(image_bgr: NDArray[np.uint8], detection: Detection) -> float:
    """How much more than half of a box's inside has the color of skin: in [0, 0.5], 0 for a gray image.

    Color speaks for a face and never against it: under colored light no face has the color of skin.
    """
    x, y, width, height = detection.box
    left, top = (max(0, int(at + _INNER * side)) for at, side in ((x, width), (y, height)))
    inside = image_bgr[
        top : top + max(2, int((1 - 2 * _INNER) * height)),
        left : left + max(2, int((1 - 2 * _INNER) * width)),
    ]
    if not inside.size:
        return 0.0
    _, cr, cb = cv2.split(cv2.cvtColor(inside, cv2.COLOR_BGR2YCrCb))
    is_skin = (cr > _SKIN_CR[0]) & (cr < _SKIN_CR[1]) & (cb > _SKIN_CB[0]) & (cb < _SKIN_CB[1])
    chroma = math.hypot(float(cr.mean()) - 128, float(cb.mean()) - 128)
    return max(0.0, float(is_skin.mean()) - 0.5) * min(1.0, chroma / _FULL_CHROMA)


def face_log_odds(
    image_bgr: NDArray[np.uint8], detection: Detection, verifier: float, config: FaceRegressionConfig
) -> float:
    """Log-odds that a detection is a face, but for the networks' confidence: see :func:`with_confidence`.

    ``image_bgr`` is the image ``(h, w, 3)`` uint8 that it is in, ``verifier`` the verifier's log-odds.
    """
    shape = keypoint_shape(detection)
    if shape is None:
        return -math.inf
    return (
        config.bias
        + config.verifier * verifier
        + config.score * _logit(detection.score)
        + config.skin * skin_share(image_bgr, detection)
        + config.eye_distance * shape.eye_distance
        + config.mouth_drop * shape.mouth_drop
    )


def with_confidence(log_odds: float, confidence: float, config: FaceRegressionConfig) -> float:
    """The log-odds with the networks' mean score, in [0, 1], in a region that suits both."""
    return log_odds + config.confidence * _logit(confidence)


def probability(log_odds: float) -> float:
    """Log-odds as a probability in [0, 1]."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, log_odds))))


def _logit(share: float) -> float:
    share = min(max(share, _LEAST_SHARE), 1 - _LEAST_SHARE)
    return math.log(share / (1 - share))
