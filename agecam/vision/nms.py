"""Non-maximum suppression, and what cannot be a face."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from agecam.messages import Detection
from agecam.vision.boxes import intersection_over_smaller

_SUPPRESS_FROM: Final = 0.45
"""Intersection over smaller from which two detections are of one face. Boxes of neighbours in a crowd share
less, those that two networks or two tile sizes give one face share more. Chosen, not measured."""

# Bounds of anatomy with a wide margin: of 432 faces on group photographs 99 % have eyes 0.19 of the box's
# diagonal apart or more, and the mouth 0.24 below them or more (medians 0.29 and 0.30).
_LEAST_EYE_DISTANCE: Final = 0.04
"""Distance of the eyes, as a share of the box's diagonal; small in profile."""
_LEAST_MOUTH_DROP: Final = 0.08
"""Distance from between the eyes to the mouth, as a share of the box's diagonal."""
_LEAST_MOUTH_SINE: Final = 0.5
"""Sine of the angle between eye line and way to the mouth: at least 30 degrees; negative if mirrored."""


@dataclass(frozen=True, slots=True)
class KeypointShape:
    """How eyes and mouth lie; distances as shares of the box's diagonal."""

    eye_distance: float
    mouth_drop: float
    """From between the eyes to the mouth."""
    mouth_sine: float
    """Sine of the angle between eye line and way to the mouth; negative if mirrored."""


def keypoint_shape(detection: Detection) -> KeypointShape | None:
    """How the keypoints lie; ``None`` where the eyes, or they and the mouth, coincide or are not finite."""
    (right_x, right_y), (left_x, left_y), _, (mouth_x, mouth_y) = detection.keypoints.tolist()
    diagonal = math.hypot(detection.box[2], detection.box[3])
    eyes_x, eyes_y = left_x - right_x, left_y - right_y
    down_x, down_y = mouth_x - (right_x + left_x) / 2, mouth_y - (right_y + left_y) / 2
    eye_distance, drop = math.hypot(eyes_x, eyes_y), math.hypot(down_x, down_y)
    if not math.isfinite(diagonal + eye_distance + drop) or diagonal <= 0 or not eye_distance or not drop:
        return None
    sine = (eyes_x * down_y - eyes_y * down_x) / (eye_distance * drop)
    return KeypointShape(eye_distance / diagonal, drop / diagonal, sine)


def is_plausible(detection: Detection) -> bool:
    """Whether eyes and mouth lie as they can on a head: apart, and the mouth off the eye line.

    Backs of heads and patterns that a network takes for faces often have their keypoints in a heap.
    """
    shape = keypoint_shape(detection)
    return (
        shape is not None
        and shape.eye_distance >= _LEAST_EYE_DISTANCE
        and shape.mouth_drop >= _LEAST_MOUTH_DROP
        and shape.mouth_sine > _LEAST_MOUTH_SINE
    )


def non_max_suppression(
    detections: Iterable[Detection], confirm: Callable[[Detection], Detection | None] | None = None
) -> list[Detection]:
    """One detection for each group of overlapping ones, the one with the highest score, best first.

    Greedy, on intersection over smaller, so that a small box inside a large one of the same face goes too.
    A detection for which ``confirm`` returns ``None`` suppresses nothing; otherwise what it returns is kept.
    """
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda one: -one.score):
        if apart_from(kept, [detection]):
            confirmed = confirm(detection) if confirm else detection
            if confirmed:
                kept.append(confirmed)
    return kept


def prioritized_nms(*groups: Iterable[Detection]) -> list[Detection]:
    """The same where detections of an earlier group go before those of a later one, whatever their scores.

    The networks, and one network at different sizes, place eyes and mouth up to a tenth of a face apart.
    Taking now one and now the other, by score, makes crops jitter: on video of a woman at webcam distance the
    second difference of keypoints was 0.0027 of the face's height, and is 0.0018 with priorities.
    """
    kept: list[Detection] = []
    for group in groups:
        kept += apart_from(kept, non_max_suppression(group))
    return kept


def apart_from(others: Sequence[Detection], detections: Iterable[Detection]) -> list[Detection]:
    """Those detections that are not of the same faces as ``others``."""
    return [
        one
        for one in detections
        if all(intersection_over_smaller(one.box, other.box) < _SUPPRESS_FROM for other in others)
    ]
