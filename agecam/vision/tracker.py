"""Tracks: detections that belong to one person from frame to frame.

Each frame's detections are assigned to the tracks' predicted places at the least total cost, those of high
score first and those of low score only to continue what is there (after Zhang et al., "ByteTrack:
Multi-Object Tracking by Associating Every Detection Box", ECCV 2022). All limits are in seconds and in face
sizes, so that they hold for any frame rate and resolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.vision.assignment import linear_assignment
from agecam.vision.boxes import intersection_over_smaller
from agecam.vision.track import Track, TrackConfig
from agecam.vision.verification import Verify

_GATED: Final = 1e3
"""Cost of an assignment beyond the gates, far above any other (at most about 3)."""


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """Settings of :class:`Tracker`; scores and confidences are in [0, 1].

    Where nothing else is said, a value was chosen by its meaning and checked on the clips of a classroom, a
    crowd and people from behind, not fitted.
    """

    activation_threshold: float = 0.5
    """A detection of this score can start a track: the score from which MediaPipe's detectors report."""
    continue_score: float = 0.4
    """A detection of this score can continue a track: faces that turn away fall below the one above."""
    max_age_s: float = 1.0
    """A confirmed track without detection lasts so long: half a second behind a pillar changes nobody."""
    tentative_max_age_s: float = 0.5
    """The same for a track that is not confirmed."""
    max_coast_s: float = 0.3
    """A track without detection is reported at its predicted place so long: blinks of the detector do not
    show, and a box does not drift on visibly alone."""
    duplicate_ios: float = 0.6
    """Intersection over smaller with a track from which a new detection is the same head, found at another
    size."""
    gate_sizes: float = 0.7
    """A detection continues a track up to so many face sizes from the predicted centre."""
    gate_growth_sizes_per_s: float = 1.0
    """How the gate grows while the track has no detection, face sizes per second."""
    gate_size_ratio: float = 1.7
    """A detection continues a track up to this ratio of their sizes."""
    verifications_per_frame: int = 2
    """Tracks verified in one frame at most; each takes a run of both networks."""
    reverify_score: float = 0.6
    """A confirmed track whose smoothed score falls below this is verified again."""
    track: TrackConfig = field(default_factory=TrackConfig)
    """Settings of the single track."""


class Tracker:
    """Gives each person a number that stays through movement and short absence.

    Numbers count from 1 and are not given twice until :meth:`reset`. A track starts tentative; it is
    confirmed by a high score over some frames or by verification, which also rejects it.

    >>> tracker = Tracker()
    >>> for detections, time_s in frames:
    ...     tracks = tracker.update(detections, time_s, verify)
    """

    def __init__(self, config: TrackerConfig = TrackerConfig()) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Forget everybody: the source changed."""
        self._tracks: dict[int, Track] = {}
        self._ids = count(1)
        self._time_s = -np.inf

    def update(
        self, detections: Sequence[Detection], time_s: float, verify: Verify | None = None
    ) -> list[Track]:
        """The people of one frame, those just lost at their predicted places, in order of number.

        ``verify`` is called for up to ``verifications_per_frame`` tracks that it may confirm or reject.
        Raises :class:`ValueError` when time runs backwards.
        """
        if time_s < self._time_s:
            raise ValueError("time runs backwards: reset the tracker when the source changes")
        self._time_s = time_s
        for track in self._tracks.values():
            track.time_s = time_s
        self._assign_all(detections)
        self._remove_aged()
        if verify is not None:
            for track in self._pending_verification()[: self._config.verifications_per_frame]:
                track.add_verification(verify(track.face))
        return [
            track for track in self._tracks.values() if time_s - track.detected_s <= self._config.max_coast_s
        ]

    def expected(self, time_s: float) -> list[Detection]:
        """Where those who are confirmed would be at ``time_s``, the longest undetected first."""
        confirmed = (track for track in self._tracks.values() if track.confirmed)
        return [track.predicted(time_s) for track in sorted(confirmed, key=lambda track: track.detected_s)]

    def _assign_all(self, detections: Sequence[Detection]) -> None:
        config = self._config
        high = [one for one in detections if one.score >= config.activation_threshold]
        low = [one for one in detections if config.continue_score <= one.score < config.activation_threshold]
        unassigned = self._assign(list(self._tracks.values()), high)
        self._assign([track for track in self._tracks.values() if not track.detected], low)
        for detection in unassigned:
            if not self._is_duplicate(detection):
                track_id = next(self._ids)
                self._tracks[track_id] = Track(track_id, detection, self._time_s, config.track)

    def _assign(self, tracks: list[Track], detections: list[Detection]) -> list[Detection]:
        """Continue tracks with detections; returns the detections that are left."""
        if not tracks or not detections:
            return detections
        costs = _costs(tracks, detections, self._time_s, self._config)
        left = set(range(len(detections)))
        for row, column in linear_assignment(costs):
            if costs[row, column] < _GATED:
                tracks[row].add_detection(detections[column])
                left.discard(column)
        return [detections[index] for index in sorted(left)]

    def _is_duplicate(self, detection: Detection) -> bool:
        """Whether it lies on somebody just detected: one head found at two sizes is not two people."""
        time_s, config = self._time_s, self._config
        return any(
            time_s - track.detected_s <= config.max_coast_s
            and intersection_over_smaller(track.predicted_box(time_s), detection.box) > config.duplicate_ios
            for track in self._tracks.values()
        )

    def _remove_aged(self) -> None:
        config = self._config
        self._tracks = {
            track_id: track
            for track_id, track in self._tracks.items()
            if self._time_s - track.detected_s
            <= (config.max_age_s if track.confirmed else config.tentative_max_age_s)
        }

    def _pending_verification(self) -> list[Track]:
        """Tracks that verification may confirm or reject, those first that few more will decide.

        Of the tentative ones also those that are not detected in this frame: verification may detect them.
        """
        pending = [track for track in self._tracks.values() if self._is_pending(track)]
        # In a crowd one decided track after the other, rather than all of them at the very end.
        pending.sort(key=lambda track: (track.is_decided, abs(track.verifications_left)))
        return pending

    def _is_pending(self, track: Track) -> bool:
        if self._time_s < track.next_verification_s:
            return False
        if not track.detected:
            return not track.confirmed and not track.rejected
        return not track.confirmed or track.score < self._config.reverify_score


def _costs(
    tracks: list[Track], detections: list[Detection], time_s: float, config: TrackerConfig
) -> NDArray[np.float64]:
    """How badly detections continue tracks: ``(tracks, detections)``, ``_GATED`` beyond the gates."""
    predicted = np.array([track.predicted_box(time_s) for track in tracks])[:, None]
    detected = np.array([detection.box for detection in detections])[None]
    predicted_px, detected_px = (
        np.sqrt(np.maximum(1.0, boxes[..., 2] * boxes[..., 3])) for boxes in (predicted, detected)
    )
    larger_px = np.maximum(predicted_px, detected_px)
    ratio = larger_px / np.minimum(predicted_px, detected_px)
    between = predicted[..., :2] + predicted[..., 2:] / 2 - detected[..., :2] - detected[..., 2:] / 2
    distance = np.hypot(between[..., 0], between[..., 1]) / larger_px
    undetected_s = np.array([time_s - track.detected_s for track in tracks])[:, None]
    gate = config.gate_sizes + config.gate_growth_sizes_per_s * undetected_s
    costs = distance + (1 - _ious(predicted, detected)) + np.log(ratio)
    return np.where((ratio <= config.gate_size_ratio) & (distance <= gate), costs, _GATED)


def _ious(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of boxes xywh ``(..., 4)``, broadcast against each other."""
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    common = np.maximum(0.0, high - low).prod(axis=-1)
    areas = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1)
    return np.asarray(common / np.maximum(1e-9, areas - common))
