"""Known faces carried from one frame to the next by template matching, for frames that are not searched.

Between two frames of a video a face moves by a fraction of its size and hardly changes otherwise. Where it
went is what the largest normalized cross-correlation of the two tells (Lewis, "Fast Normalized
Cross-Correlation", 1995), to a fraction of a pixel by a parabola through the values beside it. That takes
0.14 ms a face, a thirtieth of a run of the full-range network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.pyramid import Pyramid


@dataclass(frozen=True, slots=True)
class PropagationConfig:
    """Settings of :func:`propagate`."""

    search_sides: float = 1.5
    """Side of the square that is searched, in sides of the face: it may be off by a quarter of its size."""
    longest_px: int = 64
    """Longest side of that square after shrinking; 48 and 64 are as exact."""
    least_correlation: float = 0.8
    """Correlation from which it is the same face. On a clip of a classroom it is 0.9 or more for 98 % of
    faces from one frame to the next; of the others half are 0.05 of a face off, of all 0.034."""
    least_inside: float = 0.8
    """Part of a face, across and down, that has to be inside the frame."""


def propagate(
    before: Pyramid,
    now: Pyramid,
    face: Detection,
    expected_centre: tuple[float, float],
    config: PropagationConfig = PropagationConfig(),
) -> Detection | None:
    """Where a face of the frame ``before`` is ``now``; ``None`` where that is not clear.

    It is searched for around ``expected_centre``, in pixels of the frame. Its score and size stay.
    """
    x, y, width, height = face.box
    across, down = now.size_wh
    if not (
        (across, down) == before.size_wh
        and min(x + width, across) - max(x, 0) >= config.least_inside * width
        and min(y + height, down) - max(y, 0) >= config.least_inside * height
    ):
        return None
    size = max(width, height)
    side = config.search_sides * size
    first = before.square(face.centre, side, config.longest_px)
    second = now.square(expected_centre, side, config.longest_px)
    margin = round((1 - 1 / config.search_sides) / 2 * first.image_bgr.shape[0])
    if margin < 1:
        return None
    template = _gray(first.image_bgr[margin:-margin, margin:-margin])
    scores = cv2.matchTemplate(_gray(second.image_bgr), template, cv2.TM_CCOEFF_NORMED)
    _, best, _, (column, row) = cv2.minMaxLoc(scores)
    last = scores.shape[0] - 1
    # At the edge of the square it may have gone further.
    if best < config.least_correlation or not (0 < column < last and 0 < row < last):
        return None
    scale = second.scale
    beside, above = scores[row, column - 1 : column + 2].tolist(), scores[row - 1 : row + 2, column].tolist()
    dx = second.x0 - first.x0 + scale * (column + _vertex(beside) - margin)
    dy = second.y0 - first.y0 + scale * (row + _vertex(above) - margin)
    keypoints = face.keypoints + np.array((dx, dy), np.float32)
    return Detection((x + dx, y + dy, width, height), face.score, keypoints)


def _gray(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), np.uint8)


def _vertex(values: Sequence[float]) -> float:
    """Where a parabola through three values, the middle one the largest, is largest: in [-0.5, 0.5]."""
    left, middle, right = values
    curvature = left - 2 * middle + right
    return 0.0 if curvature >= 0 else (left - right) / (2 * curvature)
