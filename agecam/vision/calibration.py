"""From what the models put out to what is said of a face: shared by live use and by evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Estimate

AGES: Final = 101
"""The age model puts out one probability for each age from 0 to 100 years."""

_EPSILON: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Calibration:
    """Corrections measured on validation pictures and stored in the models' manifest.

    ``temperature`` flattens (above 1) or sharpens the age distribution (Guo et al., "On Calibration of
    Modern Neural Networks", ICML 2017); ``interval_scale`` then widens the interval about the age, so that
    ``interval`` of all faces fall inside; ``slope`` and ``intercept`` act on the gender's log-odds (Platt,
    "Probabilistic Outputs for Support Vector Machines", 1999).
    """

    temperature: float = 1.0
    interval: float = 0.8
    interval_scale: float = 1.0
    slope: float = 1.0
    intercept: float = 0.0

    @classmethod
    def from_manifest(cls, models: Mapping[str, Any]) -> Self:
        """Read the ``models`` part of ``manifest.json``; what is missing keeps its neutral value."""
        values: dict[str, float] = {}
        for name in ("age", "gender"):
            values |= models.get(name, {}).get("calibration", {})
        return cls(**{name: float(values[name]) for name in cls.__slots__ if name in values})


def expected_age(age_probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean of each distribution: ``(n, 101)`` probabilities to ``(n,)`` years."""
    return age_probabilities.astype(np.float64) @ np.arange(AGES)


def age_interval(
    age_probabilities: NDArray[np.float32], calibration: Calibration
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high end of the calibrated interval, each ``(n,)`` years in [0, 100]."""
    age = expected_age(age_probabilities)
    tail = (1 - calibration.interval) / 2
    low, high = age_quantiles(age_probabilities, (tail, 1 - tail), calibration.temperature).T
    low = np.minimum(low, age)
    high = np.maximum(high, age)
    scale = calibration.interval_scale
    return np.clip(age - scale * (age - low), 0, AGES - 1), np.clip(age + scale * (high - age), 0, AGES - 1)


def age_quantiles(
    age_probabilities: NDArray[np.float32], quantiles: tuple[float, ...], temperature: float = 1.0
) -> NDArray[np.float64]:
    """Quantiles of each distribution after tempering: ``(n, 101)`` to ``(n, len(quantiles))`` years.

    Probability of an age is spread evenly over the half years on both sides of it.
    """
    tempered = np.maximum(age_probabilities.astype(np.float64), 1e-12) ** (1 / temperature)
    cumulative = np.cumsum(tempered, axis=1)
    cumulative /= cumulative[:, -1:]
    edges = np.arange(AGES + 1) - 0.5
    padded = np.hstack([np.zeros((len(cumulative), 1)), cumulative])
    return np.array([np.interp(quantiles, row, edges) for row in padded]).reshape(-1, len(quantiles))


def calibrated_female(
    female_probability: NDArray[np.float32], calibration: Calibration
) -> NDArray[np.float64]:
    """Probability of "female" after correction: ``(n,)`` in [0, 1] to ``(n,)`` in [0, 1]."""
    p = np.clip(female_probability.astype(np.float64), _EPSILON, 1 - _EPSILON)
    log_odds = calibration.slope * np.log(p / (1 - p)) + calibration.intercept
    return 1 / (1 + np.exp(-log_odds))


def estimates(
    age_probabilities: NDArray[np.float32],
    female_probability: NDArray[np.float32],
    calibration: Calibration,
) -> list[Estimate]:
    """One :class:`Estimate` a face from both models' outputs, ``(n, 101)`` and ``(n,)`` or ``(n, 1)``."""
    ages = expected_age(age_probabilities)
    lows, highs = age_interval(age_probabilities, calibration)
    females = calibrated_female(female_probability.reshape(-1), calibration)
    return [
        Estimate(float(age), float(low), float(high), float(female))
        for age, low, high, female in zip(ages, lows, highs, females, strict=True)
    ]
