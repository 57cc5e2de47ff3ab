"""What detectors find, sifted: what cannot be a face goes, and what was found twice becomes one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from agecam.messages import Detection
from agecam.vision.boxes import intersection_over_smaller

_MERGE_OVERLAP: Final = 0.45


def is_plausible(face: Detection) -> bool:
    """Whether eyes, nose and mouth lie as they can on a head: apart, and the mouth off the eye line.

    Backs of heads and patterns that a detector takes for faces often have their points in a heap.
    """
    (right_x, right_y), (left_x, left_y), _, (mouth_x, mouth_y) = face.keypoints.tolist()
    size = math.hypot(face.box[2], face.box[3])
    eyes_x, eyes_y = left_x - right_x, left_y - right_y
    down_x, down_y = mouth_x - (right_x + left_x) / 2, mouth_y - (right_y + left_y) / 2
    eye_distance, drop = math.hypot(eyes_x, eyes_y), math.hypot(down_x, down_y)
    if not math.isfinite(size + eye_distance + drop) or size <= 0:
        return False
    if eye_distance < 0.04 * size or drop < 0.08 * size:
        return False
    # Sine of the angle between eye line and eyes-to-mouth; negative would be a mirrored face.
    return bool((eyes_x * down_y - eyes_y * down_x) / (eye_distance * drop) > 0.5)


def translated(face: Detection, dx: float, dy: float) -> Detection:
    """The face so many pixels further right and down."""
    x, y, width, height = face.box
    keypoints = face.keypoints + np.array((dx, dy), dtype=np.float32)
    return replace(face, box=(x + dx, y + dy, width, height), keypoints=keypoints)


def non_max_suppression(
    faces: Iterable[Detection], confirm: Callable[[Detection], Detection | None] | None = None
) -> list[Detection]:
    """One face for each group of overlapping finds: the one with the highest score.

    Greedy non-maximum suppression on intersection over the smaller box, so that a small find inside a
    large one of the same face goes too. A find that ``confirm`` turns down makes room for the next best.
    """
    kept: list[Detection] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if _is_apart(face, kept):
            confirmed = confirm(face) if confirm else face
            if confirmed:
                kept.append(confirmed)
    return kept


def prioritized_nms(*groups: Iterable[Detection]) -> list[Detection]:
    """The same where finds of an earlier group go before those of a later, whatever their scores.

    The networks, and one network at different sizes, place eyes and mouth up to a tenth of a face apart.
    Taking now one and now the other, as their scores chance to be, makes crops tremble.
    """
    kept: list[Detection] = []
    for group in groups:
        kept += [face for face in non_max_suppression(group) if _is_apart(face, kept)]
    return kept


def _is_apart(face: Detection, others: Iterable[Detection]) -> bool:
    return all(intersection_over_smaller(face.box, other.box) < _MERGE_OVERLAP for other in others)
