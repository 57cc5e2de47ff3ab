"""The label layout: beside or under their face, inside the image, off faces, hair and other labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    boxes = _rects([label.box for label in labels])
    sizes = np.array([label.size_wh for label in labels], dtype=float).T[..., None]
    wanted, order_costs = _positions(boxes, sizes[..., 0], gap_px, config)
    room = np.maximum(0, np.array(image_size_wh)[:, None, None] - sizes)
    corners = np.minimum(np.maximum(wanted, 0), room)
    places = np.concatenate([corners, corners + sizes])

    weights = np.repeat([1, config.tentative_part], [len(faces), len(tentative)])
    costs = order_costs + _cover_costs(places, _rects([*faces, *tentative]), weights, config)
    costs += config.own_face_cost * _covers(places, boxes[:, :, None, None])[..., 0]
    costs += config.outside_cost * np.abs(corners - wanted).sum(axis=0) / sizes.sum(axis=0)
    chosen = costs.argmin(axis=1)
    for row, label in enumerate(labels):
        position = before.get(label.track_id) if before else None
        if position is not None:
            costs[row] += config.move_cost
            costs[row, position] -= config.move_cost
            chosen[row] = position
    chosen = _take_turns(places, costs, chosen, config)
    return [
        PlacedLabel(label.track_id, round(float(x)), round(float(y)), int(position))
        for label, position, x, y in zip(
            labels, chosen, *corners[:, np.arange(len(labels)), chosen], strict=True
        )
    ]


def _rects(boxes: Sequence[Box]) -> NDArray[np.float64]:
    """First and last corners of boxes, ``(4, n)`` xyxy in pixels: numpy is fast at whole rows."""
    rects = np.array(boxes, dtype=float).reshape(-1, 4).T.copy()
    rects[2:] += rects[:2]
    return rects


def _positions(
    boxes: NDArray[np.float64], sizes: NDArray[np.float64], gap: int, config: DrawingConfig
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Top left corners of the places about each face, ``(2, n, 12)``, and what each of the places costs."""
    left, top, right, bottom = boxes
    width, height = sizes
    middle, flush = (left + right - width) / 2, right - width
    below, above = bottom + gap, top - gap - height
    over_hair = above - config.hair * (bottom - top)
    aside = gap + config.hair_aside * (right - left)
    after, ahead, low = right + aside, left - aside - width, bottom - height
    xs = [middle, left, flush, after, ahead, after, ahead, middle, left, flush, middle, middle]
    ys = [below, below, below, low, low, top, top, over_hair, over_hair, over_hair, above, below + height]
    ranks = np.array([0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 8])
    return np.array([np.column_stack(xs), np.column_stack(ys)]), config.order_cost * ranks


def _cover_costs(
    places: NDArray[np.float64],
    faces: NDArray[np.float64],
    weights: NDArray[np.float64],
    config: DrawingConfig,
) -> NDArray[np.float64]:
    """Costs ``(n, positions)`` of what each place covers of ``m`` faces and of their hair."""
    left, top, right, bottom = faces
    aside = config.hair_aside * (right - left)
    heads = np.array([left - aside, top - config.hair * (bottom - top), right + aside, bottom])
    costs = config.face_cost * (_covers(places, faces) @ weights)
    costs += config.hair_cost * (_covers(places, heads) @ weights)
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
