"""Which tiles of a photograph are worth a run: those that show an open place, and few of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.vision.face_network import Proposals
from agecam.vision.pyramid import Roi

_SAME_SIZE: Final = 0.5
"""Width of a place, in sides of a face about whose middle it lies, from which it is that face."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A detection, and which share of the longer side of the region that was searched it has."""

    detection: Detection
    share: float


def sure_detections(seen: Sequence[Seen], *, score: float, share: float) -> list[Detection]:
    """Those of at least so high a score that fill so large a share of their region.

    A smaller tile would detect them once more.
    """
    return [one.detection for one in seen if one.detection.score >= score and one.share >= share]


def open_places(places: Proposals, faces: Sequence[Detection]) -> Proposals:
    """The places but for those of faces that are known."""
    if not faces:
        return places
    x, y, size, _ = places.T
    left, top, width, height = np.array([face.box for face in faces], np.float32).T[..., np.newaxis]
    is_known = (
        (np.abs(x - left - width / 2) < width / 2)
        & (np.abs(y - top - height / 2) < height / 2)
        & (size > _SAME_SIZE * np.maximum(width, height))
    )
    return np.asarray(places[~is_known.any(axis=0)], np.float32)


def tiles_at(rois: Sequence[Roi], places: Proposals) -> list[Roi]:
    """All tiles in which the centre of a place lies."""
    return [roi for roi, holds in zip(rois, _centred(rois, places), strict=True) if holds.any()]


def fewest_tiles(
    rois: Sequence[Roi], places: Proposals, size_wh: tuple[int, int], *, margin: float
) -> list[Roi]:
    """Few tiles of an image of (width, height) that hold each place whole, with what is round it.

    ``margin`` is the width that has to be held, in widths of the place; what lies outside the image does not
    count, and of a place that no tile holds whole its centre is enough. Greedy, after Chvatal, "A
    greedy heuristic for the set-covering problem", 1979: the tile next that holds most of what is left.
    """
    holds = _held(rois, places, size_wh, margin)
    is_held = holds.any(axis=0)
    holds |= _centred(rois, places) & ~is_held
    chosen: list[Roi] = []
    while holds.any():
        best = int(holds.sum(axis=1).argmax())
        chosen.append(rois[best])
        holds &= ~holds[best]
    return chosen


def _centred(rois: Sequence[Roi], places: Proposals) -> NDArray[np.bool_]:
    """Whether the centre of each place lies in each tile: ``(tiles, places)``."""
    x, y, _, _ = places.T
    left, top, width, height = _edges(rois)
    return np.asarray((x >= left) & (x < left + width) & (y >= top) & (y < top + height), np.bool_)


def _held(
    rois: Sequence[Roi], places: Proposals, size_wh: tuple[int, int], margin: float
) -> NDArray[np.bool_]:
    """Whether each tile holds each place with its margin, as far as it is in the image: likewise."""
    x, y, size, _ = places.T
    half = margin * size / 2
    left, top, width, height = _edges(rois)
    return np.asarray(
        (np.maximum(x - half, 0) >= left)
        & (np.maximum(y - half, 0) >= top)
        & (np.minimum(x + half, size_wh[0]) <= left + width)
        & (np.minimum(y + half, size_wh[1]) <= top + height),
        np.bool_,
    )


def _edges(rois: Sequence[Roi]) -> NDArray[np.float32]:
    """Left, top, width and height of tiles, each ``(tiles, 1)``."""
    return np.array(rois, np.float32).reshape(-1, 4).T[..., np.newaxis]
