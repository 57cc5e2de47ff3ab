"""How much boxes have in common."""

from __future__ import annotations

from collections.abc import Sequence


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over the smaller of two boxes ``(x, y, w, h)``, in [0, 1]."""
    return _intersection(a, b) / max(1e-9, min(a[2] * a[3], b[2] * b[3]))


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes ``(x, y, w, h)``, in [0, 1]."""
    common = _intersection(a, b)
    return common / max(1e-9, a[2] * a[3] + b[2] * b[3] - common)


def _intersection(a: Sequence[float], b: Sequence[float]) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)
