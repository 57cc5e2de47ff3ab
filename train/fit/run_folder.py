"""The folder of a run: whose it is, and which epochs it has behind it.

``config.json`` (what was asked for), ``log.csv`` (one row an epoch), ``model.keras`` (the epoch that did best
on validation, averaged, float32, no optimizer, for images of the size it was trained on), ``summary.txt``.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any, Final

from agecam.files import write_atomically
from train.data.targets import HEADS, Emphasis
from train.errors import DataError
from train.fit.config import (
    AGE_LOSSES,
    GENDER_LOSSES,
    OPTIMIZERS,
    PRECISIONS,
    RENAMED_AUGMENTATIONS,
    RENAMED_FIELDS,
    FitConfig,
)
from train.model.network import ARCHITECTURE_NAMES

MODEL_FILE: Final = "model.keras"
LOG_FILE: Final = "log.csv"
SUMMARY_FILE: Final = "summary.txt"
_CONFIG_FILE: Final = "config.json"


def claim(config: FitConfig) -> None:
    """Check a configuration and write it down in its folder.

    Raises :class:`DataError` when it makes no sense, and when the folder is that of another one.
    """
    _check(config)
    config.out.mkdir(parents=True, exist_ok=True)
    path = config.out / _CONFIG_FILE
    text = json.dumps(asdict(config), indent=1, default=str)
    if path.exists() and _current_names(json.loads(path.read_text(encoding="utf-8"))) != json.loads(text):
        raise DataError(
            f"{config.out} belongs to a run with other settings: give another folder, or empty it."
        )
    write_atomically(path, text)


def validation_losses(run: Path) -> list[float]:
    """The validation loss of each finished epoch of a run, up to the first that is not a number."""
    losses: list[float] = []
    for row in _log_rows(run / LOG_FILE):
        if not math.isfinite(float(row["val_loss"])):
            break
        losses.append(float(row["val_loss"]))
    return losses


def cut_log(run: Path, epochs: int) -> None:
    """Keep the rows of the epochs that a checkpoint holds: what comes after them is done again."""
    log = run / LOG_FILE
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True) if log.exists() else []
    if not epochs:
        log.unlink(missing_ok=True)
    elif len(lines) > epochs + 1:
        write_atomically(log, "".join(lines[: epochs + 1]))


def _log_rows(log: Path) -> list[dict[str, str]]:
    if not log.exists():
        return []
    with log.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _current_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a ``config.json``, also of an earlier release, by the names of today."""
    named = {RENAMED_FIELDS.get(name, name): value for name, value in values.items()}
    augmentation = named.get("augmentation", {})
    named["augmentation"] = {RENAMED_AUGMENTATIONS.get(n, n): value for n, value in augmentation.items()}
    for field in fields(FitConfig):
        if field.default is not MISSING:
            # An option that the release of the run did not have was as it is by default.
            named.setdefault(field.name, list(field.default) if field.default == () else field.default)
    return named


def _check(config: FitConfig) -> None:
    for what, value, choices in (
        ("architecture", config.architecture, ARCHITECTURE_NAMES),
        ("age loss", config.age_loss, AGE_LOSSES),
        ("gender loss", config.gender_loss, GENDER_LOSSES),
        ("optimizer", config.optimizer, OPTIMIZERS),
        ("precision", config.precision, PRECISIONS),
    ):
        if value not in choices:
            raise DataError(f"There is no {what} {value!r}: choose {', '.join(choices)}.")
    if not config.heads or not set(config.heads) <= set(HEADS):
        raise DataError(f"A model can learn {' and '.join(HEADS)}, not {', '.join(config.heads)}.")
    for emphasis in config.emphasize:
        try:
            Emphasis.parse(emphasis)
        except ValueError as error:
            raise DataError(str(error)) from None
    if config.mixup and not config.teachers:
        raise DataError("Mixed images have no labels: give a teacher, which predicts them.")
    if config.hint_weight and not config.teachers:
        raise DataError("Hints come from teachers: give a teacher.")
    if config.batch_size % config.devices:
        raise DataError(
            f"{config.devices} devices cannot share a batch of {config.batch_size} evenly: give a multiple."
        )
    if config.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise DataError(
            "TensorBoard is not installed: install `tensorboard`, or train without --tensorboard."
        )
