"""Who is who from frame to frame: detections become people that last.

Each frame's faces are matched to the tracks' predicted places by the Hungarian method (Kuhn, "The
Hungarian method for the assignment problem", 1955), sure detections first and doubtful ones only to
continue what is already there (Zhang et al., "ByteTrack", ECCV 2022). All limits are in seconds and in
face sizes, so that they hold for any frame rate and resolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from agecam.messages import Face
from agecam.vision.detect import iou

BIRTH_SCORE: Final = 0.6
"""A track begins with a detection at least this sure, and is continued by any the detector reports."""

_SURVIVES_S: Final = 1.0
_UNSETTLED_SURVIVES_S: Final = 0.25
_SHOWN_S: Final = 0.3
_SETTLE_HITS: Final = 3
_SETTLE_S: Final = 0.12
_SETTLE_SCORE: Final = 0.66
_SCORE_MEMORY: Final = 0.2

_GATE_SIZES: Final = 0.7
_GATE_GROWTH_SIZES_PER_S: Final = 1.0
_GATE_SIZE_RATIO: Final = 1.7

_VELOCITY_MEMORY_S: Final = 0.15
_VELOCITY_DECAY_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class TrackedFace:
    """A face of this frame with its identity; ``detected`` is false where the place is a prediction."""

    track_id: int
    face: Face
    detected: bool
    settled: bool


@dataclass(slots=True)
class _Track:
    track_id: int
    face: Face
    born_s: float
    seen_s: float
    score: float
    hits: int = 1
    velocity: tuple[float, float] = (0.0, 0.0)
    settled: bool = False

    def predicted(self, time_s: float) -> Face:
        # Velocity dies away: a face that is lost while it moves rarely goes on in a straight line.
        span = _VELOCITY_DECAY_S * (1 - float(np.exp(-(time_s - self.seen_s) / _VELOCITY_DECAY_S)))
        dx, dy = self.velocity[0] * span, self.velocity[1] * span
        x, y, width, height = self.face.box
        keypoints = self.face.keypoints + np.array([dx, dy], dtype=np.float32)
        return Face((x + dx, y + dy, width, height), self.face.score, keypoints)

    def follow(self, face: Face, time_s: float) -> None:
        elapsed = time_s - self.seen_s
        if elapsed > 0:
            keep = float(np.exp(-elapsed / _VELOCITY_MEMORY_S))
            (x0, y0), (x1, y1) = self.face.centre, face.centre
            self.velocity = (
                keep * self.velocity[0] + (1 - keep) * (x1 - x0) / elapsed,
                keep * self.velocity[1] + (1 - keep) * (y1 - y0) / elapsed,
            )
        self.face, self.seen_s = face, time_s
        self.hits += 1
        self.score += _SCORE_MEMORY * (face.score - self.score)
        if self.hits >= _SETTLE_HITS and time_s - self.born_s >= _SETTLE_S and self.score >= _SETTLE_SCORE:
            self.settled = True


class Tracker:
    """Gives each person a number that stays through movement and short absence.

    Numbers count from 1 and are never given twice until :meth:`reset`.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everybody: the source changed."""
        self._tracks: list[_Track] = []
        self._ids = count(1)
        self._time_s = -np.inf

    def update(self, faces: Sequence[Face], time_s: float) -> list[TrackedFace]:
        """The people of one frame, those just lost at their predicted places; ``time_s`` must not decrease."""
        if time_s < self._time_s:
            raise ValueError("time runs backwards: reset the tracker when the source changes")
        self._time_s = time_s
        sure = [face for face in faces if face.score >= BIRTH_SCORE]
        doubtful = [face for face in faces if face.score < BIRTH_SCORE]
        unmatched = self._match(self._tracks, sure, time_s)
        missing = [track for track in self._tracks if track.seen_s < time_s]
        self._match(missing, doubtful, time_s)
        for face in unmatched:
            self._tracks.append(_Track(next(self._ids), face, time_s, time_s, face.score))
        self._tracks = [
            track
            for track in self._tracks
            if time_s - track.seen_s <= (_SURVIVES_S if track.settled else _UNSETTLED_SURVIVES_S)
        ]
        return [
            TrackedFace(track.track_id, track.predicted(time_s), track.seen_s == time_s, track.settled)
            for track in self._tracks
            if time_s - track.seen_s <= _SHOWN_S
        ]

    def _match(self, tracks: list[_Track], faces: list[Face], time_s: float) -> list[Face]:
        """Continue tracks with faces; returns the faces that are left."""
        if not tracks or not faces:
            return faces
        costs = _costs(tracks, faces, time_s)
        left = set(range(len(faces)))
        for row, column in zip(*linear_sum_assignment(costs), strict=True):
            if costs[row, column] < _IMPOSSIBLE:
                tracks[row].follow(faces[column], time_s)
                left.discard(int(column))
        return [faces[index] for index in sorted(left)]


_IMPOSSIBLE: Final = 1e3


def _costs(tracks: list[_Track], faces: list[Face], time_s: float) -> NDArray[np.float64]:
    """How badly each face continues each track: ``(tracks, faces)``, ``_IMPOSSIBLE`` beyond the gates."""
    costs = np.full((len(tracks), len(faces)), _IMPOSSIBLE)
    for row, track in enumerate(tracks):
        expected = track.predicted(time_s)
        gate = _GATE_SIZES + _GATE_GROWTH_SIZES_PER_S * (time_s - track.seen_s)
        size = float(np.sqrt(expected.box[2] * expected.box[3]))
        for column, face in enumerate(faces):
            face_size = float(np.sqrt(face.box[2] * face.box[3]))
            ratio = max(size, face_size) / max(1e-9, min(size, face_size))
            distance = float(np.hypot(*np.subtract(expected.centre, face.centre))) / max(size, face_size)
            if ratio <= _GATE_SIZE_RATIO and distance <= gate:
                costs[row, column] = distance + (1 - iou(expected.box, face.box)) + float(np.log(ratio))
    return costs
