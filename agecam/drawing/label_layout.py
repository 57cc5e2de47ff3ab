"""Where labels go: near their face, inside the picture, off faces and other labels where there is room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]

_OUTSIDE_COST: Final = 2.0
_LABEL_COST: Final = 3.0
_ORDER_COST: Final = 0.04
_MOVE_COST: Final = 0.5
_PLACES: Final = 6


@dataclass(slots=True)
class LabelMemory:
    """How labels were laid out in the last frame, so that they stay so while they well can.

    ``places`` holds the place of each person's label; ``crowded`` is whether labels were kept short;
    ``hidden`` are the boxes that were made unrecognisable and for how many more frames they stay so once
    their faces are lost. One memory for each stream of frames; single pictures need none.
    """

    places: dict[int, int] = field(default_factory=dict)
    crowded: bool = False
    hidden: dict[int, tuple[Box, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabelSpot:
    """A label to place: whose it is, the box of the face, the label's width and height in pixels."""

    track_id: int
    box: Box
    size: tuple[int, int]


def place_labels(
    labels: Sequence[LabelSpot],
    faces: Sequence[Box],
    picture_size: tuple[int, int],
    gap: int,
    memory: LabelMemory | None = None,
) -> list[tuple[int, int]]:
    """The top left corner of each label, pixels.

    ``faces`` holds the boxes of all faces; ``gap`` is the distance of a label from its box. Of six places
    about the face, above first, the one that covers least wins; with a ``memory``, the place held before
    is kept unless another is clearly better.
    """
    if not labels:
        return []
    boxes = np.array([label.box for label in labels], dtype=float)
    sizes = np.array([label.size for label in labels], dtype=float)
    wanted = _wanted_corners(boxes, sizes, gap)
    corners = np.clip(wanted, 0, np.maximum(0, picture_size - sizes)[:, None])
    ends = corners + sizes[:, None]
    areas = sizes.prod(axis=1)
    faces_xywh = np.array(faces, dtype=float).reshape(-1, 4)
    face_starts, face_ends = faces_xywh[:, :2], faces_xywh[:, :2] + faces_xywh[:, 2:]

    costs = _common_area(corners, ends, face_starts, face_ends).sum(axis=2) / areas[:, None]
    costs += _OUTSIDE_COST * np.abs(corners - wanted).sum(axis=2) / sizes.sum(axis=1)[:, None]
    costs += _ORDER_COST * np.arange(_PLACES)
    before = [memory.places.get(label.track_id) if memory else None for label in labels]
    for row, place in enumerate(before):
        if place is not None:
            costs[row] += _MOVE_COST * (np.arange(_PLACES) != place)
    chosen: dict[int, int] = {}
    for row, label in enumerate(labels):
        best = chosen[label.track_id] = int(np.argmin(costs[row]))
        later = slice(row + 1, None)
        shared = _common_area(corners[later], ends[later], corners[row, best, None], ends[row, best, None])
        costs[later] += _LABEL_COST * shared[..., 0] / areas[later, None]
    if memory:
        memory.places = chosen
    return [
        (round(float(x)), round(float(y)))
        for x, y in (corners[row, chosen[label.track_id]] for row, label in enumerate(labels))
    ]


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
