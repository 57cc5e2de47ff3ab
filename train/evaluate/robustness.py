"""The main metrics where images are worse than the stored ones, or come by way of the whole program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from agecam.vision.align import View
from agecam.vision.calibration import Calibration
from train.data.crops import warp_view
from train.data.table import Table
from train.errors import DataError
from train.evaluate.config import EvaluateConfig
from train.evaluate.corruptions import CLEAN, CORRUPTIONS
from train.evaluate.live import live_views, stores_by_name
from train.evaluate.metrics import MAIN_METRICS, MIN_GROUP, main_metrics, take_predictions
from train.evaluate.predictions import Model, Predictions, predict


def under_corruptions(
    models: Sequence[Model],
    crops: NDArray[np.uint8],
    table: Table,
    calibration: Calibration,
    views: Sequence[View],
) -> list[dict[str, Any]]:
    """The main metrics on stored crops ``(n, 160, 160)`` made worse, one entry for each corruption."""
    rows = []
    for corruption in track(CORRUPTIONS, "Corrupting crops"):
        corrupted = [corruption.apply(crops[row]) for row in table.row]
        predictions = predict(models, [[warp_view(crop, view) for crop in corrupted] for view in views])
        metrics = _by_dataset(predictions, table, calibration)
        rows.append({"kind": corruption.kind, "name": corruption.name, "metrics": metrics})
    return rows


def through_live_path(
    models: Sequence[Model],
    predictions: Predictions,
    table: Table,
    calibration: Calibration,
    config: EvaluateConfig,
) -> dict[str, Any]:
    """The main metrics on what live use makes of whole images, beside those on their stored crops.

    ``predictions`` are the models' for the stored crops of ``table``. Images in which no face is found count
    in ``not_found`` alone: the other metrics are of the rest, on both sides. With corruptions, ``corrupted``
    holds the same for rotated and shrunk images.
    """
    sources = stores_by_name(config.live)
    given = np.isin(table.dataset, list(sources))
    table, predictions = table.take(given), take_predictions(predictions, given)
    if not len(table):
        raise DataError(f"None of the images that are measured is from {', '.join(sources)}.")
    seen = live_views(sources, table, corrupted=config.corruptions, jobs=config.jobs)

    def compared(name: str) -> dict[str, Any]:
        faces, found = seen[name]
        of_found = table.take(found)
        stored = _by_dataset(take_predictions(predictions, found), of_found, calibration)
        live_predictions = predict(models, list(faces[: len(config.views), found]))
        live = _by_dataset(live_predictions, of_found, calibration)
        difference = {
            data: {key: round(live[data][key] - value, 5) for key, value in values.items()}
            for data, values in stored.items()
        }
        not_found = _not_found(table, found)
        return {"not_found": not_found, "stored": stored, "live": live, "difference": difference}

    corrupted = [{"name": name} | compared(name) for name in seen if name != CLEAN]
    return {"count": len(table)} | compared(CLEAN) | ({"corrupted": corrupted} if corrupted else {})


def _not_found(table: Table, found: NDArray[np.bool_]) -> dict[str, int]:
    names = [str(name) for name in np.unique(table.dataset)]
    return {"all": int((~found).sum())} | {n: int((~found & (table.dataset == n)).sum()) for n in names}


def _by_dataset(
    predictions: Predictions, table: Table, calibration: Calibration
) -> dict[str, dict[str, float]]:
    """The few metrics of :data:`train.evaluate.metrics.MAIN_METRICS`, of all images and each data set."""
    masks = {"all": np.ones(len(table), bool)}
    masks |= {str(name): table.dataset == name for name in np.unique(table.dataset)}
    result = {}
    for name, mask in masks.items():
        metrics = main_metrics(take_predictions(predictions, mask), table.take(mask), calibration)
        result[name] = {
            f"{head}_{key}": metrics[head][key]
            for head, key in MAIN_METRICS
            if key in metrics.get(head, {}) and (name == "all" or metrics[head]["count"] >= MIN_GROUP)
        }
    return result
