"""Measure models on prepared or raw images: ``metrics.json`` and ``report.html``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.files import write_atomically
from agecam.vision.calibration import Calibration
from agecam.vision.manifest import MANIFEST, Manifest
from train.data.crops import center_crop, load_crops
from train.data.labels import LabelOptions
from train.data.prepare import prepare_unsplit
from train.data.table import TABLE_FILE, UNUSED, VALIDATION, Table
from train.errors import DataError
from train.evaluate.bias import bias_by_decade, largest_bias
from train.evaluate.calibrate import calibrate
from train.evaluate.config import ALL, EvaluateConfig
from train.evaluate.formatting import metric_text
from train.evaluate.gallery import Report
from train.evaluate.groups import ADULTS, all_metrics
from train.evaluate.held_out import held_out_intervals
from train.evaluate.metrics import MAIN_METRICS, MIN_GROUP, take_predictions
from train.evaluate.predictions import Model, Predictions, open_model, predict_crops, run_model
from train.evaluate.report import write_report
from train.evaluate.robustness import through_live_path, under_corruptions
from train.fit.run_folder import LOG_FILE
from train.say import Say, silent

METRICS_FILE: Final = "metrics.json"
REPORT_FILE: Final = "report.html"
_KIND_FACES: Final = 64
"""Faces that tell what a model predicts where its file does not: a plain age is above 1 for one of them."""


def evaluate(config: EvaluateConfig, say: Say = silent) -> dict[str, Any]:
    """Measure model files, data set by data set, and write metrics and report to ``config.out``.

    ``config.data`` is a folder made by ``prepare``, of which one split is measured, or a folder or zip of
    labelled images, which are prepared into ``out`` and all measured; ``say`` is told of that. Returns the
    content of ``metrics.json``. Raises :class:`DataError` when images or models cannot be read, two models
    predict the same, or the split is empty.
    """
    table, crops, split = _load(config, say)
    chosen = table.take(table.split != UNUSED) if split == ALL else table.of_split(split)
    if not len(chosen):
        raise DataError(f"{config.data} has no images in its {split} split.")
    models = [open_model(path) for path in config.models]
    calibration, origin = _calibration(config, models, crops, table.of_split(VALIDATION))
    _check_kinds(config.models, models, crops[chosen.row[:_KIND_FACES]])
    predictions = predict_crops(models, crops, chosen.row, config.views)
    metrics: dict[str, Any] = {
        "models": [path.name for path in config.models],
        "data": config.data.name,
        "split": split,
        "views": len(config.views),
        "calibration": _calibration_values(calibration) | {"origin": origin},
        "datasets": _by_dataset(predictions, chosen, calibration),
        "all": all_metrics(predictions, chosen, calibration),
        "bias": _bias(predictions, chosen),
    }
    if config.held_out and len(validation := table.of_split(VALIDATION)):
        on_validation = predict_crops(models, crops, validation.row, config.views)
        metrics["held_out"] = held_out_intervals(predictions, chosen, on_validation, validation)
    places = _sample(len(chosen), config)
    some, of_some = chosen.take(places), take_predictions(predictions, places)
    if config.corruptions:
        metrics["corruptions"] = under_corruptions(models, crops, some, calibration, config.views)
    if config.live:
        metrics["live"] = through_live_path(models, of_some, some, calibration, config)
    config.out.mkdir(parents=True, exist_ok=True)
    write_atomically(config.out / METRICS_FILE, json.dumps(metrics, indent=1))
    report = Report(metrics, predictions, chosen, crops, calibration, config.runs or _runs_of(config.models))
    write_report(config.out / REPORT_FILE, report)
    return metrics


def headline(metrics: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The metrics to print, as (data set, what, value)."""
    rows: list[tuple[str, str, str]] = []
    for name, values in metrics["datasets"].items():
        # An image that is also in another set may bring a few exact ages into a set of ranges.
        if (age := values.get("age")) and (age["count"] >= MIN_GROUP or "range" not in values):
            rows.append((name, "age, MAE", f"{age['mae']:.2f} years"))
            rows.append((name, "age, median error", f"{age['median_error']:.2f} years"))
            rows.append((name, "age, within 5 years", f"{age['within_5']:.1%}"))
            if "interval_coverage" in age:
                rows.append((name, "age, in the interval", f"{age['interval_coverage']:.1%}"))
        if largest := largest_bias(values.get("bias", {})):
            text = f"{largest.years:+.2f} years ({largest.decade})"
            rows.append((name, "age, largest bias of a decade", text))
        if ranges := values.get("range"):
            rows.append((name, "age range accuracy", f"{ranges['accuracy']:.1%}"))
            rows.append((name, "age range, one-off accuracy", f"{ranges['one_off_accuracy']:.1%}"))
        if gender := values.get("gender"):
            rows.append((name, "gender accuracy", f"{gender['accuracy']:.1%}"))
            rows += [
                (name, f"gender, {label} (female)", metric_text(values, "gender", key))
                for key, label in (("precision", "precision"), ("recall", "recall"), ("f1", "F1"))
            ]
            of_males, of_females = values["confusion"]["gender"]
            rows.append((name, "males taken for female", f"{of_males[1]:,} of {sum(of_males):,}"))
            rows.append((name, "females taken for male", f"{of_females[0]:,} of {sum(of_females):,}"))
        if adults := values["groups"].get("adults", {}).get(ADULTS, {}).get("gender"):
            rows.append((name, "gender accuracy, 18 to 75", f"{adults['accuracy']:.1%}"))
    for name, differences in metrics.get("live", {}).get("difference", {}).items():
        for key, value in differences.items():
            head, _, metric = key.partition("_")
            text = f"{value:+.2f} years" if key == "age_mae" else f"{100 * value:+.2f} %"
            rows.append((name, f"through the live path, {MAIN_METRICS[head, metric]}", text))
    return rows


def _load(config: EvaluateConfig, say: Say) -> tuple[Table, NDArray[np.uint8], str]:
    """The table of all images, their crops, and the split to measure."""
    folder, split = config.data, config.split
    if not (folder / TABLE_FILE).is_file():
        folder, split = config.out / "prepared", ALL
        options = LabelOptions.parse(config.genders, config.date_order)
        prepare_unsplit(config.data, folder, say, options=options, jobs=config.jobs)
    return Table.load(folder), load_crops(folder), split


def _check_kinds(paths: Sequence[Path], models: Sequence[Model], some: NDArray[np.uint8]) -> None:
    """Raise :class:`DataError` when two models predict the same, of which one would not be measured."""
    seen: dict[str, Path] = {}
    for path, model in zip(paths, models, strict=True):
        for head in run_model(model, center_crop(some)):
            if head in seen:
                raise DataError(f"{seen[head]} and {path} both predict {head}: measure one after the other.")
            seen[head] = path


def _calibration(
    config: EvaluateConfig, models: Sequence[Model], crops: NDArray[np.uint8], validation: Table
) -> tuple[Calibration, str]:
    """The calibration to measure with, and where it is from."""
    # The live program's own reader, so that what is measured is what is shown.
    if config.manifest is not None:
        return Manifest.read(config.manifest.parent).calibration, "given"
    if len(validation):
        fitted = calibrate(predict_crops(models, crops, validation.row, config.views), validation)
        return fitted, "fitted on the validation split"
    folder = config.models[0].parent
    if (folder / MANIFEST).is_file():
        return Manifest.read(folder).calibration, f"{MANIFEST} beside the models"
    return Calibration(), "none"


def _calibration_values(calibration: Calibration) -> dict[str, Any]:
    """As in a manifest, both models together."""
    return calibration.to_manifest("age") | calibration.to_manifest("gender")


def _by_dataset(predictions: Predictions, table: Table, calibration: Calibration) -> dict[str, Any]:
    """All metrics of each data set of ``table``, by its name."""
    masks = {str(name): table.dataset == name for name in np.unique(table.dataset)}
    return {
        name: all_metrics(take_predictions(predictions, mask), table.take(mask), calibration)
        for name, mask in masks.items()
    }


def _bias(predictions: Predictions, table: Table) -> dict[str, dict[str, Any]]:
    """The bias of ages by split, data set and decade."""
    if "age" not in predictions:
        return {}
    names = [(str(split), str(name)) for split in np.unique(table.split) for name in np.unique(table.dataset)]
    biases: dict[str, dict[str, Any]] = {}
    for split, name in names:
        mask = (table.split == split) & (table.dataset == name)
        if of_decades := bias_by_decade(predictions["age"][mask], table.take(mask)):
            biases.setdefault(split, {})[name] = of_decades
    return biases


def _runs_of(models: Sequence[Path]) -> list[Path]:
    """The folders of the runs that models come from, where they lie as `fit` and `fine-tune` put them."""
    folders = [folder for path in models for folder in (path.parent, path.parent / "fine-tune" / "run")]
    return [folder for folder in dict.fromkeys(folders) if (folder / LOG_FILE).is_file()]


def _sample(count: int, config: EvaluateConfig) -> NDArray[np.int64]:
    """Places of the sample among ``count`` images."""
    if config.sample is None or config.sample >= count:
        return np.arange(count)
    return np.sort(np.random.default_rng(config.seed).permutation(count)[: config.sample])
