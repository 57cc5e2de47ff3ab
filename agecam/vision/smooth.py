"""Steady boxes and steady numbers from what jitters frame by frame."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Estimate, Face

GENDER_SURE: Final = 0.75
"""Below this probability of either gender, gender is in doubt and shown as "?"."""

_MEMORY_S: Final = 5.0
_AGE_SLACK_YEARS: Final = 0.4
_INTERVAL_SLACK_YEARS: Final = 0.9
_GENDER_SLACK: Final = 0.05

_FULL_QUALITY_PX: Final = 64.0
_TURN_LIMIT: Final = 0.35

# At 30 frames a second these leave a fifth of a tremble of 1.5 % of the face from frame to frame, and let
# a box that starts off at two faces a second trail by 4 % of its size at most.
_BOX_CUTOFF_HZ: Final = 0.8
_BOX_CUTOFF_PER_SPEED: Final = 4.0
_SPEED_CUTOFF_HZ: Final = 1.5
_SNAP_S: Final = 0.5
_SNAP_SIZES: Final = 1.0


def crop_quality(face: Face) -> float:
    """How much a face's estimate should count, in (0, 1]: large, sure and frontal is best."""
    right_eye, left_eye, nose, _ = face.keypoints.astype(np.float64)
    eyes = left_eye - right_eye
    distance_sq = max(1e-9, float(eyes @ eyes))
    # Where the nose falls along the eye line: 0 midway between the eyes, 0.5 at one of them.
    turn = abs(float((nose - right_eye) @ eyes) / distance_sq - 0.5)
    frontal = 1 / (1 + (turn / _TURN_LIMIT) ** 4)
    size = min(1.0, float(np.sqrt(face.box[2] * face.box[3])) / _FULL_QUALITY_PX)
    return max(1e-3, face.score * frontal * size)


def gender_word(female: float) -> Literal["female", "male", "?"]:
    """The word for a probability of "female"; "?" where it is in doubt."""
    if female >= GENDER_SURE:
        return "female"
    return "male" if female <= 1 - GENDER_SURE else "?"


@dataclass(slots=True)
class _Mean:
    """A weighted mean of estimates that forgets, and the estimate last shown."""

    time_s: float
    weight: float
    total: NDArray[np.float64]
    shown: Estimate


class EstimateSmoother:
    """One steady estimate a track: a mean over the last seconds, weighted by the quality of the crops.

    What it gives stays within a year of that mean (age: 0.4 years) and moves only so that the rounded
    number changes when the mean has clearly left it.
    """

    def __init__(self) -> None:
        self._means: dict[int, _Mean] = {}

    def reset(self) -> None:
        """Forget all tracks."""
        self._means.clear()

    def retain(self, track_ids: Collection[int]) -> None:
        """Forget all other tracks."""
        for track_id in self._means.keys() - set(track_ids):
            del self._means[track_id]

    def add(self, track_id: int, raw: Estimate, weight: float, time_s: float) -> None:
        """Take one frame's answer for a track into account, ``weight`` > 0."""
        values = np.array([raw.age, raw.age_low, raw.age_high, raw.female])
        mean = self._means.get(track_id)
        if mean is None:
            self._means[track_id] = _Mean(time_s, weight, weight * values, raw)
            return
        keep = float(np.exp(-(time_s - mean.time_s) / _MEMORY_S))
        mean.total = keep * mean.total + weight * values
        mean.weight = keep * mean.weight + weight
        mean.time_s = time_s
        age, low, high, female = (float(value) for value in mean.total / mean.weight)
        age = _held(age, mean.shown.age, _AGE_SLACK_YEARS)
        mean.shown = Estimate(
            age=age,
            age_low=min(age, _held(low, mean.shown.age_low, _INTERVAL_SLACK_YEARS)),
            age_high=max(age, _held(high, mean.shown.age_high, _INTERVAL_SLACK_YEARS)),
            female=_held_gender(female, mean.shown.female),
        )

    def estimate(self, track_id: int) -> Estimate | None:
        """What to show of a track; ``None`` before its first answer."""
        mean = self._means.get(track_id)
        return None if mean is None else mean.shown


def _held(value: float, shown: float, slack: float) -> float:
    """The value nearest to ``value`` that rounds as ``shown`` does, unless it is ``slack`` past that."""
    number = round(shown)
    if abs(value - number) > 0.5 + slack:
        return value
    return float(np.clip(value, number - 0.49, number + 0.49))


def _held_gender(female: float, shown: float) -> float:
    """The same for probabilities, where what is printed is a word."""
    word = gender_word(shown)
    low, high = {"female": (GENDER_SURE, 1.0), "male": (0.0, 1 - GENDER_SURE)}.get(
        word, (1.001 - GENDER_SURE, GENDER_SURE - 0.001)
    )
    if not low - _GENDER_SLACK <= female <= high + _GENDER_SLACK:
        return female
    return float(np.clip(female, low, high))


@dataclass(slots=True)
class _Box:
    time_s: float
    state: NDArray[np.float64]
    """Centre in pixels and logarithm of the size: x, y, ln(width), ln(height)."""
    speed: NDArray[np.float64]
    """Change of the state per second, centre in face sizes."""


class BoxSmoother:
    """Takes the tremble out of boxes at rest and leaves those that move where they are.

    The one-euro filter (Casiez, Roussel, Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for
    Noisy Input in Interactive Systems", CHI 2012), with speeds in face sizes.
    """

    def __init__(self) -> None:
        self._boxes: dict[int, _Box] = {}

    def reset(self) -> None:
        """Forget all tracks."""
        self._boxes.clear()

    def retain(self, track_ids: Collection[int]) -> None:
        """Forget all other tracks."""
        for track_id in self._boxes.keys() - set(track_ids):
            del self._boxes[track_id]

    def smooth(self, track_id: int, face: Face, time_s: float) -> Face:
        """The face with its box steadied; its key points are left as they are."""
        x, y, width, height = face.box
        state = np.array([*face.centre, np.log(max(1.0, width)), np.log(max(1.0, height))])
        size = max(1.0, float(np.sqrt(width * height)))
        units = np.array([size, size, 1.0, 1.0])
        box = self._boxes.get(track_id)
        if (
            box is None
            or time_s - box.time_s > _SNAP_S
            or float(np.hypot(*(state - box.state)[:2])) > _SNAP_SIZES * size
        ):
            self._boxes[track_id] = _Box(time_s, state, np.zeros(4))
            return face
        elapsed = time_s - box.time_s
        if elapsed > 0:
            change = (state - box.state) / units
            box.speed += _gain(_SPEED_CUTOFF_HZ, elapsed) * (change / elapsed - box.speed)
            # One cutoff for x and y, one for both sides: a box must not shear.
            moving, growing = float(np.hypot(*box.speed[:2])), float(np.abs(box.speed[2:]).max())
            cutoffs = _BOX_CUTOFF_HZ + _BOX_CUTOFF_PER_SPEED * np.array([moving, moving, growing, growing])
            box.state = box.state + _gain(cutoffs, elapsed) * change * units
            box.time_s = time_s
        width, height = (float(value) for value in np.exp(box.state[2:]))
        x, y = float(box.state[0]) - width / 2, float(box.state[1]) - height / 2
        return replace(face, box=(x, y, width, height))


def _gain(cutoff_hz: float | NDArray[np.float64], elapsed_s: float) -> NDArray[np.float64]:
    """How far an exponential low-pass filter goes towards its input within ``elapsed_s``."""
    return np.asarray(1 - np.exp(-2 * np.pi * np.asarray(cutoff_hz) * elapsed_s))
