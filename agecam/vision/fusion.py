"""One steady estimate a person, fused from the models' answers over time.

**Weights.** An age counts by the quality of its crop and against the square of the width of its interval,
the model's own doubt. Genders are averaged as log-odds, where an answer in doubt is near zero; they count by
the quality of the crop and by what is new of it (below), since a head that is turned away is taken for the
other gender for as long as it stays so.

**Interval.** The error of an answer has two parts. One changes from frame to frame: light, blur, the place
of the crop. The other stays with the person, whom the models take for older or younger than they are however
often they look. The models' intervals are calibrated on photographs, one a person, so they hold mostly the
second; a camera's frames add to the first. More frames average out the first and leave the second: with
``n`` answers' worth of independent evidence the variance is ``PERSON_PART + FRAME_PART / n`` times that of
the models' intervals, so no number of frames narrows the interval below ``sqrt(PERSON_PART)``. Frames in
quick succession are nearly the same frame: the frame part is taken as correlated over ``CORRELATION_S``, and
an answer ``t`` after the last one brings ``1 - exp(-t / CORRELATION_S)`` of new evidence.

The constants were measured on the validation part with ``benchmarks/fusion_error.py``: the scale at which
80 % of the intervals hold the age falls from 1.06 at the second answer to 0.93 after a dozen, and errors
about the mean of a person's answers correlate by 0.15 over 0.2 s and not at all over 0.5 s.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from agecam.drawing.label_text import GENDER_SURE, gender_word
from agecam.messages import Detection, Estimate
from agecam.vision.calibration import AGES

PERSON_PART: Final = 0.85
FRAME_PART: Final = 0.2
CORRELATION_S: Final = 0.3

_MEMORY_S: Final = 20.0
_LEAST_WIDTH_YEARS: Final = 4.0
"""No answer is surer than one of an interval of so many years."""
_LEAST_PROBABILITY: Final = 1e-3

_SLACK_YEARS: Final = 0.5
_GENDER_SLACK: Final = 0.1

_RECENT: Final = 6
# In made-up films of 190 people the latest six answers on one person drifted so far from those before in
# one case of a thousand, and in two of three when they were somebody else's.
_CHANGED: Final = 1.8
_CHANGED_AFTER_GAP: Final = 0.9
_LOG_ODDS_SCALE: Final = 3.0
_LEAST_BEFORE: Final = 0.05
_GAP_S: Final = 0.4
_JUMP_SIZES: Final = 0.8
_JUMP_RATIO: Final = 1.4


# No array: NumPy takes several times as long for so few numbers.
_Values = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Answer:
    """One frame's answer: ``values`` are age, years below and above it, and log-odds of "female"."""

    time_s: float
    quality: float
    weight: float
    """Of the age."""
    values: _Values


@dataclass(slots=True)
class _Evidence:
    """Weighted sums over all answers on one person, the older ones fading, and what was shown last."""

    face: Detection
    time_s: float
    weight: float = 0.0
    total: _Values = (0.0, 0.0, 0.0, 0.0)
    fresh: float = 0.0
    """Weights, each times the part of its answer that is new."""
    fresh_sq: float = 0.0
    """Squared weights, each times the part of its answer that is new."""
    gender_weight: float = 0.0
    gender_total: float = 0.0
    recent: deque[_Answer] = field(default_factory=lambda: deque(maxlen=_RECENT))
    limit: float = _CHANGED
    shown: Estimate | None = None

    def add(self, answer: _Answer) -> None:
        elapsed_s = answer.time_s - self.time_s
        novelty = -math.expm1(-elapsed_s / CORRELATION_S) if self.weight else 1.0
        keep = math.exp(-elapsed_s / _MEMORY_S)
        self.weight = keep * self.weight + answer.weight
        self.total = _sum(keep, self.total, answer.weight, answer.values)
        self.fresh = keep * self.fresh + novelty * answer.weight
        self.fresh_sq = keep * self.fresh_sq + novelty * answer.weight**2
        gender_weight = novelty * answer.quality
        self.gender_weight = keep * self.gender_weight + gender_weight
        self.gender_total = keep * self.gender_total + gender_weight * answer.values[3]
        self.time_s = answer.time_s
        self.recent.append(answer)

    def estimate(self) -> Estimate:
        age, below, above, _ = (value / self.weight for value in self.total)
        # Kish's effective size of a weighted sample, counting what is new of each answer.
        independent = max(1.0, self.fresh**2 / self.fresh_sq)
        scale = math.sqrt(PERSON_PART + FRAME_PART / independent)
        female = 1 / (1 + math.exp(-self.gender_total / self.gender_weight))
        low, high = max(0.0, age - scale * below), min(float(AGES - 1), age + scale * above)
        return Estimate(age, min(age, low), max(age, high), female)

    def drift(self) -> float:
        """How far the recent answers are from those before, in half-widths of the interval."""
        recent_weight = sum(answer.weight for answer in self.recent)
        before_weight = self.weight - recent_weight
        if before_weight <= _LEAST_BEFORE * recent_weight:
            return 0.0
        recent_total: _Values = (0.0, 0.0, 0.0, 0.0)
        for answer in self.recent:
            recent_total = _sum(1.0, recent_total, answer.weight, answer.values)
        recent = [value / recent_weight for value in recent_total]
        before = [value / before_weight for value in _sum(1.0, self.total, -1.0, recent_total)]
        half_width = max(1.0, *((one[1] + one[2]) / 2 for one in (recent, before)))
        return math.hypot((recent[0] - before[0]) / half_width, (recent[3] - before[3]) / _LOG_ODDS_SCALE)


def _sum(weight_a: float, a: _Values, weight_b: float, b: _Values) -> _Values:
    return (
        weight_a * a[0] + weight_b * b[0],
        weight_a * a[1] + weight_b * b[1],
        weight_a * a[2] + weight_b * b[2],
        weight_a * a[3] + weight_b * b[3],
    )


class Fusion:
    """Fuses each track's answers; a track that turns out to be somebody else begins anew.

    What it shows of the age stays within 0.51 years of the fused one, and moves only so that the printed
    number changes when the fused age is more than a year from it; likewise with the ends of the interval. A
    printed gender changes when its probability is 0.1 past the border.
    """

    def __init__(self) -> None:
        self._tracks: dict[int, _Evidence] = {}

    def reset(self) -> None:
        """Forget all tracks."""
        self._tracks.clear()

    def retain(self, track_ids: Collection[int]) -> None:
        """Forget all other tracks."""
        for track_id in self._tracks.keys() - set(track_ids):
            del self._tracks[track_id]

    def add(self, track_id: int, raw: Estimate, quality: float, face: Detection, time_s: float) -> None:
        """Take one frame's answer for a track into account.

        ``quality``, > 0, is :func:`agecam.vision.quality.crop_quality` of its crop; ``face`` is where it was
        found. Times must not decrease.
        """
        answer = _answer(raw, quality, time_s)
        evidence = self._tracks.get(track_id)
        if evidence is None:
            evidence = self._tracks[track_id] = _Evidence(face, time_s)
        elif time_s - evidence.time_s > _GAP_S and _is_jump(evidence.face, face):
            # Somebody else may have come out from behind whatever hid this one.
            evidence.recent.clear()
            evidence.limit = _CHANGED_AFTER_GAP
        evidence.add(answer)
        evidence.face = face
        if len(evidence.recent) == _RECENT:
            if evidence.drift() > evidence.limit:
                evidence = self._tracks[track_id] = _anew(evidence)
            evidence.limit = _CHANGED
        fused = evidence.estimate()
        evidence.shown = fused if evidence.shown is None else _held(fused, evidence.shown)

    def estimate(self, track_id: int) -> Estimate | None:
        """What to show of a track; ``None`` before its first answer."""
        evidence = self._tracks.get(track_id)
        return None if evidence is None else evidence.shown


def _answer(raw: Estimate, quality: float, time_s: float) -> _Answer:
    below, above = raw.age - raw.age_low, raw.age_high - raw.age
    weight = quality / max(_LEAST_WIDTH_YEARS, below + above) ** 2
    female = min(max(raw.female, _LEAST_PROBABILITY), 1 - _LEAST_PROBABILITY)
    return _Answer(time_s, quality, weight, (raw.age, below, above, math.log(female / (1 - female))))


def _anew(evidence: _Evidence) -> _Evidence:
    """The recent answers alone."""
    fresh = _Evidence(evidence.face, evidence.recent[0].time_s)
    for answer in evidence.recent:
        fresh.add(answer)
    return fresh


def _is_jump(before: Detection, after: Detection) -> bool:
    before_px, after_px = (max(1.0, math.sqrt(one.box[2] * one.box[3])) for one in (before, after))
    larger_px = max(before_px, after_px)
    (x0, y0), (x1, y1) = before.centre, after.centre
    ratio = larger_px / min(before_px, after_px)
    return ratio > _JUMP_RATIO or math.hypot(x1 - x0, y1 - y0) > _JUMP_SIZES * larger_px


def _held(fused: Estimate, shown: Estimate) -> Estimate:
    """The estimate nearest to ``fused`` that prints as ``shown`` does wherever that is still near enough."""
    age = _held_number(fused.age, shown.age)
    low = _held_number(fused.age_low, shown.age_low)
    high = _held_number(fused.age_high, shown.age_high)
    return Estimate(age, min(age, low), max(age, high), _held_gender(fused.female, shown.female))


def _held_number(value: float, shown: float) -> float:
    """The number of years nearest to ``value`` that rounds as ``shown`` does, unless it is well past that."""
    number = round(shown)
    if abs(value - number) > 0.5 + _SLACK_YEARS:
        return value
    return min(max(value, number - 0.49), number + 0.49)


def _held_gender(female: float, shown: float) -> float:
    """The same for probabilities, where what is printed is a word."""
    word = gender_word(shown)
    low, high = {"female": (GENDER_SURE, 1.0), "male": (0.0, 1 - GENDER_SURE)}.get(
        word, (1.001 - GENDER_SURE, GENDER_SURE - 0.001)
    )
    if not low - _GENDER_SLACK <= female <= high + _GENDER_SLACK:
        return female
    return min(max(female, low), high)
