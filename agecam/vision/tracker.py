"""Who is who from frame to frame: detections become people that last.

Each frame's faces are matched to the tracks' predicted places at the least total cost, sure detections
first and doubtful ones only to continue what is already there (after Zhang et al., "ByteTrack", ECCV 2022).
All limits are in seconds and in face sizes, so that they hold for any frame rate and resolution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.vision.assignment import linear_assignment
from agecam.vision.boxes import intersection_over_smaller

CONTINUE_SCORE: Final = 0.4
"""A track is continued by a detection at least this sure."""
_BIRTH_SCORE: Final = 0.5

_SURVIVES_S: Final = 1.0
_TENTATIVE_SURVIVES_S: Final = 0.5
_SHOWN_WHILE_LOST_S: Final = 0.3

# On six clips no false face reached 0.84 in a frame; nearly all true ones do when they face the camera.
_CLEAR_SCORE: Final = 0.85
_SCORE_MEMORY_S: Final = 0.3
_CONFIRM_HITS: Final = 3
_CONFIRM_S: Final = 0.06
# See Detector.verify for where true and false faces lie.
_DECIDING_LOOKS: Final = 3
_CONFIRM_CONFIDENCE: Final = 0.72
_REJECT_CONFIDENCE: Final = 0.45
_DOUBT_SCORE: Final = 0.6
_LOOK_PAUSE_S: Final = 0.1
_LONGEST_LOOK_PAUSE_S: Final = 0.5

_GATE_SIZES: Final = 0.7
_GATE_GROWTH_SIZES_PER_S: Final = 1.0
_GATE_SIZE_RATIO: Final = 1.7
_IMPOSSIBLE: Final = 1e3

_SAME_HEAD_OVERLAP: Final = 0.6

_VELOCITY_MEMORY_S: Final = 0.15
_VELOCITY_DECAY_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class TrackedFace:
    """A face of this frame with its identity; ``detected`` is false where the place is a prediction."""

    track_id: int
    face: Detection
    detected: bool
    confirmed: bool


@dataclass(slots=True)
class _Track:
    track_id: int
    face: Detection
    born_s: float
    seen_s: float
    score: float
    """Of the last moments' detections, smoothed."""
    hits: int = 1
    velocity: tuple[float, float] = (0.0, 0.0)
    """Of the centre, pixels per second."""
    confidence: float = 0.0
    """Mean of the last three closer looks."""
    looks: int = 0
    next_look_s: float = 0.0
    confirmed: bool = False

    @property
    def rejected(self) -> bool:
        """Whether closer looks have shown that it is no face."""
        return self.looks >= _DECIDING_LOOKS and self.confidence < _REJECT_CONFIDENCE

    def _shift(self, time_s: float) -> tuple[float, float]:
        # Velocity dies away: a face that is lost while it moves rarely goes on in a straight line.
        span_s = _VELOCITY_DECAY_S * (1 - math.exp(-(time_s - self.seen_s) / _VELOCITY_DECAY_S))
        return self.velocity[0] * span_s, self.velocity[1] * span_s

    def predicted_box(self, time_s: float) -> tuple[float, float, float, float]:
        dx, dy = self._shift(time_s)
        x, y, width, height = self.face.box
        return x + dx, y + dy, width, height

    def predicted(self, time_s: float) -> Detection:
        if time_s == self.seen_s:
            return self.face
        keypoints = self.face.keypoints + np.array(self._shift(time_s), dtype=np.float32)
        return Detection(self.predicted_box(time_s), self.face.score, keypoints)

    def follow(self, face: Detection, time_s: float) -> None:
        elapsed = time_s - self.seen_s
        if elapsed > 0:
            keep = math.exp(-elapsed / _VELOCITY_MEMORY_S)
            (x0, y0), (x1, y1) = self.face.centre, face.centre
            self.velocity = (
                keep * self.velocity[0] + (1 - keep) * (x1 - x0) / elapsed,
                keep * self.velocity[1] + (1 - keep) * (y1 - y0) / elapsed,
            )
            self.score += (1 - math.exp(-elapsed / _SCORE_MEMORY_S)) * (face.score - self.score)
        self.face, self.seen_s = face, time_s
        self.hits += 1
        self._confirm()

    def add_verification(self, confidence: float, time_s: float) -> None:
        self.looks += 1
        self.confidence += (confidence - self.confidence) / min(self.looks, _DECIDING_LOOKS)
        pause = _LOOK_PAUSE_S * max(0, self.looks - _DECIDING_LOOKS)
        self.next_look_s = time_s + min(pause, _LONGEST_LOOK_PAUSE_S)
        if self.rejected:
            self.confirmed = False
        self._confirm()

    def _confirm(self) -> None:
        lasts = self.hits >= _CONFIRM_HITS and self.seen_s - self.born_s >= _CONFIRM_S
        clear = self.score >= _CLEAR_SCORE or (
            self.looks >= _DECIDING_LOOKS and self.confidence >= _CONFIRM_CONFIDENCE
        )
        self.confirmed = self.confirmed or (lasts and clear)


class Tracker:
    """Gives each person a number that stays through movement and short absence.

    One frame goes: :meth:`update` with its faces; a closer look at some of :meth:`doubtful`, told to
    :meth:`add_verification`; then :meth:`visible`. Numbers count from 1 and are not given twice until
    :meth:`reset`.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everybody: the source changed."""
        self._tracks: dict[int, _Track] = {}
        self._ids = count(1)
        self._time_s = -np.inf

    def update(self, faces: Sequence[Detection], time_s: float) -> None:
        """Match one frame's faces to people; raises :class:`ValueError` when time runs backwards."""
        if time_s < self._time_s:
            raise ValueError("time runs backwards: reset the tracker when the source changes")
        self._time_s = time_s
        sure = [face for face in faces if face.score >= _BIRTH_SCORE]
        doubtful = [face for face in faces if CONTINUE_SCORE <= face.score < _BIRTH_SCORE]
        unmatched = self._match(list(self._tracks.values()), sure)
        self._match([track for track in self._tracks.values() if track.seen_s < time_s], doubtful)
        for face in unmatched:
            if self._is_known(face):
                continue
            track_id = next(self._ids)
            self._tracks[track_id] = _Track(track_id, face, time_s, time_s, face.score)
        self._tracks = {
            track.track_id: track
            for track in self._tracks.values()
            if time_s - track.seen_s <= (_SURVIVES_S if track.confirmed else _TENTATIVE_SURVIVES_S)
        }

    def _is_known(self, face: Detection) -> bool:
        """Whether it lies on somebody just seen: one head found at two sizes is not two people."""
        return any(
            self._time_s - track.seen_s <= _SHOWN_WHILE_LOST_S
            and intersection_over_smaller(track.predicted_box(self._time_s), face.box) > _SAME_HEAD_OVERLAP
            for track in self._tracks.values()
        )

    def expected(self, time_s: float) -> list[Detection]:
        """Where those who are confirmed would be at ``time_s``, the longest unseen first."""
        confirmed = (track for track in self._tracks.values() if track.confirmed)
        return [track.predicted(time_s) for track in sorted(confirmed, key=lambda track: track.seen_s)]

    def doubtful(self) -> list[TrackedFace]:
        """Faces that a closer look could settle or expose, those first that few more looks will decide.

        Of those neither confirmed nor rejected also the ones that this frame has not shown: a look may find
        them again.
        """
        due = [track for track in self._tracks.values() if self._is_due(track)]
        # In a crowd one decided face after the other, rather than all of them at the very end.
        due.sort(key=lambda track: (track.looks >= _DECIDING_LOOKS, abs(track.looks - _DECIDING_LOOKS)))
        return [self._tracked(track) for track in due]

    def _is_due(self, track: _Track) -> bool:
        if self._time_s < track.next_look_s:
            return False
        if track.seen_s < self._time_s:
            return not track.confirmed and not track.rejected
        return not track.confirmed or track.score < _DOUBT_SCORE

    def add_verification(self, track_id: int, confidence: float, face: Detection | None = None) -> None:
        """Take a closer look's result, :class:`agecam.vision.detector.View`, into account."""
        track = self._tracks[track_id]
        if face is not None and track.seen_s < self._time_s:
            track.follow(face, self._time_s)
        track.add_verification(confidence, self._time_s)

    def visible(self) -> list[TrackedFace]:
        """The people of this frame, those just lost at their predicted places, in order of number."""
        return [
            self._tracked(track)
            for track in self._tracks.values()
            if self._time_s - track.seen_s <= _SHOWN_WHILE_LOST_S
        ]

    def alive(self) -> set[int]:
        """The numbers of all who may still come back."""
        return set(self._tracks)

    def _tracked(self, track: _Track) -> TrackedFace:
        detected = track.seen_s == self._time_s
        return TrackedFace(track.track_id, track.predicted(self._time_s), detected, track.confirmed)

    def _match(self, tracks: list[_Track], faces: list[Detection]) -> list[Detection]:
        """Continue tracks with faces; returns the faces that are left."""
        if not tracks or not faces:
            return faces
        costs = _costs(tracks, faces, self._time_s)
        left = set(range(len(faces)))
        for row, column in linear_assignment(costs):
            if costs[row, column] < _IMPOSSIBLE:
                tracks[row].follow(faces[column], self._time_s)
                left.discard(column)
        return [faces[index] for index in sorted(left)]


def _costs(tracks: list[_Track], faces: list[Detection], time_s: float) -> NDArray[np.float64]:
    """How badly each face continues each track: ``(tracks, faces)``, ``_IMPOSSIBLE`` beyond the gates."""
    expected = np.array([track.predicted_box(time_s) for track in tracks])[:, None]
    found = np.array([face.box for face in faces])[None]
    expected_px, found_px = (
        np.sqrt(np.maximum(1.0, boxes[..., 2] * boxes[..., 3])) for boxes in (expected, found)
    )
    larger_px = np.maximum(expected_px, found_px)
    ratio = larger_px / np.minimum(expected_px, found_px)
    between = expected[..., :2] + expected[..., 2:] / 2 - found[..., :2] - found[..., 2:] / 2
    distance = np.hypot(between[..., 0], between[..., 1]) / larger_px
    lost_s = np.array([time_s - track.seen_s for track in tracks])[:, None]
    gate = _GATE_SIZES + _GATE_GROWTH_SIZES_PER_S * lost_s
    costs = distance + (1 - _ious(expected, found)) + np.log(ratio)
    return np.where((ratio <= _GATE_SIZE_RATIO) & (distance <= gate), costs, _IMPOSSIBLE)


def _ious(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of boxes xywh ``(..., 4)``, broadcast against each other."""
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    common = np.maximum(0.0, high - low).prod(axis=-1)
    areas = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1)
    return np.asarray(common / np.maximum(1e-9, areas - common))
