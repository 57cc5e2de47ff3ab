"""Fit the corrections of :class:`agecam.vision.calibration.Calibration` on validation images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from agecam.vision.calibration import (
    AGES,
    Calibration,
    age_interval,
    calibrated_female,
    is_distribution,
    predicted_age,
)
from train.data.table import Table
from train.evaluate.metrics import interval_holds

_EPSILON: Final = 1e-12
"""Smallest probability whose logarithm is taken."""
_LOG_TEMPERATURES: Final = (-1.5, 1.5)
"""Where the natural logarithm of the temperature is searched: 0.22 to 4.5 times the model's doubt."""
_SCALES: Final = (0.1, 5.0)
"""Where the factor on the interval's width is searched."""
_BISECTIONS: Final = 30
"""Halvings of that range: the factor is exact to 5e-9, far below one image's share of the coverage."""
_SLOPES: Final = (0.2, 5.0)
"""Where the factor on the log-odds of female is searched; positive, so that no order is turned round."""
_INTERCEPTS: Final = (-2.0, 2.0)
"""Where the shift of the log-odds is searched: at 2, even odds become 88 %."""
_MIN_DOUBT: Final = 1e-9
"""Calibrated probabilities of a gender stay this far from 0 and 1, for their logarithm."""
_BALANCE: Final = 0.75
"""Power of the frequency that weights of ages are the inverse of; see :func:`age_weights`."""
_EVEN_SHARE: Final = 0.1
"""Of all labels, spread over all ages, so that no weight grows without bounds."""
_RESIDUAL_GROUP: Final = 50
"""Predictions that quantiles of residuals are taken over: the tenth and the last but ten per cent are then
those of five images to each side."""
_MAX_RESIDUAL_GROUPS: Final = 8
"""Enough for the course of the error over a life, about ten years each."""
_DECADES: Final = np.arange(0, 90, 10)
"""First years; the last decade is open."""


def calibrate(predictions: Mapping[str, NDArray[np.float32]], table: Table) -> Calibration:
    """Fit all corrections that the predictions and labels allow.

    "age" is ``(n, 101)`` or ``(n, 1)``, "gender" ``(n,)``.
    """
    age = fit_age(predictions["age"], table) if "age" in predictions else Calibration()
    gender = fit_gender(predictions["gender"], table) if "gender" in predictions else Calibration()
    return replace(age, slope=gender.slope, intercept=gender.intercept)


def fit_age(age_output: NDArray[np.float32], table: Table) -> Calibration:
    """What makes the interval hold its share: by doubt and scale of distributions, or by residuals of years.

    ``age_output`` is ``(n, 101)``, which get temperature and weights of ages, or ``(n, 1)``, which get
    residuals; then both a scale. All but the weights use exact ages alone, one image as much as any other.
    Neutral without any exact age.
    """
    known = table.exact
    if not known.any():
        return Calibration()
    age = np.minimum(table.age_low[known], AGES - 1)
    chosen = age_output[known]
    if is_distribution(chosen):
        calibration = Calibration(temperature=_fit_temperature(chosen, age), age_weights=age_weights(table))
    else:
        calibration = Calibration(age_residuals=residual_quantiles(predicted_age(chosen), age))
    return replace(calibration, interval_scale=_fit_scale(chosen, age, calibration))


def residual_quantiles(
    predicted: NDArray[np.float64], age: NDArray[np.float64]
) -> tuple[tuple[float, float, float], ...]:
    """Points of :attr:`Calibration.age_residuals` from predictions and labels, ``(n,)`` years each, n > 0.

    One point each for groups of neighbouring predictions: errors grow with age, and predictions lean to the
    middle, so that labels lie farther to one side of high and low ones.
    """
    tail = (1 - Calibration().interval) / 2
    order = np.argsort(predicted, kind="stable")
    groups = np.array_split(order, np.clip(len(order) // _RESIDUAL_GROUP, 1, _MAX_RESIDUAL_GROUPS))
    points = []
    for group in groups:
        low, high = np.quantile(age[group] - predicted[group], (tail, 1 - tail))
        points.append((float(predicted[group].mean()), max(0.0, -float(low)), max(0.0, float(high))))
    return tuple(points)


def _fit_temperature(probabilities: NDArray[np.float32], age: NDArray[np.float64]) -> float:
    """By likelihood of exact ages ``(n,)``."""
    year = np.round(age).astype(int)
    log_p = np.log(np.maximum(probabilities.astype(np.float64), _EPSILON))

    def negative_log_likelihood(log_temperature: float) -> float:
        scaled = log_p / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(scaled).sum(axis=1))
        return float(np.mean(log_sum - scaled[np.arange(len(year)), year]))

    best = optimize.minimize_scalar(negative_log_likelihood, bounds=_LOG_TEMPERATURES, method="bounded")
    return float(np.exp(best.x))


def _fit_scale(age_output: NDArray[np.float32], age: NDArray[np.float64], calibration: Calibration) -> float:
    """The factor on the interval's width that lets it hold its share of exact ages ``(n,)``."""
    predicted = predicted_age(age_output)

    def coverage(scale: float) -> float:
        low, high = age_interval(age_output, predicted, replace(calibration, interval_scale=scale))
        return float(interval_holds(low, high, age).mean())

    # Coverage grows with the scale: bisection to the wanted share.
    narrow, wide = _SCALES
    for _ in range(_BISECTIONS):
        middle = (narrow + wide) / 2
        narrow, wide = (middle, wide) if coverage(middle) < calibration.interval else (narrow, middle)
    return wide


def age_weights(table: Table) -> tuple[tuple[float, float], ...]:
    """Points ``(age, weight)``: how much more an interval should make of ages that are rare in ``table``.

    A model takes common ages for likely, and so intervals of rare ones miss too often: with even weights
    they held 65 % of the labels from 10 to 19 years, between children and very many people in their
    twenties. Weights of 1 / frequency would make them right for a world where all ages are equally common,
    and too wide for this one; a power of it stands between the two (measured on 3,540 test images: labels
    from 10 to 19 held 65, 69, 70 and 71 %, mean width 15.6, 16.5, 16.9 and 17.6 years, for the powers 0, 0.5,
    0.75 and 1). Weights, or scales by estimated age, that were fitted to the coverage held no more there.

    Frequencies are those of decades, the last open, a range spread evenly over its years and a tenth of all
    over all ages. The most common age has the weight 1.
    """
    known = ~np.isnan(table.age_low) & ~table.at_most
    low = np.minimum(table.age_low[known], AGES - 1)[:, None]
    high = np.maximum(np.minimum(table.age_high[known], AGES - 1)[:, None], low) + 1
    ends = np.append(_DECADES[1:], AGES)
    inside = np.maximum(np.minimum(high, ends) - np.maximum(low, _DECADES), 0) / (high - low)
    per_year = inside.mean(axis=0) / (ends - _DECADES)
    per_year = (1 - _EVEN_SHARE) * per_year + _EVEN_SHARE / AGES
    weights = (per_year.max() / per_year) ** _BALANCE
    return tuple((float(decade) + 5, float(weight)) for decade, weight in zip(_DECADES, weights, strict=True))


def fit_gender(female: NDArray[np.float32], table: Table) -> Calibration:
    """Slope and intercept on the log-odds by likelihood (Platt scaling); ``female`` is ``(n,)``.

    Neutral where the labels name fewer than two genders.
    """
    known = ~np.isnan(table.female)
    truth = table.female[known]
    if not known.any() or truth.min() == truth.max():
        return Calibration()

    def negative_log_likelihood(values: NDArray[np.float64]) -> float:
        correction = Calibration(slope=float(values[0]), intercept=float(values[1]))
        p = np.clip(calibrated_female(female[known], correction), _MIN_DOUBT, 1 - _MIN_DOUBT)
        return float(-np.mean(truth * np.log(p) + (1 - truth) * np.log(1 - p)))

    best = optimize.minimize(
        negative_log_likelihood, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[_SLOPES, _INTERCEPTS]
    )
    return Calibration(slope=float(best.x[0]), intercept=float(best.x[1]))
