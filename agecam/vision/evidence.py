"""The evidence on one track: weighted means of the models' predictions, the older ones fading."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from agecam.messages import Detection, Estimate
from agecam.vision.calibration import AGES

# No array: NumPy takes several times as long for so few numbers.
Values = tuple[float, float, float, float]
"""Age, years of its interval below it, years above it, and log-odds of "female"."""

_ZERO: Values = (0.0, 0.0, 0.0, 0.0)

_NORMAL_80: Final = 1.2816
"""Half the width of the interval that holds 80 % of a normal distribution, in standard deviations."""
_LEAST_VARIANCE: Final = 0.01
"""Square years; keeps predictions without an interval from dividing by zero."""


@dataclass(frozen=True, slots=True)
class EvidenceConfig:
    """Settings of :class:`Evidence`; :mod:`agecam.vision.fusion` says what the first three mean.

    ``person_part``, ``scatter_part`` and ``prior_quality`` were fitted to 764 people of the validation split,
    filmed in up to three sizes as for ``benchmarks/identity.py --only coverage --split validation``, weighted
    so that intervals of single photographs of them hold as many ages as those of everybody: first by the
    interval score (Gneiting and Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", JASA
    2007), then so that 80 % of labelled years are held. Coverage is then the same from the first prediction
    to the fifth, and from the worst eighth of crops to the best: quality, size, sharpness and pose need no
    terms of their own. On other videos of 110 of this split (``benchmarks/fusion_error.py``) it is 80 %, too.
    On all 1,456 people of it, in shorter films, it is 82 % under 40 pixels, 80 from 40 on and 79 over 80; on
    1,296 of the test split it is 81, 79 and 78 (standard errors of 1.1).
    """

    person_part: float = 0.8
    """Of the variance of the models' intervals: what stays with the person."""
    frame_part: float = 0.2
    """Of the variance of the models' intervals: what changes from frame to frame. Errors about the mean of a
    person's predictions correlate by 0.15 over 0.2 s and not at all over 0.5 s."""
    scatter_part: float = 0.6
    """Of the variance that predictions have beyond that: how much of it widens the interval for good. Where
    that is more than the variance of the models' intervals, as for 20 people in 764, intervals hold 66 % of
    ages at 0, 87 at 0.4, 94 here and 98 at 0.8. Real faces scatter more than filmed images do."""
    prior_age: float = 35.0
    """The mean age of people in front of cameras, years: what poor crops leave the estimate near."""
    prior_half_width: float = 26.0
    """Half the width of the interval that holds 80 % of them, years."""
    prior_quality: float = 0.005
    """At this mean quality of crops the estimate is half the prior's, with less and more by the square. The
    models' intervals know most of what a poor crop hides: of 656 people with faces of 22 to 36 pixels the
    interval score is best at 0.003 to 0.005, and so are the mean error of age for crops of a quality below
    0.03 (6.4 years; 6.8 at 0.01, 7.9 at 0.018) and the log loss of gender. Children under 13 are 3.1 years
    off at that size, and 4.4 at 0.018."""
    correlation_s: float = 0.3
    """Time constant over which errors of the frame part correlate."""
    memory_s: float = 20.0
    """Time constant with which predictions fade: mistakes about a person do not stay for good, and 20 s still
    average out what changes from frame to frame. Chosen, not measured."""
    recent: int = 6
    """How many of the latest predictions are compared with those before, to see a change of person."""
    log_odds_scale: float = 3.0
    """Difference of log-odds that counts in the drift as half an interval's width of age: from 0.5 to 0.95
    of probability. Chosen, not measured."""
    least_before_share: float = 0.05
    """With less weight before, relative to the recent predictions, there is nothing to compare. Chosen."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The models' prediction for one frame; ``weight`` is the age's, ``quality`` the gender's.

    Without a gender its log-odds are NaN until it is added: then the mean of those before.
    """

    time_s: float
    quality: float
    weight: float
    values: Values
    has_gender: bool = True


class Evidence:
    """All predictions on one person; ``face`` is where the last one was made, at ``time_s``."""

    __slots__ = (
        "_config",
        "_estimate",
        "_fresh",
        "_fresh_sq",
        "_gender_s",
        "_gender_total",
        "_gender_weight",
        "_quality",
        "_squares",
        "_total",
        "_weight",
        "face",
        "has_jumped",
        "is_suspect",
        "recent",
        "time_s",
    )

    def __init__(self, face: Detection, time_s: float, config: EvidenceConfig) -> None:
        self.face = face
        self.time_s = time_s
        self.is_suspect = False
        """Whether it may be somebody else's since ``recent`` was emptied, which these have to tell."""
        self.has_jumped = False
        """Whether that is because the track jumped over a gap."""
        self.recent: deque[Prediction] = deque(maxlen=config.recent)
        self._config = config
        self._weight = 0.0
        self._total = _ZERO
        self._squares = 0.0  # of ages, each times its weight
        self._quality = 0.0  # each times its weight
        self._fresh = 0.0  # weights, each times the part of its prediction that is new
        self._fresh_sq = 0.0  # squared weights, likewise
        self._gender_s = time_s
        self._gender_weight = 0.0
        self._gender_total = 0.0
        self._estimate: Estimate | None = None  # until the next prediction: the models run on few frames

    def add(self, prediction: Prediction) -> None:
        """Take a prediction into account; times must not decrease."""
        config = self._config
        elapsed_s = prediction.time_s - self.time_s
        novelty = -math.expm1(-elapsed_s / config.correlation_s) if self._weight else 1.0
        keep = math.exp(-elapsed_s / config.memory_s)
        gender_weight = 0.0
        if prediction.has_gender:
            since_s = prediction.time_s - self._gender_s
            gender_novelty = -math.expm1(-since_s / config.correlation_s) if self._gender_weight else 1.0
            gender_weight = gender_novelty * prediction.quality
            self._gender_s = prediction.time_s
        elif math.isnan(prediction.values[3]):
            # What the drift compares: nothing new about the gender. It stays so where other evidence takes it
            # over (Fusion.continued_by), or two people of different genders would seem to be one.
            mean = self._total[3] / self._weight if self._weight else 0.0
            prediction = replace(prediction, values=(*prediction.values[:3], mean))
        self._weight = keep * self._weight + prediction.weight
        self._total = _weighted_sum(keep, self._total, prediction.weight, prediction.values)
        self._quality = keep * self._quality + prediction.weight * prediction.quality
        self._squares = keep * self._squares + prediction.weight * prediction.values[0] ** 2
        self._fresh = keep * self._fresh + novelty * prediction.weight
        self._fresh_sq = keep * self._fresh_sq + novelty * prediction.weight**2
        self._gender_weight = keep * self._gender_weight + gender_weight
        self._gender_total = keep * self._gender_total + gender_weight * prediction.values[3]
        self.time_s = prediction.time_s
        self.recent.append(prediction)
        self._estimate = None

    def estimate(self) -> Estimate:
        """The mean of all predictions, of which there must be one, with the interval that they leave."""
        if self._estimate is None:
            self._estimate = self._fused()
        return self._estimate

    def _fused(self) -> Estimate:
        config = self._config
        mean, below, above, _ = (value / self._weight for value in self._total)
        quality = self._quality / self._weight
        trust = quality**2 / (quality**2 + config.prior_quality**2)
        age = trust * mean + (1 - trust) * config.prior_age
        own = ((below + above) / (2 * _NORMAL_80)) ** 2
        variance = (
            trust * self._variance(own, mean) + (1 - trust) * (config.prior_half_width / _NORMAL_80) ** 2
        )
        scale = math.sqrt(variance / max(own, _LEAST_VARIANCE))
        low, high = max(0.0, age - scale * below), min(float(AGES - 1), age + scale * above)
        female = 1 / (1 + math.exp(-trust * self._gender_total / (self._gender_weight or 1.0)))
        return Estimate(age, min(age, low), max(age, high), female)

    def _variance(self, own: float, mean: float) -> float:
        """Of the mean about the age, square years; ``own`` is that of the models' intervals."""
        config = self._config
        # Kish's effective size of a weighted sample, counting what is new of each prediction.
        independent = max(1.0, self._fresh**2 / self._fresh_sq)
        scatter = max(0.0, self._squares / self._weight - mean**2)
        beyond = max(0.0, scatter - config.frame_part * own)
        return own * (config.person_part + config.frame_part / independent) + config.scatter_part * beyond

    @property
    def recent_is_full(self) -> bool:
        """Whether there are recent predictions enough for :meth:`drift`."""
        return len(self.recent) == self._config.recent

    def drift(self) -> float:
        """How far the recent predictions are from those before, in half-widths of the interval."""
        recent_weight = sum(prediction.weight for prediction in self.recent)
        before_weight = self._weight - recent_weight
        if before_weight <= self._config.least_before_share * recent_weight:
            return 0.0
        recent_total = _ZERO
        for prediction in self.recent:
            recent_total = _weighted_sum(1.0, recent_total, prediction.weight, prediction.values)
        recent = [value / recent_weight for value in recent_total]
        before = [value / before_weight for value in _weighted_sum(1.0, self._total, -1.0, recent_total)]
        half_width = max(1.0, *((one[1] + one[2]) / 2 for one in (recent, before)))
        return math.hypot(
            (recent[0] - before[0]) / half_width, (recent[3] - before[3]) / self._config.log_odds_scale
        )

    def recent_alone(self) -> Evidence:
        """The evidence that the recent predictions alone give."""
        alone = Evidence(self.face, self.recent[0].time_s, self._config)
        for prediction in self.recent:
            if not prediction.has_gender:  # what it has is the mean of those before
                prediction = replace(prediction, values=(*prediction.values[:3], math.nan))
            alone.add(prediction)
        return alone


def _weighted_sum(weight_a: float, a: Values, weight_b: float, b: Values) -> Values:
    return (
        weight_a * a[0] + weight_b * b[0],
        weight_a * a[1] + weight_b * b[1],
        weight_a * a[2] + weight_b * b[2],
        weight_a * a[3] + weight_b * b[3],
    )
