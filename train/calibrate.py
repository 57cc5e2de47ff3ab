"""Fit the corrections of :class:`agecam.vision.calibration.Calibration` on validation pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from agecam.vision.calibration import AGES, Calibration, age_interval, calibrated_female
from train.table import Table

_EPSILON = 1e-12


def fit_age(probabilities: NDArray[np.float32], table: Table) -> Calibration:
    """Temperature by likelihood, then the scale that puts the wanted share of labels into the interval.

    ``probabilities`` is ``(n, 101)``. Both use exact ages alone, one picture as much as any other. Without
    any exact age the correction is neutral.
    """
    known = table.exact
    if not known.any():
        return Calibration()
    age = np.minimum(table.age_low[known], AGES - 1)
    chosen = probabilities[known]
    year = np.round(age).astype(int)
    log_p = np.log(np.maximum(chosen.astype(np.float64), _EPSILON))

    def negative_log_likelihood(log_temperature: float) -> float:
        scaled = log_p / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(scaled).sum(axis=1))
        return float(np.mean(log_sum - scaled[np.arange(len(year)), year]))

    best = optimize.minimize_scalar(negative_log_likelihood, bounds=(-1.5, 1.5), method="bounded")
    calibration = Calibration(temperature=float(np.exp(best.x)))

    def coverage(scale: float) -> float:
        low, high = age_interval(chosen, replace(calibration, interval_scale=scale))
        return float(np.mean((low <= age + 0.5) & (high >= age - 0.5)))

    # Coverage grows with the scale in steps of one picture: bisection to the wanted share.
    narrow, wide = 0.1, 5.0
    for _ in range(30):
        middle = (narrow + wide) / 2
        narrow, wide = (middle, wide) if coverage(middle) < calibration.interval else (narrow, middle)
    return replace(calibration, interval_scale=wide)


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
        p = np.clip(calibrated_female(female[known], correction), 1e-9, 1 - 1e-9)
        return float(-np.mean(truth * np.log(p) + (1 - truth) * np.log(1 - p)))

    best = optimize.minimize(
        negative_log_likelihood, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(0.2, 5.0), (-2.0, 2.0)]
    )
    return Calibration(slope=float(best.x[0]), intercept=float(best.x[1]))
