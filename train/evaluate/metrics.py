"""Metrics of predictions: plain functions on arrays, no models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from agecam.vision.calibration import (
    AGES,
    Calibration,
    age_interval,
    calibrated_female,
    is_distribution,
    predicted_age,
)
from train.data.age_groups import age_group_index, decade_names
from train.data.table import Table

WITHIN_YEARS: Final = (1, 3, 5, 10)
"""Of the cumulative scores."""

MAIN_METRICS: Final = {
    ("age", "mae"): "age, MAE (years)",
    ("age", "interval_coverage"): "labels inside the interval",
    ("range", "accuracy"): "age range accuracy",
    ("gender", "accuracy"): "gender accuracy",
}
"""The metrics that groups and corruptions are compared by, and what to call them."""

MIN_GROUP: Final = 20
"""Groups of fewer images are left out of reports: their metrics would be noise."""
_MIN_LIKELIHOOD: Final = 1e-7
"""Smaller ones count as this in log-likelihoods."""
_CALIBRATION_BINS: Final = 10
"""Equal parts of the probabilities in the expected calibration error."""


def signed_distance(
    predicted: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Years that ages ``(n,)`` are above (positive) or below their labels ``low..high``, 0 inside a range."""
    return np.asarray(predicted - np.clip(predicted, low, high), np.float64)


def interval_holds(
    low: NDArray[np.float64], high: NDArray[np.float64], age: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How much of each labelled year lies inside the interval, in [0, 1]; all ``(n,)`` years.

    A label of 30 is rounded and stands for 29.5 to 30.5. That counts a label at the very edge by half, and
    so lies between asking for the number itself and for any part of its year.
    """
    start, end = np.maximum(age - 0.5, 0), np.minimum(age + 0.5, AGES - 1)
    return np.asarray(np.maximum(np.minimum(high, end) - np.maximum(low, start), 0) / (end - start))


def age_metrics(age_output: NDArray[np.float32], table: Table, calibration: Calibration) -> dict[str, float]:
    """How far ages are from exact labels, in years, and how often the interval holds the label.

    ``age_output`` is ``(n, 101)`` or ``(n, 1)``; samples without an exact age are left out. Ages above 100
    count as 100, the last the models know. ``loss`` is the mean negative log-likelihood of the labelled
    year; ``within_k`` is the cumulative score CS@k: the share at most k years off. ``within_5_printed`` is
    CS@5 of the whole years that the program prints, which are as coarse as the labels.
    """
    known = table.exact
    if not known.any():
        return {}
    age = np.minimum(table.age_low[known], AGES - 1)
    chosen = age_output[known]
    predicted = predicted_age(chosen)
    error = np.abs(predicted - age)
    values = {
        "count": float(len(age)),
        "mae": float(error.mean()),
        "median_error": float(np.median(error)),
        "bias": float((predicted - age).mean()),
        "within_5_printed": float((np.abs(np.round(predicted) - age) <= 5).mean()),
    }
    if is_distribution(chosen):
        likelihood = chosen[np.arange(len(age)), np.round(age).astype(int)]
        values["loss"] = float(-np.log(np.maximum(likelihood, _MIN_LIKELIHOOD)).mean())
    if calibration.has_interval(chosen):
        low, high = age_interval(chosen, predicted, calibration)
        values["interval_coverage"] = float(interval_holds(low, high, age).mean())
        values["interval_width"] = float((high - low).mean())
    return values | {f"within_{years}": float((error <= years).mean()) for years in WITHIN_YEARS}


def range_metrics(age_output: NDArray[np.float32], table: Table) -> dict[str, float]:
    """Range accuracy and one-off accuracy of the predicted age, and the same for the likeliest group.

    Only samples whose label is a range. ``accuracy`` is the share of ages inside the labelled range,
    ``one_off_accuracy`` that in its group or the next; groups are those of
    :data:`agecam.vision.age_groups.AGE_GROUP_STARTS`, and a range belongs to the one of its middle. ``bias``
    is the mean of :func:`signed_distance`, ``loss`` the mean negative log-likelihood of the range.
    """
    ranged = ~np.isnan(table.age_low) & ~table.exact & ~table.at_most
    if not ranged.any():
        return {}
    low, high = table.age_low[ranged], table.age_high[ranged]
    truth = table.label_group()[ranged]
    chosen = age_output[ranged]
    predicted = predicted_age(chosen)
    rounded = np.round(predicted)
    values = {
        "count": float(ranged.sum()),
        "accuracy": float(((rounded >= low) & (rounded <= high)).mean()),
        "one_off_accuracy": float((np.abs(age_group_index(predicted) - truth) <= 1).mean()),
        "bias": float(signed_distance(predicted, low, high).mean()),
    }
    if not is_distribution(chosen):
        return values
    years = np.arange(AGES, dtype=np.float64)
    inside = (years >= low[:, None]) & (years <= high[:, None])
    group_of_year = age_group_index(years)
    likeliest = (chosen @ np.eye(group_of_year.max() + 1)[group_of_year]).argmax(axis=1)
    return values | {
        "loss": float(-np.log(np.maximum((chosen * inside).sum(axis=1), _MIN_LIKELIHOOD)).mean()),
        "accuracy_likeliest": float((likeliest == truth).mean()),
        "one_off_accuracy_likeliest": float((np.abs(likeliest - truth) <= 1).mean()),
    }


def gender_metrics(female: NDArray[np.float32], table: Table, calibration: Calibration) -> dict[str, float]:
    """Accuracy and the rest for "female" as the positive class; ``female`` is ``(n,)`` probabilities.

    ``loss`` is the mean negative log-likelihood and ``ece`` the expected calibration error over ten bins of
    confidence, both after correction. What is undefined, such as the precision where nobody is taken for
    female, is left out.
    """
    known = ~np.isnan(table.female)
    if not known.any():
        return {}
    truth = table.female[known] > 0.5
    p = calibrated_female(female[known], calibration)
    predicted = p >= 0.5
    right = float((predicted & truth).sum())
    shares = {
        "precision": (right, predicted.sum()),
        "recall": (right, truth.sum()),
        "f1": (2 * right, predicted.sum() + truth.sum()),
    }
    values = {
        "count": float(len(truth)),
        "accuracy": float((predicted == truth).mean()),
        **{name: float(part / whole) for name, (part, whole) in shares.items() if whole},
        "loss": float(-np.log(np.maximum(np.where(truth, p, 1 - p), _MIN_LIKELIHOOD)).mean()),
        "ece": expected_calibration_error(p, truth),
    }
    if 0 < truth.mean() < 1:
        values["auc"] = float(roc_auc_score(truth, p))
    return values


def expected_calibration_error(
    p: NDArray[np.float64], truth: NDArray[np.bool_], bins: int = _CALIBRATION_BINS
) -> float:
    """Mean gap between confidence and accuracy over bins of confidence (Guo et al., ICML 2017)."""
    confidence = np.maximum(p, 1 - p)
    right = (p >= 0.5) == truth
    index = np.minimum(((confidence - 0.5) * 2 * bins).astype(int), bins - 1)
    gaps = [
        (index == b).mean() * abs(confidence[index == b].mean() - right[index == b].mean())
        for b in np.unique(index)
    ]
    return float(np.sum(gaps))


def label_decades(table: Table) -> NDArray[np.str_]:
    """The decade of each label as :func:`train.data.age_groups.decade_names` says, empty of mere bounds."""
    return np.where(table.at_most, "", decade_names(table.age_low, table.age_high))


def take_predictions(
    predictions: Mapping[str, NDArray[np.float32]], places: NDArray[np.int64] | NDArray[np.bool_]
) -> dict[str, NDArray[np.float32]]:
    """Of all predictions, by head, those of some images alone."""
    return {head: values[places] for head, values in predictions.items()}


def main_metrics(
    predictions: Mapping[str, NDArray[np.float32]], table: Table, calibration: Calibration
) -> dict[str, dict[str, float]]:
    """The metrics of some images taken together, by kind: "age", "range", "gender"."""
    metrics: dict[str, dict[str, float]] = {}
    if "age" in predictions:
        metrics["age"] = age_metrics(predictions["age"], table, calibration)
        metrics["range"] = range_metrics(predictions["age"], table)
    if "gender" in predictions:
        metrics["gender"] = gender_metrics(predictions["gender"], table, calibration)
    return {kind: values for kind, values in metrics.items() if values}
