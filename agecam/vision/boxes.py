"""Boxes: their sizes, how far two are apart, and what they share (IoU, intersection over smaller)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

_LEAST_AREA: Final = 1e-9
"""Square pixels; keeps boxes of no size from dividing by zero."""


def size_px(box: Sequence[float]) -> float:
    """The side of a square as large as a box xywh, 1 pixel at least."""
    area = box[2] * box[3]
    return math.sqrt(area) if area > 1.0 else 1.0


def size_ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """How many times as large the larger of two boxes xywh is, by its side."""
    ratio = size_px(a) / size_px(b)
    return max(ratio, 1 / ratio)


def centre_distance(a: Sequence[float], b: Sequence[float]) -> float:
    """Distance of the centres of two boxes xywh, pixels."""
    return math.hypot(a[0] + a[2] / 2 - b[0] - b[2] / 2, a[1] + a[3] / 2 - b[1] - b[3] / 2)


def intersection_over_smaller(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over the area of the smaller of two boxes ``(x, y, w, h)``, in [0, 1]."""
    common = _intersection(a, b)
    return common / max(_LEAST_AREA, min(a[2] * a[3], b[2] * b[3])) if common else 0.0


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes ``(x, y, w, h)``, in [0, 1]."""
    common = _intersection(a, b)
    return common / max(_LEAST_AREA, a[2] * a[3] + b[2] * b[3] - common) if common else 0.0


def _intersection(a: Sequence[float], b: Sequence[float]) -> float:
    ax, ay, a_width, a_height = a
    bx, by, b_width, b_height = b
    # Most pairs of a frame are disjoint, and some hundred pairs are compared in a frame.
    if ax >= (b_right := bx + b_width) or bx >= (a_right := ax + a_width):
        return 0.0
    if ay >= (b_bottom := by + b_height) or by >= (a_bottom := ay + a_height):
        return 0.0
    # Without min and max, which take longer than all else here.
    width = (a_right if a_right < b_right else b_right) - (ax if ax > bx else bx)
    return width * ((a_bottom if a_bottom < b_bottom else b_bottom) - (ay if ay > by else by))
