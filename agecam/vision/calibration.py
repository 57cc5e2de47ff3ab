"""From the models' outputs to estimates: shared by live use and by evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Estimate

AGES: Final = 101
"""An age model puts out one probability for each age from 0 to 100 years, or years alone: its format."""

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

# The same for every batch, of which there are some in each second.
_YEARS: Final[NDArray[np.float64]] = np.arange(AGES, dtype=np.float64)
_EDGES: Final[NDArray[np.float64]] = np.arange(-0.5, AGES)
"""Where the half years around each age begin and end."""

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

    A model that predicts years alone has no distribution. ``age_residuals`` are its ``(age, below, above)``
    points, predicted ages rising, years, linear in between: how far ``interval`` of the labels lie to each
    side of such a prediction (after Lei et al., "Distribution-Free Predictive Inference for Regression",
    JASA 2018). They stand in for ``temperature`` and ``age_weights``.
    """

    temperature: float = 1.0
    interval: float = 0.8
    interval_scale: float = 1.0
    slope: float = 1.0
    intercept: float = 0.0
    age_weights: tuple[tuple[float, float], ...] = ()
    age_residuals: tuple[tuple[float, float, float], ...] = ()

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
        residuals = tuple(
            (float(age), float(below), float(above)) for age, below, above in values.get("age_residuals", ())
        )
        calibration = cls(**numbers, age_weights=weights, age_residuals=residuals)
        if not calibration._makes_sense():
            raise ValueError("calibration out of range")
        return calibration

    def has_interval(self, age_output: NDArray[np.floating]) -> bool:
        """Whether there is an interval about the ages of such output, ``(n, 101)`` or ``(n, 1)``."""
        return is_distribution(age_output) or bool(self.age_residuals)

    def _makes_sense(self) -> bool:
        """Whether estimates are finite with it, and in order."""
        weights = [weight for _, weight in self.age_weights]
        years = [one for _, *both in self.age_residuals for one in both]
        return (
            _LEAST_TEMPERATURE <= self.temperature <= _MOST
            and 0 < self.interval < 1
            and 0 <= self.interval_scale <= _MOST
            and all(abs(value) <= _MOST_LOG_ODDS for value in (self.slope, self.intercept))
            and all(0 < weight <= _MOST for weight in weights)
            and all(0 <= one <= _MOST for one in years)
            and all(_rise(points) for points in (self.age_weights, self.age_residuals))
        )

    def to_manifest(self, task: Literal["age", "gender"]) -> dict[str, Any]:
        """The part that concerns one model, as :meth:`from_manifest` reads it."""
        values: dict[str, Any] = {"version": CALIBRATION_VERSION}
        values |= {name: round(getattr(self, name), 5) for name, of in _NUMBERS.items() if of == task}
        if task == "age":
            values["age_weights"] = [[age, round(weight, 4)] for age, weight in self.age_weights]
            if self.age_residuals:
                values["age_residuals"] = [[round(one, 4) for one in point] for point in self.age_residuals]
        return values


def _rise(points: Sequence[Sequence[float]]) -> bool:
    """Whether the ages that points begin with are finite and in order."""
    ages = [age for age, *_ in points]
    return all(abs(age) <= _MOST for age in ages) and sorted(ages) == ages


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
    weights = age_probabilities.astype(np.float64)
    age = weights @ _YEARS / weights.sum(axis=1)
    for _ in range(_ROBUST_STEPS):
        distance = (_YEARS - age[:, None]) / _ROBUST_SCALE_YEARS
        near = weights * np.exp(distance * distance * -0.5)
        age = near @ _YEARS / near.sum(axis=1)
    return np.asarray(age, np.float64)


def is_distribution(age_output: NDArray[np.floating]) -> bool:
    """Whether a model predicts how likely each age is, ``(n, 101)``, and not just one age, ``(n, 1)``."""
    return bool(age_output.shape[1] == AGES)


def predicted_age(age_output: NDArray[np.floating]) -> NDArray[np.float64]:
    """The predicted age of ``(n, 101)`` probabilities or ``(n, 1)`` years: ``(n,)`` years in [0, 100]."""
    if is_distribution(age_output):
        return robust_age(age_output)
    return _clipped(age_output[:, 0].astype(np.float64), 0, AGES - 1)


def age_interval(
    age_output: NDArray[np.float32], age: NDArray[np.float64], calibration: Calibration
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high end of the calibrated interval about ``age``, each ``(n,)`` years in [0, 100].

    ``age`` is what :func:`predicted_age` makes of ``age_output``, ``(n, 101)`` or ``(n, 1)``.
    """
    ends = _quantile_ends if is_distribution(age_output) else _residual_ends
    low, high = ends(age_output, age, calibration)
    scale = calibration.interval_scale
    return (
        _clipped(age - scale * (age - low), 0, AGES - 1),
        _clipped(age + scale * (high - age), 0, AGES - 1),
    )


def _clipped(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """As :func:`numpy.clip`, which takes four times as long for a few values."""
    return np.asarray(np.minimum(np.maximum(values, low), high), np.float64)


def _residual_ends(
    _: NDArray[np.float32], age: NDArray[np.float64], calibration: Calibration
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not calibration.age_residuals:
        return age, age
    ages, below, above = np.transpose(calibration.age_residuals)
    return age - np.interp(age, ages, below), age + np.interp(age, ages, above)


def _quantile_ends(
    age_probabilities: NDArray[np.float32], age: NDArray[np.float64], calibration: Calibration
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    tail = (1 - calibration.interval) / 2
    tempered = np.maximum(age_probabilities.astype(np.float64), _LEAST_AGE_PROBABILITY)
    tempered **= 1 / calibration.temperature
    if calibration.age_weights:
        tempered *= _weights_of_ages(calibration.age_weights)
    low, high = age_quantiles(tempered, (tail, 1 - tail)).T
    return np.minimum(low, age), np.maximum(high, age)


@lru_cache
def _weights_of_ages(points: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """The weight of each age, ``(101,)``, from :attr:`Calibration.age_weights`; not to be changed."""
    return np.asarray(np.interp(_YEARS, *np.transpose(points)), np.float64)


def age_quantiles(
    age_probabilities: NDArray[np.floating], quantiles: tuple[float, ...]
) -> NDArray[np.float64]:
    """Quantiles of each distribution, which need not sum to 1: ``(n, 101)`` to ``(n, len(quantiles))`` years.

    Probability of an age is spread evenly over the half years on both sides of it.
    """
    cumulative = np.zeros((len(age_probabilities), AGES + 1))
    np.cumsum(age_probabilities, axis=1, dtype=np.float64, out=cumulative[:, 1:])
    cumulative /= cumulative[:, -1:]
    ends = np.array(quantiles)
    return np.array([np.interp(ends, row, _EDGES) for row in cumulative]).reshape(-1, len(quantiles))


def calibrated_female(
    female_probability: NDArray[np.float32], calibration: Calibration
) -> NDArray[np.float64]:
    """Probability of "female" after correction: ``(n,)`` in [0, 1] to ``(n,)`` in [0, 1]."""
    p = _clipped(female_probability.astype(np.float64), _LEAST_FEMALE, 1 - _LEAST_FEMALE)
    log_odds = calibration.slope * np.log(p / (1 - p)) + calibration.intercept
    return 1 / (1 + np.exp(-log_odds))


def estimates(
    age_output: NDArray[np.float32],
    female_probability: NDArray[np.float32],
    calibration: Calibration,
) -> list[Estimate]:
    """One :class:`Estimate` a face from both models' outputs.

    ``age_output`` is ``(n, 101)`` or ``(n, 1)``, ``female_probability`` ``(n,)`` or ``(n, 1)``.
    """
    ages = predicted_age(age_output)
    lows, highs = age_interval(age_output, ages, calibration)
    females = calibrated_female(female_probability.reshape(-1), calibration)
    return [
        Estimate(float(age), float(low), float(high), float(female))
        for age, low, high, female in zip(ages, lows, highs, females, strict=True)
    ]
