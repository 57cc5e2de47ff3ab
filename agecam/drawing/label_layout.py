"""The label layout: beside or under their face, inside the image, off faces, hair and other labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, starmap
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.drawing.config import DEFAULT_CONFIG, DrawingConfig

Box = tuple[float, float, float, float]


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
    tentative: Sequence[Box] = (),
    before: Mapping[int, int] | None = None,
    config: DrawingConfig = DEFAULT_CONFIG,
) -> list[PlacedLabel]:
    """The label layout: a place for each of the labels, in their order. Nothing is remembered.

    ``faces`` holds the boxes of all confirmed faces and ``tentative`` of others, which count for little;
    ``image_size_wh`` is width and height in pixels, ``gap_px`` the distance of a label from its box. Of
    twelve positions about the face, under it first, the one that covers least wins. ``before`` holds each
    track's position in the last frame, which is kept unless another is clearly better. Labels that are in
    each other's way move in turns until none gains by it.
    """
    if not labels:
        return []
    before = before or {}
    unmoved = _unmoved(labels, (faces, tentative), image_size_wh, gap_px, before, config)
    if unmoved is not None:
        return unmoved
    sizes = np.array([label.size_wh for label in labels], dtype=float).T[..., None]
    wanted = np.array(list(zip(*(_positions(label, gap_px, config) for label in labels), strict=True)))
    room = np.maximum(0, np.array(image_size_wh)[:, None, None] - sizes)
    corners = np.minimum(np.maximum(wanted, 0), room)
    places = np.concatenate([corners, corners + sizes])

    weights = np.array([1.0] * len(faces) + [config.tentative_part] * len(tentative))
    costs = _cover_costs(places, [label.box for label in labels], [*faces, *tentative], weights, config)
    costs += config.outside_cost * np.abs(corners - wanted).sum(axis=0) / sizes.sum(axis=0)
    chosen = costs.argmin(axis=1)
    kept = [(row, before[label.track_id]) for row, label in enumerate(labels) if label.track_id in before]
    if kept:
        rows, positions = np.array(kept).T
        costs[rows] += config.move_cost
        costs[rows, positions] -= config.move_cost
        chosen[rows] = positions
    chosen = _take_turns(places, costs, chosen, config)
    return [
        PlacedLabel(label.track_id, round(x), round(y), position)
        for label, position, x, y in zip(
            labels,
            chosen.tolist(),
            *corners[:, np.arange(len(labels)), chosen].tolist(),
            strict=True,
        )
    ]


def _unmoved(
    labels: Sequence[LabelSpot],
    faces: tuple[Sequence[Box], Sequence[Box]],
    image_size_wh: tuple[int, int],
    gap: int,
    before: Mapping[int, int],
    config: DrawingConfig,
) -> list[PlacedLabel] | None:
    """All labels at their positions of the frame before, where that is sure to be the layout: most often.

    No other position can cost less than moving does, which is what is looked at first: where no label costs
    more where it is, and none is in another's way, the other positions need not be known. ``faces`` are
    those confirmed and those tentative.
    """
    weighted = [(box, 1.0) for box in faces[0]] + [(box, config.tentative_part) for box in faces[1]]
    heads = [(_head(rect := _rect(box), config), rect, weight) for box, weight in weighted]
    taken: list[Box] = []
    placed: list[PlacedLabel] = []
    for label in labels:
        position = before.get(label.track_id)
        if position is None:
            return None
        width, height = label.size_wh
        across, down = _positions(label, gap, config)
        x = min(max(across[position], 0), max(0, image_size_wh[0] - width))
        y = min(max(down[position], 0), max(0, image_size_wh[1] - height))
        place = x, y, x + width, y + height
        pushed = (abs(x - across[position]) + abs(y - down[position])) / (width + height)
        cost = config.order_cost * _RANKS[position] + config.outside_cost * pushed
        cost += config.own_face_cost * _covered(place, _rect(label.box))
        for head, rect, weight in heads:
            if _overlap(place, head):  # which holds its face
                cost += weight * config.hair_cost * _covered(place, head)
                cost += weight * config.face_cost * _covered(place, rect)
        if cost > config.move_cost - _ROUNDING or any(_overlap(place, other) for other in taken):
            return None
        taken.append(place)
        placed.append(PlacedLabel(label.track_id, round(x), round(y), position))
    return placed


def _covered(rect: Box, other: Box) -> float:
    """What :func:`_covers` gives of two rectangles."""
    width = min(rect[2], other[2]) - max(rect[0], other[0])
    height = min(rect[3], other[3]) - max(rect[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = (rect[2] - rect[0]) * (rect[3] - rect[1]), (other[2] - other[0]) * (other[3] - other[1])
    return width * height / max(1, min(areas))


# Plain Python, as in all that is done per box: for the few labels of a frame a call of NumPy costs more.
def _positions(
    label: LabelSpot, gap: int, config: DrawingConfig
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Top left corners of the twelve places about a label's face: their x, and their y."""
    left, top, right, bottom = _rect(label.box)
    width, height = label.size_wh
    middle, flush = (left + right - width) / 2, right - width
    below, above = bottom + gap, top - gap - height
    over_hair = above - config.hair * (bottom - top)
    aside = gap + config.hair_aside * (right - left)
    after, ahead, low = right + aside, left - aside - width, bottom - height
    return (
        (middle, left, flush, after, ahead, after, ahead, middle, left, flush, middle, middle),
        (below, below, below, low, low, top, top, over_hair, over_hair, over_hair, above, below + height),
    )


_RANKS: Final = (0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 8)
"""Of those places, in the order of preference."""
_ROUNDING: Final = 1e-6
"""By far more than sums of costs are off by, added up in one order or another."""


def _rect(box: Box) -> Box:
    """First and last corner of a box, xyxy in pixels."""
    x, y, width, height = box
    return x, y, x + width, y + height


def _head(rect: Box, config: DrawingConfig) -> Box:
    """The rectangle about a face and its hair."""
    left, top, right, bottom = rect
    aside = config.hair_aside * (right - left)
    return left - aside, top - config.hair * (bottom - top), right + aside, bottom


def _cover_costs(
    places: NDArray[np.float64],
    own: Sequence[Box],
    faces: Sequence[Box],
    weights: NDArray[np.float64],
    config: DrawingConfig,
) -> NDArray[np.float64]:
    """Costs ``(n, positions)`` of the places, by rank, and by what each covers of ``m`` faces and their hair.

    ``own`` has the face of each label, which comes on top, ``weights`` is ``(m,)``.
    """
    rects = [_rect(box) for box in faces]
    count = len(rects)
    # All that places may cover, in one go: their own face, all faces, all heads.
    all_rects = np.array([*map(_rect, own), *rects, *(_head(rect, config) for rect in rects)]).T
    others = np.empty((4, len(own), 1, 1 + 2 * count))
    others[..., 0, 0] = all_rects[:, : len(own)]
    others[..., 0, 1:] = all_rects[:, None, len(own) :]
    covered = _covers(places, others)
    costs = config.face_cost * (covered[..., 1 : 1 + count] @ weights)
    costs += config.hair_cost * (covered[..., 1 + count :] @ weights)
    costs += config.order_cost * np.array(_RANKS)
    costs += config.own_face_cost * covered[..., 0]
    return np.asarray(costs)


def _covers(rects: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far rectangles ``(4, ...)`` cover each of ``(4, m)`` others: intersection over the smaller one."""
    left, top, right, bottom = rects[..., None]
    width = np.minimum(right, others[2])
    width -= np.maximum(left, others[0])
    height = np.minimum(bottom, others[3])
    height -= np.maximum(top, others[1])
    shared = np.maximum(width, 0, out=width)
    shared *= np.maximum(height, 0, out=height)
    areas = (others[2] - others[0]) * (others[3] - others[1])
    shared /= np.maximum(1, np.minimum((right - left) * (bottom - top), areas))
    return np.asarray(shared)


def _overlap(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether two rectangles, xyxy, have an area in common."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _take_turns(
    places: NDArray[np.float64],
    costs: NDArray[np.float64],
    chosen: NDArray[np.intp],
    config: DrawingConfig,
) -> NDArray[np.intp]:
    """The positions once each label in turn has gone where it costs least, the others being where they are.

    Iterated conditional modes: J. Besag, "On the statistical analysis of dirty pictures", 1986. The sum of
    all costs falls with every move, so that it comes to an end.
    """
    rows = np.arange(len(chosen))
    taken = places[:, rows, chosen].copy()
    least = costs.min(axis=1)
    if (costs[rows, chosen] <= least).all() and not any(starmap(_overlap, combinations(taken.T.tolist(), 2))):
        return chosen
    for _ in range(config.layout_rounds):
        is_apart = _covers(taken, taken).sum(axis=1) < 1 + 1e-9  # each covers itself
        moved = False
        for row in rows[~(is_apart & (costs[rows, chosen] <= least))]:
            covered = _covers(places[:, row], taken)
            covered[:, row] = 0
            shared = config.label_cost * covered.sum(axis=1) + config.touch_cost * (covered > 0).sum(axis=1)
            best = (costs[row] + shared).argmin()
            moved |= bool(best != chosen[row])
            chosen[row] = best
            taken[:, row] = places[:, row, best]
        if not moved:
            break
    return chosen
