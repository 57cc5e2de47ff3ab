"""Where labels go: near their face, inside the picture, off faces and other labels where there is room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]

_OUTSIDE_COST: Final = 2.0
_LABEL_COST: Final = 3.0
_ORDER_COST: Final = 0.04


def place_labels(
    labels: Sequence[tuple[Box, tuple[int, int]]],
    faces: Sequence[Box],
    picture_size: tuple[int, int],
    gap: int,
) -> list[tuple[int, int]]:
    """The top left corner of each label, pixels.

    ``labels`` holds the box of the label's face and the label's width and height; ``faces`` the boxes of
    all faces; ``gap`` is the distance of a label from its box. Places are tried in a fixed order, above
    first, and the first with the least cover wins, so that labels do not hop about.
    """
    if not labels:
        return []
    boxes = np.array([box for box, _ in labels], dtype=float)
    sizes = np.array([size for _, size in labels], dtype=float)
    wanted = _wanted_corners(boxes, sizes, gap)
    corners = np.clip(wanted, 0, np.maximum(0, picture_size - sizes)[:, None])
    ends = corners + sizes[:, None]
    areas = sizes.prod(axis=1)
    faces_xywh = np.array(faces, dtype=float).reshape(-1, 4)
    face_starts, face_ends = faces_xywh[:, :2], faces_xywh[:, :2] + faces_xywh[:, 2:]

    costs = _common_area(corners, ends, face_starts, face_ends).sum(axis=2) / areas[:, None]
    costs += _OUTSIDE_COST * np.abs(corners - wanted).sum(axis=2) / sizes.sum(axis=1)[:, None]
    costs += _ORDER_COST * np.arange(costs.shape[1])
    places = []
    for index in range(len(labels)):
        best = int(np.argmin(costs[index]))
        start, end = corners[index, best], ends[index, best]
        places.append((round(float(start[0])), round(float(start[1]))))
        later = slice(index + 1, None)
        shared = _common_area(corners[later], ends[later], start[None], end[None])[..., 0]
        costs[later] += _LABEL_COST * shared / areas[later, None]
    return places


def _wanted_corners(boxes: NDArray[np.float64], sizes: NDArray[np.float64], gap: int) -> NDArray[np.float64]:
    """Top left corners ``(n, 6, 2)``: above (left, right), below, right, left, over the top of the face."""
    x, y, box_width, box_height = boxes.T
    width, height = sizes.T
    middle = x + (box_width - width) / 2
    above, below = y - gap - height, y + box_height + gap
    places = [
        (x, above),
        (x + box_width - width, above),
        (middle, below),
        (x + box_width + gap, y),
        (x - gap - width, y),
        (middle, y - height / 2),
    ]
    return np.array(places).transpose(2, 0, 1)


def _common_area(
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    other_starts: NDArray[np.float64],
    other_ends: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Pixels that boxes from ``starts`` to ``ends`` ``(..., 2)`` share with ``m`` others: ``(..., m)``."""
    low = np.maximum(starts[..., None, :], other_starts)
    high = np.minimum(ends[..., None, :], other_ends)
    return np.asarray(np.maximum(0, high - low).prod(axis=-1))
