"""Figures that say how good answers are: plain functions on arrays, no models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from agecam.vision.calibration import AGES, Calibration, age_interval, calibrated_female, expected_age
from train.split import age_band, band_name
from train.table import Table

WITHIN_YEARS: Final = (1, 3, 5, 10)
FEWEST: Final = 20
"""Groups of fewer pictures are left out of reports: their figures would be noise."""


def age_figures(
    probabilities: NDArray[np.float32], table: Table, calibration: Calibration
) -> dict[str, float]:
    """How far expected ages are from exact labels, in years, and how often the interval holds the label.

    ``probabilities`` is ``(n, 101)``; samples without an exact age are left out. Ages above 100 count as
    100, the last the models know. ``within_k`` is the cumulative score CS@k: the share at most k years off.
    """
    known = table.exact
    if not known.any():
        return {}
    age = np.minimum(table.age_low[known], AGES - 1)
    chosen = probabilities[known]
    predicted = expected_age(chosen)
    error = np.abs(predicted - age)
    low, high = age_interval(chosen, calibration)
    # Labels are whole years: the interval holds a label if it touches the year.
    held = (low <= age + 0.5) & (high >= age - 0.5)
    figures = {
        "count": float(len(age)),
        "mae": float(error.mean()),
        "median_error": float(np.median(error)),
        "bias": float((predicted - age).mean()),
        "interval_coverage": float(held.mean()),
        "interval_width": float((high - low).mean()),
    }
    return figures | {f"within_{years}": float((error <= years).mean()) for years in WITHIN_YEARS}


def range_figures(probabilities: NDArray[np.float32], table: Table) -> dict[str, float]:
    """How often the expected age, and the likeliest band, fall in the labelled age band or next to it.

    Only samples whose label is a range. Bands are those of :data:`train.split.BAND_EDGES`.
    """
    ranged = ~np.isnan(table.age_low) & ~table.exact
    if not ranged.any():
        return {}
    truth = age_band(table.age_low[ranged])
    by_age = age_band(expected_age(probabilities[ranged]))
    band_of_year = age_band(np.arange(AGES, dtype=np.float64))
    band_mass = probabilities[ranged] @ np.eye(band_of_year.max() + 1)[band_of_year]
    likeliest = band_mass.argmax(axis=1)
    return {
        "count": float(ranged.sum()),
        "right_range": float((by_age == truth).mean()),
        "within_one_range": float((np.abs(by_age - truth) <= 1).mean()),
        "right_range_likeliest": float((likeliest == truth).mean()),
        "within_one_range_likeliest": float((np.abs(likeliest - truth) <= 1).mean()),
    }


def gender_figures(female: NDArray[np.float32], table: Table, calibration: Calibration) -> dict[str, float]:
    """Accuracy and the rest for "female" as the positive class; ``female`` is ``(n,)`` probabilities.

    ``ece`` is the expected calibration error over ten bins of confidence, after correction.
    """
    known = ~np.isnan(table.female)
    if not known.any():
        return {}
    truth = table.female[known] > 0.5
    p = calibrated_female(female[known], calibration)
    said = p >= 0.5
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, said, average="binary", zero_division=0
    )
    figures = {
        "count": float(len(truth)),
        "accuracy": float((said == truth).mean()),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "ece": expected_calibration_error(p, truth),
    }
    if 0 < truth.mean() < 1:
        figures["auc"] = float(metrics.roc_auc_score(truth, p))
    return figures


def expected_calibration_error(p: NDArray[np.float64], truth: NDArray[np.bool_], bins: int = 10) -> float:
    """Mean gap between confidence and accuracy over bins of confidence (Guo et al., ICML 2017)."""
    confidence = np.maximum(p, 1 - p)
    right = (p >= 0.5) == truth
    index = np.minimum(((confidence - 0.5) * 2 * bins).astype(int), bins - 1)
    gaps = [
        (index == b).mean() * abs(confidence[index == b].mean() - right[index == b].mean())
        for b in np.unique(index)
    ]
    return float(np.sum(gaps))


def by_group(table: Table) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Masks of the groups that figures are given for: age band, gender, race, adults from 18 to 75."""
    middle = (table.age_low + np.minimum(table.age_high, 100)) / 2
    bands = age_band(middle)
    groups: dict[str, dict[str, NDArray[np.bool_]]] = {
        "age": {band_name(int(b)): bands == b for b in np.unique(bands) if b >= 0},
        "gender": {"female": table.female == 1, "male": table.female == 0},
        "race": {str(race): table.race == race for race in np.unique(table.race) if race},
        "adults": {"18-75": (table.age_low >= 18) & (table.age_high <= 75)},
    }
    return groups


def all_figures(
    outputs: Mapping[str, NDArray[np.float32]], table: Table, calibration: Calibration
) -> dict[str, Any]:
    """Every figure that the given outputs ("age" ``(n, 101)``, "gender" ``(n,)``) and labels allow."""
    figures: dict[str, Any] = _figures(outputs, table, calibration)
    figures["groups"] = {
        kind: {
            name: _figures(
                {head: output[mask] for head, output in outputs.items()}, table.take(mask), calibration
            )
            for name, mask in groups.items()
            if mask.sum() >= FEWEST
        }
        for kind, groups in by_group(table).items()
    }
    return figures


def summary(figures: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The figures of a whole data set without its groups, rounded for the manifest."""
    return {
        kind: {name: round(value, 4) for name, value in values.items()}
        for kind, values in figures.items()
        if kind != "groups"
    }


def _figures(
    outputs: Mapping[str, NDArray[np.float32]], table: Table, calibration: Calibration
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    if "age" in outputs:
        figures["age"] = age_figures(outputs["age"], table, calibration)
        figures["range"] = range_figures(outputs["age"], table)
    if "gender" in outputs:
        figures["gender"] = gender_figures(outputs["gender"], table, calibration)
    return {kind: values for kind, values in figures.items() if values}
