"""Steady boxes and steady numbers from what jitters frame by frame."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from agecam.messages import Estimate, Face

_MEMORY_S: Final = 4.0
_AGE_HOLD_YEARS: Final = 0.8
_FULL_QUALITY_PX: Final = 64.0


def crop_quality(face: Face) -> float:
    """How much a face's estimate should count, in (0, 1]: large, sure and frontal is best."""
    right_eye, left_eye, nose, _ = face.keypoints.astype(np.float64)
    eyes = left_eye - right_eye
    distance_sq = max(1e-9, float(eyes @ eyes))
    # Where the nose falls along the eye line: 0 midway between the eyes, 0.5 at one of them.
    turn = abs(float((nose - right_eye) @ eyes) / distance_sq - 0.5)
    frontal = 1 / (1 + (turn / 0.35) ** 4)
    size = min(1.0, float(np.sqrt(face.box[2] * face.box[3])) / _FULL_QUALITY_PX)
    return max(1e-3, face.score * frontal * size)


@dataclass(slots=True)
class _Mean:
    """A weighted mean of estimates that forgets over seconds."""

    time_s: float
    weight: float
    total: np.ndarray[tuple[int], np.dtype[np.float64]]
    shown_age: int | None = None


class EstimateSmoother:
    """One steady estimate a track: a mean over the last seconds, weighted by the quality of the crops."""

    def __init__(self) -> None:
        self._means: dict[int, _Mean] = {}

    def reset(self) -> None:
        self._means.clear()

    def retain(self, track_ids: Collection[int]) -> None:
        """Forget all other tracks."""
        for track_id in self._means.keys() - set(track_ids):
            del self._means[track_id]

    def add(self, track_id: int, raw: Estimate, weight: float, time_s: float) -> None:
        """Take one frame's answer for a track into account."""
        values = np.array([raw.age, raw.age_low, raw.age_high, raw.female])
        mean = self._means.get(track_id)
        if mean is None:
            self._means[track_id] = _Mean(time_s, weight, weight * values)
            return
        keep = float(np.exp(-(time_s - mean.time_s) / _MEMORY_S))
        mean.total = keep * mean.total + weight * values
        mean.weight = keep * mean.weight + weight
        mean.time_s = time_s

    def estimate(self, track_id: int) -> Estimate | None:
        """What to show of a track; ``None`` before its first answer."""
        mean = self._means.get(track_id)
        if mean is None:
            return None
        age, low, high, female = (float(value) for value in mean.total / mean.weight)
        return Estimate(age, low, high, female)


class FaceSmoother:
    """Takes the tremble out of boxes (placeholder until the filter below is in)."""

    def reset(self) -> None: ...

    def retain(self, track_ids: Collection[int]) -> None: ...

    def face(self, track_id: int, face: Face, time_s: float) -> Face:
        return replace(face)
