"""The label layout: near their face, inside the image, off faces and other labels where there is room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.drawing.config import DEFAULT_CONFIG, DrawingConfig

Box = tuple[float, float, float, float]

_POSITIONS: Final = 6
"""Places about a face that are tried, those of :func:`_wanted_corners`."""


@dataclass(frozen=True, slots=True)
class LabelSpot:
    """A label to place: whose it is, the box of the face, the label's width and height in pixels."""

    track_id: int
    box: Box
    size_wh: tuple[int, int]


@dataclass(frozen=True, slots=True)
class PlacedLabel:
    """Where a label goes: its top left corner in pixels, and at which of the positions about the face."""

    track_id: int
    x: int
    y: int
    position: int


def place_labels(
    labels: Sequence[LabelSpot],
    faces: Sequence[Box],
    image_size_wh: tuple[int, int],
    gap_px: int,
    *,
    before: Mapping[int, int] | None = None,
    config: DrawingConfig = DEFAULT_CONFIG,
) -> list[PlacedLabel]:
    """The label layout: a place for each of the labels, in their order. Nothing is remembered.

    ``faces`` holds the boxes of all faces, ``image_size_wh`` is width and height in pixels, ``gap_px`` the
    distance of a label from its box. Of six positions about the face, above first, the one that covers least
    wins. ``before`` holds each track's position in the last frame, which is kept unless another is clearly
    better.
    """
    if not labels:
        return []
    boxes = np.array([label.box for label in labels], dtype=float)
    sizes = np.array([label.size_wh for label in labels], dtype=float)
    wanted = _wanted_corners(boxes, sizes, gap_px)
    corners = np.clip(wanted, 0, np.maximum(0, image_size_wh - sizes)[:, None])
    ends = corners + sizes[:, None]
    areas = sizes.prod(axis=1)
    faces_xywh = np.array(faces, dtype=float).reshape(-1, 4)
    face_starts, face_ends = faces_xywh[:, :2], faces_xywh[:, :2] + faces_xywh[:, 2:]

    costs = _common_area(corners, ends, face_starts, face_ends).sum(axis=2) / areas[:, None]
    costs += config.outside_cost * np.abs(corners - wanted).sum(axis=2) / sizes.sum(axis=1)[:, None]
    costs += config.order_cost * np.arange(_POSITIONS)
    for row, label in enumerate(labels):
        position = before.get(label.track_id) if before else None
        if position is not None:
            costs[row] += config.move_cost * (np.arange(_POSITIONS) != position)
    placed = []
    for row, label in enumerate(labels):
        best = int(np.argmin(costs[row]))
        x, y = corners[row, best]
        placed.append(PlacedLabel(label.track_id, round(float(x)), round(float(y)), best))
        later = slice(row + 1, None)
        shared = _common_area(corners[later], ends[later], corners[row, best, None], ends[row, best, None])
        costs[later] += config.label_cost * shared[..., 0] / areas[later, None]
    return placed


def _wanted_corners(boxes: NDArray[np.float64], sizes: NDArray[np.float64], gap: int) -> NDArray[np.float64]:
    """Top left corners ``(n, 6, 2)``: above (left, right), below, right, left, over the top of the face."""
    x, y, box_width, box_height = boxes.T
    width, height = sizes.T
    middle = x + (box_width - width) / 2
    above, below = y - gap - height, y + box_height + gap
    positions = [
        (x, above),
        (x + box_width - width, above),
        (middle, below),
        (x + box_width + gap, y),
        (x - gap - width, y),
        (middle, y - height / 2),
    ]
    return np.array(positions).transpose(2, 0, 1)


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
