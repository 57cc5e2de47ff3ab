"""All metrics of some images: of the whole, by group, and how groups compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.vision.calibration import Calibration, calibrated_female, predicted_age
from train.data.age_groups import AGE_GROUP_NAMES, age_group_index, by_age
from train.data.table import Table
from train.evaluate.bias import bias_by_decade
from train.evaluate.metrics import (
    MAIN_METRICS,
    MIN_GROUP,
    label_decades,
    main_metrics,
    take_predictions,
)

ADULTS: Final = "18-75"
"""Ages of adults whose gender faces tell best."""

_YAWS_DEG: Final = {"frontal": (0, 15), "half profile": (15, 45), "profile": (45, 90)}
"""Turns to either side; of 30,000 images of UTKFace and FairFace 70, 28 and 2 per cent."""
_PITCHES_DEG: Final = {"looking up": (-90, -15), "level": (-15, 15), "looking down": (15, 90)}
_WIDTHS_PX: Final = {
    "below 32 px": (0, 32),
    "32-63 px": (32, 64),
    "64-127 px": (64, 128),
    "128 px and more": (128, np.inf),
}
"""Of faces in their images. Crops are 128 pixels wide: smaller faces are enlarged."""


def confusion(
    predictions: Mapping[str, NDArray[np.float32]], table: Table, calibration: Calibration
) -> dict[str, list[list[int]]]:
    """Counts ``[label][prediction]``: "gender" over male and female, "age" over the age groups."""
    matrices: dict[str, list[list[int]]] = {}
    if "age" in predictions and (known := table.label_group() >= 0).any():
        predicted = age_group_index(predicted_age(predictions["age"][known]))
        matrices["age"] = _counts(table.label_group()[known], predicted, len(AGE_GROUP_NAMES))
    if "gender" in predictions and (known := ~np.isnan(table.female)).any():
        female = calibrated_female(predictions["gender"][known], calibration) >= 0.5
        matrices["gender"] = _counts(table.female[known].astype(int), female.astype(int), 2)
    return matrices


def _counts(truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> list[list[int]]:
    counted: list[list[int]] = (
        np.bincount(truth * classes + predicted, minlength=classes**2).reshape(classes, classes).tolist()
    )
    return counted


def by_group(table: Table) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Masks of the groups that metrics are given for, by kind.

    Age group, decade, gender, race, adults from 18 to 75, yaw, pitch and size of the face.
    """
    of_label = table.label_group()
    decades = label_decades(table)
    return {
        "age": {AGE_GROUP_NAMES[b]: of_label == b for b in np.unique(of_label) if b >= 0},
        "decade": {name: decades == name for name in by_age(decades)},
        "gender": {"female": table.female == 1, "male": table.female == 0},
        "race": {str(race): table.race == race for race in np.unique(table.race) if race},
        "adults": {ADULTS: (table.age_low >= 18) & (table.age_high <= 75)},
        "yaw": _between(np.abs(table.yaw_deg), _YAWS_DEG),
        "pitch": _between(table.pitch_deg, _PITCHES_DEG),
        "size": _between(table.face_px, _WIDTHS_PX),
    }


def _between(
    values: NDArray[np.float64], bounds: Mapping[str, tuple[float, float]]
) -> dict[str, NDArray[np.bool_]]:
    return {name: (values >= low) & (values < high) for name, (low, high) in bounds.items()}


def all_metrics(
    predictions: Mapping[str, NDArray[np.float32]], table: Table, calibration: Calibration
) -> dict[str, Any]:
    """All metrics that the given predictions ("age" ``(n, 101)``, "gender" ``(n,)``) and labels allow.

    Beside those of the whole: ``bias`` by decade, ``confusion`` matrices, metrics of ``groups``, ``gaps``
    (largest less smallest among the groups of a kind) and ``balanced``, plain means over the age groups, in
    which the few children and old people count as much as the many others. They are over ``balanced_over``,
    those of ``age_bands``, which have labels, that have enough of them.
    """
    metrics: dict[str, Any] = main_metrics(predictions, table, calibration)
    groups = {
        kind: {
            name: main_metrics(take_predictions(predictions, mask), table.take(mask), calibration)
            for name, mask in masks.items()
            if mask.sum() >= MIN_GROUP
        }
        for kind, masks in by_group(table).items()
    }
    balanced = {
        f"{head}_{name}": values
        for head, name in MAIN_METRICS
        if (values := _of_groups(groups["age"], head, name))
    }
    if balanced:
        metrics["balanced"] = {key: float(np.mean(list(values.values()))) for key, values in balanced.items()}
        metrics["balanced_over"] = {key: list(values) for key, values in balanced.items()}
        metrics["age_bands"] = list(by_group(table)["age"])
    if "age" in predictions:
        metrics["bias"] = bias_by_decade(predictions["age"], table)
    metrics["confusion"] = confusion(predictions, table, calibration)
    metrics["groups"] = groups
    metrics["gaps"] = {kind: gaps for kind in groups if (gaps := _gaps(groups[kind]))}
    return metrics


def _of_groups(groups: Mapping[str, Any], head: str, name: str) -> dict[str, float]:
    """One metric of the groups that have enough images for it."""
    return {
        group: metrics[head][name]
        for group, metrics in groups.items()
        if metrics.get(head, {}).get("count", 0) >= MIN_GROUP and name in metrics[head]
    }


def _gaps(groups: Mapping[str, Any]) -> dict[str, float]:
    return {
        f"{head}_{name}": max(values) - min(values)
        for head, name in MAIN_METRICS
        if len(values := _of_groups(groups, head, name).values()) > 1
    }


def summary(metrics: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The metrics of a whole data set without its groups, rounded for the manifest."""
    rounded = {
        kind: {name: round(value, 4) for name, value in values.items()}
        for kind, values in metrics.items()
        if kind in ("age", "range", "gender", "balanced")
    }
    if biases := metrics.get("bias"):
        rounded["bias"] = {decade: round(values["bias"], 4) for decade, values in biases.items()}
    return rounded
