"""K-fold cross-validation of going on from given models: what a few images say of a model, and how surely."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from agecam.files import write_atomically
from agecam.paths import models_dir
from train.config_files import write_config
from train.data.collection import load_entries, save_entries
from train.data.crops import CROPS_FILE, load_crops
from train.data.folds import fold_tables
from train.data.table import Table
from train.data.targets import AGE, HEADS
from train.errors import DataError
from train.say import Say
from train.workflows.config import CrossValidateConfig, FineTuneConfig
from train.workflows.fine_tune import fine_tune_prepared, has_labels

RESULTS_FILE: Final = "cross-validation.json"


class FineTune(Protocol):
    """As :func:`train.workflows.fine_tune.fine_tune_prepared`."""

    def __call__(self, config: FineTuneConfig, data: Path, *, keep_checkpoint: bool) -> Mapping[str, Any]: ...


def cross_validate(
    config: CrossValidateConfig, say: Say, fine_tune: FineTune = fine_tune_prepared
) -> dict[str, Any]:
    """Fine-tune the models of ``config.start`` once a fold, and measure each on images it has not seen.

    Returns the content of ``cross-validation.json``: by head and model ("before", "after") the error of each
    fold, their mean and their standard deviation, and how many images were tested. Errors are years outside
    the label, or the share of wrong genders. ``say`` is told each step; calling again resumes.

    Raises :class:`DataError` when the prepared folder cannot be used, or has too few labels for the folds.
    """
    tables = list(fold_tables(Table.load(config.data), config.folds, config.seed))
    load_crops(config.data)  # or it says what is wrong
    heads = [head for head in HEADS if all(has_labels(head, table) for table in tables)]
    if not heads:
        raise DataError(f"{config.data} has too few labelled images for {config.folds} folds.")
    for head in (head for head in HEADS if head not in heads):
        say(f"Too few images have a label for {head}: it is left out.")
    write_config(config.out, config)
    results: dict[str, Any] = {head: {"before": [], "after": [], "images": 0} for head in heads}
    for number, table in enumerate(tables, 1):
        folder = config.out / f"fold-{number}"
        _write_fold(config.data, folder / "prepared", table)
        for head in heads:
            say(f"Fold {number} of {config.folds}: training {head} …")
            metrics = fine_tune(_task(config, head, folder), folder / "prepared", keep_checkpoint=False)
            metrics = metrics["metrics"]["new"]
            for model in ("before", "after"):
                results[head][model].append(metrics[model][head]["error"])
            results[head]["images"] += metrics["after"][head]["images"]
    summary = {
        head: {model: _spread(result[model]) for model in ("before", "after")} | {"images": result["images"]}
        for head, result in results.items()
    }
    content = {"folds": config.folds, "heads": summary}
    write_atomically(config.out / RESULTS_FILE, json.dumps(content, indent=1))
    return content


def summary_rows(results: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """The results as (images, error, before, after), to print."""
    rows = []
    for head, values in results["heads"].items():
        unit, scale = ("years off", 1.0) if head == AGE else ("% wrong", 100.0)
        before, after = (
            f"{values[model]['mean'] * scale:.2f} ± {values[model]['deviation'] * scale:.2f}"
            for model in ("before", "after")
        )
        rows.append((f"{values['images']} in {results['folds']} folds", f"{head}, {unit}", before, after))
    return rows


def _task(config: CrossValidateConfig, head: str, folder: Path) -> FineTuneConfig:
    return FineTuneConfig(
        (config.start or models_dir()) / f"{head}.keras",
        config.data,
        folder / head,
        epochs=config.epochs,
        seed=config.seed,
        force=True,
    )


def _write_fold(data: Path, folder: Path, table: Table) -> None:
    """A prepared folder with the crops of ``data`` and other splits."""
    folder.mkdir(parents=True, exist_ok=True)
    crops = folder / CROPS_FILE
    crops.unlink(missing_ok=True)  # they may be those of fewer images
    try:
        os.link(data / CROPS_FILE, crops)
    except OSError:  # another disk, or one without links
        shutil.copyfile(data / CROPS_FILE, crops)
    table.save(folder)
    save_entries(folder, load_entries(data))  # by which a run knows images that were replaced


def _spread(errors: list[float]) -> dict[str, Any]:
    return {"mean": float(np.mean(errors)), "deviation": float(np.std(errors, ddof=1)), "folds": errors}
