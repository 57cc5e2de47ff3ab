"""What labels become in training: targets and sample weights, for exact ages, ranges and missing labels.

A target is one row of numbers, so that Keras can batch it. For age ``(n, 104)`` float32: 101 weights over the
ages, the range's two ends, and 1 where the weights are a distribution to be met, 0 where they say which ages
are allowed. For gender ``(n, 1)``. Samples without a label get the sample weight 0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from agecam.vision.calibration import AGES
from train.data.age_groups import upper_bounds

AGE, GENDER = "age", "gender"
HEADS: Final = (AGE, GENDER)

_EMPHASIS: Final = re.compile(r"(\d+)-(\d+)=(\d+(?:\.\d+)?)")

UNKNOWN_GENDER: Final = -1.0
"""The gender that a teacher alone tells."""


@dataclass(frozen=True, slots=True)
class TargetConfig:
    """Shapes of age targets and bounds of sample weights."""

    deviation_at_birth_years: float = 0.8
    """Standard deviation of the target of age 0."""
    deviation_per_year: float = 0.05
    """And how it grows with age, which is harder to tell of older people: 2 years at 24, 4 at 64."""
    range_edge_years: float = 1.5
    """Standard deviation of the fall-off outside a range: neighbouring ranges are often confused."""
    rarity_smoothing_years: float = 2.5
    """Standard deviation of the kernel that smooths the frequency of ages."""
    max_rarity_weight: float = 4.0
    """No sample weighs more, in units of the mean."""


TARGETS: Final = TargetConfig()


def age_targets(
    low: NDArray[np.float64], high: NDArray[np.float64], edge: NDArray[np.float64] | None = None
) -> NDArray[np.float32]:
    """Targets ``(n, 104)`` of ages in years, exact (``low == high``) or a range; NaN gives a row of zeros.

    An exact age becomes a normal distribution about it (label distribution learning: Gao et al., "Deep Label
    Distribution Learning with Label Ambiguity", TIP 2017), wider for older people. A range becomes a
    membership of 1 inside that falls off softly outside. Both are wider by the standard deviation ``edge``
    (years), where it is not NaN.
    """
    low, high = np.clip(low, 0, AGES - 1)[:, None], np.clip(high, 0, AGES - 1)[:, None]
    ages = np.arange(AGES)[None, :]
    edge = np.full(low.shape, np.nan) if edge is None else edge[:, None]
    deviation = TARGETS.deviation_at_birth_years + TARGETS.deviation_per_year * low
    deviation = np.hypot(deviation, np.nan_to_num(edge))
    distribution = np.exp(-0.5 * ((ages - low) / deviation) ** 2)
    distribution /= distribution.sum(axis=1, keepdims=True)
    outside = np.maximum(np.maximum(low - ages, ages - high), 0)
    fall = np.where(np.isnan(edge), TARGETS.range_edge_years, edge)
    membership = np.exp(-0.5 * (outside / fall) ** 2)
    weights = np.where(low == high, distribution, membership)
    return np.asarray(np.nan_to_num(np.hstack([weights, low, high, low == high])), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Emphasis:
    """That images labelled ``first..last`` (years, inclusive) weigh ``factor`` times as much."""

    first: int
    last: int
    factor: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``60-100=3``. Raises :class:`ValueError` for anything else."""
        match = _EMPHASIS.fullmatch(text.strip())
        if match is None or int(match[1]) > int(match[2]) or float(match[3]) <= 0:
            raise ValueError(f"{text!r} is no emphasis: write it as 60-100=3, a range of ages and a factor.")
        return cls(int(match[1]), int(match[2]), float(match[3]))


def emphasis_weights(
    low: NDArray[np.float64], high: NDArray[np.float64], emphases: Sequence[Emphasis]
) -> NDArray[np.float32]:
    """Factor of each sample ``(n,)`` float32: the product over the emphases its label's middle lies in.

    1 elsewhere and for samples without an age.
    """
    middle = (low + np.minimum(high, AGES - 1)) / 2
    factors = np.ones(len(low), np.float32)
    for emphasis in emphases:
        factors[(middle >= emphasis.first) & (middle < emphasis.last + 1)] *= emphasis.factor
    return factors


def rarity_weights(
    low: NDArray[np.float64], high: NDArray[np.float64], exponent: float
) -> NDArray[np.float32]:
    """Loss weight of each sample, ``frequency ** -exponent`` of its age: ``(n,)`` float32, mean 1.

    No weight is above :attr:`TargetConfig.max_rarity_weight`. The frequency is counted in years, ranges
    spread evenly over theirs, smoothed over about five years; bounds do not count, and weigh 1. Samples
    without an age weigh 0.
    """
    bound = upper_bounds(low, high)
    known = ~np.isnan(low) & ~bound
    low_year = np.clip(np.nan_to_num(low), 0, AGES - 1)
    high_year = np.clip(np.nan_to_num(high), 0, AGES - 1)
    ages = np.arange(AGES)[None, :]
    inside = (ages >= np.floor(low_year)[:, None]) & (ages <= np.ceil(high_year)[:, None])
    share = inside / inside.sum(axis=1, keepdims=True) * known[:, None]
    kernel = np.exp(-0.5 * (np.arange(-7, 8) / TARGETS.rarity_smoothing_years) ** 2)
    frequency = np.convolve(share.sum(axis=0), kernel / kernel.sum(), mode="same")
    weight_of_age = np.maximum(frequency, 1.0) ** -exponent
    weights = share @ weight_of_age
    weights /= max(float(weights[known].mean()), 1e-12) if known.any() else 1.0
    weights = np.where(known, np.minimum(weights, TARGETS.max_rarity_weight), bound)
    return np.asarray(weights, dtype=np.float32)
