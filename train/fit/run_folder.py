"""The folder of a run: whose it is, and which epochs it has behind it.

``config.json`` (what was asked for), ``data.json`` (which images), ``log.csv`` (one row an epoch),
``curves.png``, ``model.keras`` (the epoch that did best on validation, averaged, float32, no optimizer, for
images of the size it was trained on), ``summary.txt``, and the last ``checkpoint-*``, from which more epochs
go on.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from agecam.files import write_atomically
from train.config_files import CONFIG_FILE, config_text, read_config
from train.data.collection import load_entries
from train.data.table import TRAIN, VALIDATION, Table
from train.errors import DataError
from train.fit.config import FitConfig, read_fit_config

MODEL_FILE: Final = "model.keras"
LOG_FILE: Final = "log.csv"
SUMMARY_FILE: Final = "summary.txt"
CURVES_FILE: Final = "curves.png"
_DATA_FILE: Final = "data.json"

_FREE: Final = ("out", "data", "epochs", "patience", "workers", "devices", "tensorboard", "track")
"""Fields that may change between the calls of one run: how long, where and watched by what, not what is
learnt. The data are compared by their content."""
_PATHS: Final = ("init", "teachers")
"""Fields that name files: the same one may be written in several ways."""


@dataclass(frozen=True, slots=True)
class DataId:
    """Which images a run learns from: the folder, how many, and a hash of their names and labels.

    ``content`` is a hash of their files, empty where the folder does not know them.
    """

    folder: str
    train: int
    validation: int
    sha256: str
    content: str = ""

    @classmethod
    def of(cls, folder: Path, table: Table) -> Self:
        """That of a prepared folder."""
        digest = hashlib.sha256()
        used = [table.of_split(split) for split in (TRAIN, VALIDATION)]
        for rows in used:
            for names in (rows.dataset, rows.file):
                digest.update("\n".join(map(str, names)).encode() + b"\0")
            for numbers in (rows.age_low, rows.age_high, rows.age_edge, rows.female):
                digest.update(np.ascontiguousarray(numbers, "<f8").tobytes())
        return cls(str(folder), len(used[0]), len(used[1]), digest.hexdigest(), _content(folder, used))


def _content(folder: Path, used: Sequence[Table]) -> str:
    files = {entry.row: entry.sha256 for entry in load_entries(folder)}
    content = [files.get(row, "") for rows in used for row in rows.row.tolist()]
    return hashlib.sha256("\n".join(content).encode()).hexdigest() if all(content) else ""


def settings_before(run: Path) -> dict[str, Any] | None:
    """The settings that a folder was begun with, by the names of today; ``None`` for a new one.

    Raises :class:`DataError` where they cannot be read.
    """
    return read_fit_config(run / CONFIG_FILE) if (run / CONFIG_FILE).exists() else None


def check_same_settings(config: FitConfig, before: Mapping[str, Any]) -> None:
    """Raise :class:`DataError`, naming them, where settings differ that decide what is learnt."""
    differences = []
    now = json.loads(config_text(config))
    for field in fields(FitConfig):
        name = field.name
        if name in _FREE:
            continue
        # An option that the release of the run did not have was as it is by default.
        default = now[name] if field.default is MISSING else field.default
        then = before.get(name, list(default) if default == () else default)
        if name in _PATHS and isinstance(then, list):
            same = [_resolved(path) for path in then] == [_resolved(path) for path in now[name]]
        else:
            same = then == now[name]
        if not same:
            differences.append(f"{name}: {_brief(then, now[name])}")
    if differences:
        raise DataError(
            f"{config.out} belongs to a run with other settings ({'; '.join(differences)}): give another "
            "folder, or empty it."
        )


def has_other_images(run: Path, data: DataId) -> bool:
    """Whether a run was begun with other images than ``data``, as far as it is known."""
    path = run / _DATA_FILE
    if not path.exists():
        return False
    found = read_config(path)
    content = found.get("content", "")
    return found.get("sha256") != data.sha256 or (
        "" not in (content, data.content) and content != data.content
    )


def check_same_data(config: FitConfig, data: DataId, before: Mapping[str, Any]) -> None:
    """Raise :class:`DataError` where a run was begun with other images."""
    path = config.out / _DATA_FILE
    if not path.exists():  # as in runs of earlier releases
        then = before.get("data", "")
        if _resolved(then) != _resolved(config.data):
            raise DataError(
                f"{config.out} belongs to a run with other settings (data: {then}, now {config.data}): give "
                "another folder, or empty it."
            )
        return
    if has_other_images(config.out, data):
        found = read_config(path)
        raise DataError(
            f"{config.out} belongs to a run with other images ({found.get('train')} for training and "
            f"{found.get('validation')} for validation from {found.get('folder')}; now {data.train} and "
            f"{data.validation}): give another folder, and --init {config.out / MODEL_FILE} to start from "
            "its model."
        )


def claim(config: FitConfig, data: DataId) -> None:
    """Write down the settings and the images of a run in its folder."""
    config.out.mkdir(parents=True, exist_ok=True)
    write_atomically(config.out / CONFIG_FILE, config_text(config))
    text = {field.name: getattr(data, field.name) for field in fields(DataId)}
    write_atomically(config.out / _DATA_FILE, json.dumps(text, indent=1))


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


def _resolved(path: str | Path) -> str:
    return str(Path(path).resolve())


def _brief(then: Any, now: Any) -> str:
    """Two values; of nested ones those that differ."""
    if isinstance(then, dict) and isinstance(now, dict):
        pairs = [(name, then.get(name), value) for name, value in now.items() if then.get(name) != value]
        return ", ".join(f"{name} {one}, now {other}" for name, one, other in pairs)
    return f"{then}, now {now}"
