"""Figures that say how good answers are: plain functions on arrays, no models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from agecam.vision.calibration import AGES, Calibration, age_interval, calibrated_female, robust_age
from train.split import BAND_EDGES, age_band, band_name
from train.table import Table

WITHIN_YEARS: Final = (1, 3, 5, 10)
FEWEST: Final = 20
"""Groups of fewer pictures are left out of reports: their figures would be noise."""

MAIN_FIGURES: Final = {
    ("age", "mae"): "mean error of age (years)",
    ("age", "interval_coverage"): "labels inside the interval",
    ("range", "right_range"): "right age range",
    ("gender", "accuracy"): "right gender",
}
"""The figures that groups are compared by, and what to call them."""

_LEAST: Final = 1e-7


def is_distribution(age_answers: NDArray[np.float32]) -> bool:
    """Whether a model says how likely each age is, ``(n, 101)``, and not just one age, ``(n, 1)``."""
    return bool(age_answers.shape[1] == AGES)


def said_age(age_answers: NDArray[np.float32]) -> NDArray[np.float64]:
    """The one age that ``(n, 101)`` probabilities or ``(n, 1)`` years stand for: ``(n,)`` years."""
    if is_distribution(age_answers):
        return robust_age(age_answers)
    return np.asarray(np.clip(age_answers[:, 0].astype(np.float64), 0, AGES - 1))


def interval_holds(
    low: NDArray[np.float64], high: NDArray[np.float64], age: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How much of each labelled year lies inside the interval, in [0, 1]; all ``(n,)`` years.

    A label of 30 is rounded and stands for 29.5 to 30.5. That counts a label at the very edge by half, and
    so lies between asking for the number itself and for any part of its year.
    """
    start, end = np.maximum(age - 0.5, 0), np.minimum(age + 0.5, AGES - 1)
    return np.maximum(np.minimum(high, end) - np.maximum(low, start), 0) / (end - start)


def age_figures(age_answers: NDArray[np.float32], table: Table, calibration: Calibration) -> dict[str, float]:
    """How far ages are from exact labels, in years, and how often the interval holds the label.

    ``age_answers`` is ``(n, 101)`` or ``(n, 1)``; samples without an exact age are left out. Ages above 100
    count as 100, the last the models know. ``loss`` is the mean negative log-likelihood of the labelled
    year; ``within_k`` is the cumulative score CS@k: the share at most k years off. ``within_5_printed`` is
    CS@5 of the whole years that the program prints, which are as coarse as the labels.
    """
    known = table.exact
    if not known.any():
        return {}
    age = np.minimum(table.age_low[known], AGES - 1)
    chosen = age_answers[known]
    predicted = said_age(chosen)
    error = np.abs(predicted - age)
    figures = {
        "count": float(len(age)),
        "mae": float(error.mean()),
        "median_error": float(np.median(error)),
        "bias": float((predicted - age).mean()),
        "within_5_printed": float((np.abs(np.round(predicted) - age) <= 5).mean()),
    }
    if is_distribution(chosen):
        low, high = age_interval(chosen, predicted, calibration)
        likelihood = chosen[np.arange(len(age)), np.round(age).astype(int)]
        figures |= {
            "loss": float(-np.log(np.maximum(likelihood, _LEAST)).mean()),
            "interval_coverage": float(interval_holds(low, high, age).mean()),
            "interval_width": float((high - low).mean()),
        }
    return figures | {f"within_{years}": float((error <= years).mean()) for years in WITHIN_YEARS}


def range_figures(age_answers: NDArray[np.float32], table: Table) -> dict[str, float]:
    """How often the age falls in the labelled range, and in its band or the next; the same for the likeliest.

    Only samples whose label is a range. Bands are those of :data:`train.split.BAND_EDGES`; a range belongs to
    the one of its middle. ``loss`` is the mean negative log-likelihood of the range.
    """
    ranged = ~np.isnan(table.age_low) & ~table.exact
    if not ranged.any():
        return {}
    low, high = table.age_low[ranged], table.age_high[ranged]
    truth = true_band(table)[ranged]
    chosen = age_answers[ranged]
    said = said_age(chosen)
    rounded = np.round(said)
    figures = {
        "count": float(ranged.sum()),
        "right_range": float(((rounded >= low) & (rounded <= high)).mean()),
        "within_one_range": float((np.abs(age_band(said) - truth) <= 1).mean()),
    }
    if not is_distribution(chosen):
        return figures
    years = np.arange(AGES, dtype=np.float64)
    inside = (years >= low[:, None]) & (years <= high[:, None])
    band_of_year = age_band(years)
    likeliest = (chosen @ np.eye(band_of_year.max() + 1)[band_of_year]).argmax(axis=1)
    return figures | {
        "loss": float(-np.log(np.maximum((chosen * inside).sum(axis=1), _LEAST)).mean()),
        "right_range_likeliest": float((likeliest == truth).mean()),
        "within_one_range_likeliest": float((np.abs(likeliest - truth) <= 1).mean()),
    }


def gender_figures(female: NDArray[np.float32], table: Table, calibration: Calibration) -> dict[str, float]:
    """Accuracy and the rest for "female" as the positive class; ``female`` is ``(n,)`` probabilities.

    ``loss`` is the mean negative log-likelihood and ``ece`` the expected calibration error over ten bins of
    confidence, both after correction.
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
        "loss": float(-np.log(np.maximum(np.where(truth, p, 1 - p), _LEAST)).mean()),
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


def true_band(table: Table) -> NDArray[np.int64]:
    """Index of the age band of each label, of its middle for a range, -1 where unknown: ``(n,)``."""
    return age_band((table.age_low + np.minimum(table.age_high, AGES - 1)) / 2)


def confusion(
    outputs: Mapping[str, NDArray[np.float32]], table: Table, calibration: Calibration
) -> dict[str, list[list[int]]]:
    """Counts ``[label][answer]``: "gender" over male and female, "age" over the age bands."""
    matrices: dict[str, list[list[int]]] = {}
    if "age" in outputs and (known := true_band(table) >= 0).any():
        said = age_band(said_age(outputs["age"][known]))
        matrices["age"] = _counts(true_band(table)[known], said, len(BAND_EDGES))
    if "gender" in outputs and (known := ~np.isnan(table.female)).any():
        female = calibrated_female(outputs["gender"][known], calibration) >= 0.5
        matrices["gender"] = _counts(table.female[known].astype(int), female.astype(int), 2)
    return matrices


def _counts(truth: NDArray[np.int64], said: NDArray[np.int64], classes: int) -> list[list[int]]:
    counted: list[list[int]] = (
        np.bincount(truth * classes + said, minlength=classes**2).reshape(classes, classes).tolist()
    )
    return counted


def by_group(table: Table) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Masks of the groups that figures are given for, by kind.

    Age band, decade of exact ages, gender, race, and adults from 18 to 75.
    """
    bands = true_band(table)
    decades = np.where(table.exact, np.minimum(np.floor(table.age_low / 10), AGES // 10 - 1), -1)
    groups: dict[str, dict[str, NDArray[np.bool_]]] = {
        "age": {band_name(int(b)): bands == b for b in np.unique(bands) if b >= 0},
        "decade": {f"{10 * d:.0f}-{10 * d + 9:.0f}": decades == d for d in np.unique(decades) if d >= 0},
        "gender": {"female": table.female == 1, "male": table.female == 0},
        "race": {str(race): table.race == race for race in np.unique(table.race) if race},
        "adults": {"18-75": (table.age_low >= 18) & (table.age_high <= 75)},
    }
    return groups


def all_figures(
    outputs: Mapping[str, NDArray[np.float32]], table: Table, calibration: Calibration
) -> dict[str, Any]:
    """Every figure that the given outputs ("age" ``(n, 101)``, "gender" ``(n,)``) and labels allow.

    Beside those of the whole: ``confusion`` matrices, figures of ``groups``, ``gaps`` (largest less smallest
    among the groups of a kind) and ``balanced``, plain means over the age bands, in which the few children
    and old people count as much as the many others.
    """
    figures: dict[str, Any] = main_figures(outputs, table, calibration)
    groups = {
        kind: {
            name: main_figures(take_outputs(outputs, mask), table.take(mask), calibration)
            for name, mask in masks.items()
            if mask.sum() >= FEWEST
        }
        for kind, masks in by_group(table).items()
    }
    balanced = {
        f"{head}_{name}": float(np.mean(values))
        for head, name in MAIN_FIGURES
        if (values := _over_groups(groups["age"], head, name))
    }
    if balanced:
        figures["balanced"] = balanced
    figures["confusion"] = confusion(outputs, table, calibration)
    figures["groups"] = groups
    figures["gaps"] = {kind: gaps for kind in groups if (gaps := _gaps(groups[kind]))}
    return figures


def _over_groups(groups: Mapping[str, Any], head: str, name: str) -> list[float]:
    measured = [group[head] for group in groups.values() if group.get(head, {}).get("count", 0) >= FEWEST]
    return [values[name] for values in measured if name in values]


def _gaps(groups: Mapping[str, Any]) -> dict[str, float]:
    return {
        f"{head}_{name}": max(values) - min(values)
        for head, name in MAIN_FIGURES
        if len(values := _over_groups(groups, head, name)) > 1
    }


def take_outputs(
    outputs: Mapping[str, NDArray[np.float32]], places: NDArray[np.int64] | NDArray[np.bool_]
) -> dict[str, NDArray[np.float32]]:
    """Of all outputs, by head, those of some pictures alone."""
    return {head: output[places] for head, output in outputs.items()}


def summary(figures: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The figures of a whole data set without its groups, rounded for the manifest."""
    return {
        kind: {name: round(value, 4) for name, value in values.items()}
        for kind, values in figures.items()
        if kind in ("age", "range", "gender", "balanced")
    }


def main_figures(
    outputs: Mapping[str, NDArray[np.float32]], table: Table, calibration: Calibration
) -> dict[str, Any]:
    """The figures of some pictures taken together, by kind: "age", "range", "gender"."""
    figures: dict[str, Any] = {}
    if "age" in outputs:
        figures["age"] = age_figures(outputs["age"], table, calibration)
        figures["range"] = range_figures(outputs["age"], table)
    if "gender" in outputs:
        figures["gender"] = gender_figures(outputs["gender"], table, calibration)
    return {kind: values for kind, values in figures.items() if values}
