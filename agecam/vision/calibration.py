"""From the models' outputs to estimates: shared by live use and by evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Estimate

AGES: Final = 101
"""The age model puts out one probability for each age from 0 to 100 years: part of its format."""

CALIBRATION_VERSION: Final = 2
"""The version that is written; version 1, without ``age_weights``, carries no number and is read too."""

_LEAST_FEMALE: Final = 1e-6
"""Probabilities of "female" are kept this far from 0 and 1, so that log-odds stay finite; far below
what calibration can tell."""

_LEAST_TEMPERATURE: Final = 0.02
"""One that is lower takes powers of small probabilities out of the range of float64."""
_MOST_LOG_ODDS: Final = 40.0
"""Largest slope and intercept of a gender's log-odds, and """
_MOST: Final = 1e6
"""largest of the other values: above them exponentials and sums leave the range of float64."""

_LEAST_AGE_PROBABILITY: Final = 1e-12
"""Least probability of one age before it is tempered: a power of 0 would stay 0 at any temperature."""

# Measured on validation images, five sets of four views: 65.9 % of predictions on UTKFace are at most 5 years
# off, for 64.7 with plain means, at the same mean error over all (4.736 and 4.745 years). One step brings
# 65.3 %; four bring 66.0 and err more about children and old people (0.013 years). 7 years bring 66.0 and err
# by 4.738.
_ROBUST_SCALE_YEARS: Final = 8.0
"""Width of Welsch's weights in :func:`robust_age`, years."""
_ROBUST_STEPS: Final = 2
"""How often :func:`robust_age` weights anew."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Corrections measured on validation images and stored in the models' manifest.

    ``temperature`` flattens (above 1) or sharpens the age distribution (Guo et al., "On Calibration of
    Modern Neural Networks", ICML 2017). ``age_weights`` are ``(age, weight)`` points, ages rising, that it is
    then multiplied by, linear in between: they correct the interval, and it alone, for ages that are rarer
    in training than before the camera (Saerens et al., "Adjusting the Outputs of a Classifier to New a Priori
    Probabilities", Neural Computation 2002). ``interval_scale`` last widens the interval about the age, so
    that ``interval`` of all faces fall inside. ``slope`` and ``intercept`` act on the gender's log-odds
    (Platt, "Probabilistic Outputs for Support Vector Machines", 1999).
    """

    temperature: float = 1.0
    interval: float = 0.8
    interval_scale: float = 1.0
    slope: float = 1.0
    intercept: float = 0.0
    age_weights: tuple[tuple[float, float], ...] = ()

    @classmethod
    def from_manifest(cls, models: Mapping[str, Any]) -> Self:
        """Read the ``models`` part of ``manifest.json``; what is missing keeps its neutral value.

        Raises :class:`ModelError` for a version that this program does not know, and :class:`ValueError` or
        :class:`TypeError` for values that make no sense.
        """
        values: dict[str, Any] = {}
        for name in ("age", "gender"):
            values |= _known_version(models.get(name, {}).get("calibration", {}))
        numbers = {name: float(values[name]) for name in _NUMBERS if name in values}
        weights = tuple((float(age), float(weight)) for age, weight in values.get("age_weights", ()))
        calibration = cls(**numbers, age_weights=weights)
        if not calibration._makes_sense():
            raise ValueError("calibration out of range")
        return calibration

    def _makes_sense(self) -> bool:
        """Whether estimates are finite with it, and in order."""
        ages, weights = zip(*self.age_weights, strict=True) if self.age_weights else ((), ())
        return (
            _LEAST_TEMPERATURE <= self.temperature <= _MOST
            and 0 < self.interval < 1
            and 0 <= self.interval_scale <= _MOST
            and all(abs(value) <= _MOST_LOG_ODDS for value in (self.slope, self.intercept))
            and all(0 < weight <= _MOST for weight in weights)
            and all(abs(age) <= _MOST for age in ages)
            and sorted(ages) == list(ages)
        )

    def to_manifest(self, task: Literal["age", "gender"]) -> dict[str, Any]:
        """The part that concerns one model, as :meth:`from_manifest` reads it."""
        values: dict[str, Any] = {"version": CALIBRATION_VERSION}
        values |= {name: round(getattr(self, name), 5) for name, of in _NUMBERS.items() if of == task}
        if task == "age":
            values["age_weights"] = [[age, round(weight, 4)] for age, weight in self.age_weights]
        return values


_NUMBERS: Final = {
    "temperature": "age",
    "interval": "age",
    "interval_scale": "age",
    "slope": "gender",
    "intercept": "gender",
}


def _known_version(values: Mapping[str, Any]) -> Mapping[str, Any]:
    version = values.get("version", 1)
    if version not in (1, CALIBRATION_VERSION):
        raise ModelError(
            f"The models' calibration is of version {version!r:.40}, and this AgeCam reads version "
            f"{CALIBRATION_VERSION}. Use the models that came with this AgeCam."
        )
    return values


def robust_age(age_probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """The predicted age: a robust mean of each distribution, ``(n, 101)`` probabilities to ``(n,)`` years.

    Models leave a little probability to ages far off, and a plain mean is drawn towards them. Here an age
    counts the less the farther it is from the mean so far, by Welsch's weights, twice over from the plain
    mean on (Holland and Welsch, "Robust regression using iteratively reweighted least-squares",
    Communications in Statistics 1977).
    """
    years = np.arange(AGES)
    weights = age_probabilities.astype(np.float64)
    age = weights @ years / weights.sum(axis=1)
    for _ in range(_ROBUST_STEPS):
        near = weights * np.exp(-(((years - age[:, None]) / _ROBUST_SCALE_YEARS) ** 2) / 2)
        age = near @ years / near.sum(axis=1)
    return np.asarray(age, np.float64)


def age_interval(
    age_probabilities: NDArray[np.float32], age: NDArray[np.float64], calibration: Calibration
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high end of the calibrated interval about ``age``, each ``(n,)`` years in [0, 100].

    ``age`` is what :func:`robust_age` makes of the ``(n, 101)`` probabilities.
    """
    tail = (1 - calibration.interval) / 2
    tempered = np.maximum(age_probabilities.astype(np.float64), _LEAST_AGE_PROBABILITY)
    tempered **= 1 / calibration.temperature
    if calibration.age_weights:
        tempered *= np.interp(np.arange(AGES), *np.transpose(calibration.age_weights))
    low, high = age_quantiles(tempered, (tail, 1 - tail)).T
    low = np.minimum(low, age)
    high = np.maximum(high, age)
    scale = calibration.interval_scale
    return np.clip(age - scale * (age - low), 0, AGES - 1), np.clip(age + scale * (high - age), 0, AGES - 1)


def age_quantiles(
    age_probabilities: NDArray[np.floating], quantiles: tuple[float, ...]
) -> NDArray[np.float64]:
    """Quantiles of each distribution, which need not sum to 1: ``(n, 101)`` to ``(n, len(quantiles))`` years.

    Probability of an age is spread evenly over the half years on both sides of it.
    """
    cumulative = np.cumsum(age_probabilities, axis=1, dtype=np.float64)
    cumulative /= cumulative[:, -1:]
    edges = np.arange(AGES + 1) - 0.5
    padded = np.hstack([np.zeros((len(cumulative), 1)), cumulative])
    return np.array([np.interp(quantiles, row, edges) for row in padded]).reshape(-1, len(quantiles))


def calibrated_female(
    female_probability: NDArray[np.float32], calibration: Calibration
) -> NDArray[np.float64]:
    """Probability of "female" after correction: ``(n,)`` in [0, 1] to ``(n,)`` in [0, 1]."""
    p = np.clip(female_probability.astype(np.float64), _LEAST_FEMALE, 1 - _LEAST_FEMALE)
    log_odds = calibration.slope * np.log(p / (1 - p)) + calibration.intercept
    return 1 / (1 + np.exp(-log_odds))


def estimates(
    age_probabilities: NDArray[np.float32],
    female_probability: NDArray[np.float32],
    calibration: Calibration,
) -> list[Estimate]:
    """One :class:`Estimate` a face from both models' outputs, ``(n, 101)`` and ``(n,)`` or ``(n, 1)``."""
    ages = robust_age(age_probabilities)
    lows, highs = age_interval(age_probabilities, ages, calibration)
    females = calibrated_female(female_probability.reshape(-1), calibration)
    return [
        Estimate(float(age), float(low), float(high), float(female))
        for age, low, high, female in zip(ages, lows, highs, females, strict=True)
    ]
