"""Faces from the outputs of MediaPipe's two face networks, as its own graph decodes them.

Options are those that ``face_detector_graph.cc`` sets for models that bring none, as these two; steps those
of ``SsdAnchorsCalculator``, ``TensorsToDetectionsCalculator`` and ``NonMaxSuppressionCalculator``. Numbers
are float32 as there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

VALUES: Final = 16
"""Numbers a network puts out for an anchor: centre, width and height of a box, and six keypoints."""

_ANCHOR_STRIDES_PX: Final = {128: ((8, 2), (16, 6)), 192: ((4, 1),)}
"""For each input side in pixels: distance of the places that have anchors, and how many each has."""
_SUPPRESS_FROM_IOU: Final = 0.3
"""IoU above which detections are of one face: ``min_suppression_threshold`` of the Tasks API."""


@dataclass(frozen=True, slots=True)
class SsdFaces:
    """Faces, best first, in shares of the network's input square.

    ``points`` is ``(n, 8, 2)`` float32, xy of the upper left and the lower right corner of the box, then of
    right eye, left eye, nose tip, mouth centre, right and left ear; ``scores`` ``(n,)`` float32 in [0, 1].
    """

    points: Floats
    scores: Floats


_NO_FACES: Final = SsdFaces(np.empty((0, VALUES // 2, 2), np.float32), np.empty(0, np.float32))


def anchor_centres(input_px: int) -> Floats:
    """Centres ``(n, 2)`` of the anchors, xy as shares of the input square; all have the size of the square.

    Raises :class:`KeyError` for a side of input that neither network has.
    """
    layers = []
    for stride, count in _ANCHOR_STRIDES_PX[input_px]:
        cells = math.ceil(input_px / stride)
        axis = (np.arange(cells, dtype=np.float32) + np.float32(0.5)) / np.float32(cells)
        grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        layers.append(np.repeat(grid, count, axis=0))
    return np.concatenate(layers)


class SsdDecoder:
    """Decodes the outputs of a network with input of ``input_px`` squared; scores below ``min_score`` go.

    Raises :class:`KeyError` for a side of input that neither network has.
    """

    def __init__(self, input_px: int, *, min_score: float) -> None:
        self._input_px = np.float32(input_px)
        self._anchors = anchor_centres(input_px)[:, np.newaxis]
        self._min_score = np.float32(min_score)
        # A little less than the logit of that score: float32 decides about scores, not about logits.
        self._least_logit = _logit(min_score) - 1e-3

    def __len__(self) -> int:
        """Number of anchors."""
        return len(self._anchors)

    def propose(self, values: Floats, logits: Floats, min_score: float) -> Floats:
        """Where a face may be: ``(n, 4)`` float32, centre xy and width in shares of the square, and score.

        Every anchor of at least so high a score, however many show one face.
        """
        found = np.flatnonzero(logits >= _logit(min_score))
        places = values[found, :4] / self._input_px
        places[:, :2] += self._anchors[found, 0]
        places[:, 3] = np.reciprocal(1 + np.exp(-logits[found]))
        return np.asarray(places, np.float32)

    def decode(self, values: Floats, logits: Floats) -> SsdFaces:
        """Faces in what the network puts out: values ``(anchors, 16)`` and logits ``(anchors,)``."""
        # Few calls of NumPy: after a run of a network, whose work empties the caches, each takes 10 us.
        (found,) = (logits >= self._least_logit).nonzero()
        if not len(found):
            return _NO_FACES
        # MediaPipe clips logits at 100, from which on the sigmoid is 1 in float32 anyway.
        scores = np.reciprocal(1 + np.exp(-logits.take(found)))
        points = (values.take(found, 0) / self._input_px).reshape(-1, VALUES // 2, 2)
        half_sizes = points[:, 1] / 2
        points += self._anchors.take(found, 0)
        points[:, 1] = points[:, 0] + half_sizes
        points[:, 0] -= half_sizes
        if not (np.minimum.reduce(scores) >= self._min_score and np.minimum.reduce(half_sizes, None) >= 0):
            kept = (scores >= self._min_score) & (half_sizes >= 0).all(axis=1)
            scores, points = scores[kept], points[kept]
        if len(scores) > 1:
            scores, points = weighted_nms(scores, points)
        return SsdFaces(points, scores)


def _logit(score: float) -> float:
    share = min(max(score, 1e-6), 1 - 1e-6)
    return math.log(share / (1 - share))


def weighted_nms(scores: Floats, points: Floats) -> tuple[Floats, Floats]:
    """One detection for each group of overlapping ones: the best score, and the mean place by score.

    ``scores`` is ``(n,)``, ``points`` ``(n, k, 2)``: upper left and lower right corner of a box, then
    keypoints. Best first. Bazarevsky et al., "BlazeFace", 2019, section 5: means jitter less than the best.
    """
    order = (-scores).argsort(kind="stable")
    scores, points = scores.take(order), points.take(order, 0)
    groups = _overlapping(points[:, 0], points[:, 1])
    taken = np.zeros(len(scores), bool)
    best = []
    for index, group in enumerate(groups):
        if not taken[index]:
            group[index] = True  # a box without area overlaps nothing, not even itself
            group &= ~taken
            taken |= group
            best.append(index)
    weights = groups.take(best, 0) * scores
    totals: Floats = np.add.reduce(weights, 1, keepdims=True)
    means = weights @ points.reshape(len(scores), -1) / totals
    return scores.take(best), means.reshape(-1, *points.shape[1:])


def _overlapping(corners: Floats, opposite: Floats) -> NDArray[np.bool_]:
    """Which of boxes, from corners ``(n, 2)`` to opposite corners ``(n, 2)``, overlap enough: ``(n, n)``."""
    sides = np.minimum(opposite[:, np.newaxis], opposite) - np.maximum(corners[:, np.newaxis], corners)
    np.maximum(sides, 0, out=sides)
    shared = sides[..., 0] * sides[..., 1]
    sizes = opposite - corners
    areas = sizes[:, 0] * sizes[:, 1]
    return np.asarray(shared > _SUPPRESS_FROM_IOU * (areas[:, np.newaxis] + areas - shared), np.bool_)
