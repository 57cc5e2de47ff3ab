"""Other projects' trackers on the detections that AgeCam's was given: norfair and ByteTrack (trackers)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import motmetrics as mm
import norfair
import numpy as np
import supervision
from numpy.typing import NDArray
from trackers import ByteTrackTracker

from agecam.messages import Detection
from benchmarks.identity_metrics import accumulate
from benchmarks.identity_run import Box
from benchmarks.identity_scene import Truth

_ACTIVATION: Final = 0.5
"""Score from which a detection may start a track, as for AgeCam's."""
_NORFAIR_IOU_DISTANCE: Final = 0.7
"""Of boxes, as in norfair's demos."""

Update = Callable[[Sequence[Detection]], list[tuple[int, Box]]]


def norfair_tracker(fps: float) -> Update:
    """norfair's tracker with its own settings; it knows no frame rate."""
    del fps
    tracker = norfair.Tracker(
        "iou", _NORFAIR_IOU_DISTANCE, detection_threshold=_ACTIVATION, initialization_delay=1
    )

    def update(detections: Sequence[Detection]) -> list[tuple[int, Box]]:
        tracked = tracker.update(
            [
                norfair.Detection(np.array(corners(one.box)).reshape(2, 2), np.full(2, one.score))
                for one in detections
            ]
        )
        return [(int(one.id), _box(one.estimate.ravel())) for one in tracked]

    return update


def byte_tracker(fps: float) -> Update:
    """ByteTrack as roboflow's trackers has it, with AgeCam's scores."""
    tracker = ByteTrackTracker(
        frame_rate=fps, track_activation_threshold=_ACTIVATION, high_conf_det_threshold=_ACTIVATION
    )

    def update(detections: Sequence[Detection]) -> list[tuple[int, Box]]:
        boxes = np.array([corners(one.box) for one in detections], np.float32).reshape(-1, 4)
        scores = np.array([one.score for one in detections], np.float32)
        found = supervision.Detections(boxes, confidence=scores, class_id=np.zeros(len(boxes), int))
        tracked = tracker.update(found)
        numbers = [] if tracked.tracker_id is None else tracked.tracker_id
        return [
            (int(number), _box(box))
            for number, box in zip(numbers, tracked.xyxy, strict=False)
            if number >= 0
        ]

    return update


PEERS: Final[dict[str, Callable[[float], Update]]] = {
    "norfair": norfair_tracker,
    "ByteTrack": byte_tracker,
}


def track_by_peer(
    peer: str, detections: Sequence[Sequence[Detection]], truths: Sequence[Sequence[Truth]], fps: float
) -> mm.MOTAccumulator:
    """What a peer makes of the detections of each frame."""
    update = PEERS[peer](fps)
    accumulator = mm.MOTAccumulator(auto_id=True)
    for found, there in zip(detections, truths, strict=True):
        tracked = update(found)
        accumulate(accumulator, there, [box for _, box in tracked], [number for number, _ in tracked])
    return accumulator


def corners(box: Box) -> Box:
    x, y, width, height = box
    return x, y, x + width, y + height


def _box(corners: NDArray[np.float64]) -> Box:
    x0, y0, x1, y1 = (float(value) for value in corners)
    return x0, y0, x1 - x0, y1 - y0
