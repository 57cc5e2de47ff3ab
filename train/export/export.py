"""Write the files that ship, check that they agree, calibrate on validation, measure on test."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.vision.calibration import robust_age
from agecam.vision.litert import LiteRtModel
from agecam.vision.manifest import Task
from train.data.crops import load_crops
from train.data.table import TEST, VALIDATION, Table
from train.data.targets import AGE
from train.errors import DataError
from train.evaluate.calibrate import calibrate
from train.evaluate.groups import all_metrics, summary
from train.evaluate.predictions import open_model, predict_crops
from train.export.config import WEIGHTS, ExportConfig
from train.export.convert import export_keras, export_litert
from train.export.manifest import current_commit, write_manifest_entry

MAX_DIFFERENCE: Final[Mapping[str, Mapping[str, float]]] = {
    "age": {"float32": 0.1, "float16": 0.1, "int8": 0.5},
    "gender": {"float32": 0.005, "float16": 0.005, "int8": 0.02},
}
"""How far the prediction for any face may be from the Keras model's: years, probability; by weights."""

_TASKS: Final[tuple[Task, ...]] = ("age", "gender")
_PARITY_FACES: Final = 500
_TIMED_BATCH: Final = 8
"""Faces at a time: about as many as are seen in a room."""
_TIMED_RUNS: Final = 20


@dataclass(frozen=True, slots=True)
class Exported:
    """One model that ships: its LiteRT file, what it costs, and how far it is from the Keras file."""

    path: Path
    size_mb: float
    ms_per_face: float
    difference: Mapping[str, float]


def export(config: ExportConfig) -> list[Exported]:
    """Export both models to ``config.out`` and describe them in its ``manifest.json``.

    Calibration and metrics are those of the LiteRT files, without test-time augmentation. Raises
    :class:`DataError` when a model has not learnt its head, when weights are of no known kind, and when a
    LiteRT file differs too much from its Keras model.
    """
    if config.weights not in WEIGHTS:
        raise DataError(f"There are no weights {config.weights!r}: choose {', '.join(WEIGHTS)}.")
    table, crops = Table.load(config.data), load_crops(config.data)
    validation, test = table.of_split(VALIDATION), table.of_split(TEST)
    differences = {}
    for head, trained in (("age", config.age), ("gender", config.gender)):
        keras_path = config.out / f"{head}.keras"
        export_keras(trained, head, config.out, config.weights)
        export_litert(keras_path, config.weights)
        differences[head] = parity(head, keras_path, crops, validation.row[:_PARITY_FACES])
        check_parity(head, config.weights, differences[head])
    # What ships live is what is calibrated and measured.
    shipped = [open_model(config.out / f"{head}.tflite") for head in _TASKS]
    calibration = calibrate(predict_crops(shipped, crops, validation.row), validation)
    predictions = predict_crops(shipped, crops, test.row)
    exported = []
    for head in _TASKS:
        metrics: dict[str, Any] = {}
        for name in np.unique(test.dataset):
            mask = test.dataset == name
            measured = all_metrics({head: predictions[head][mask]}, test.take(mask), calibration)
            metrics[str(name)] = summary(measured)
        metrics["litert_difference"] = {key: round(value, 5) for key, value in differences[head].items()}
        write_manifest_entry(
            config.out,
            head,
            weights=config.weights,
            calibration=calibration,
            metrics=metrics,
            training_commit=config.commit or current_commit(),
        )
        path = config.out / f"{head}.tflite"
        exported.append(
            Exported(path, path.stat().st_size / 1e6, milliseconds_per_face(path), differences[head])
        )
    return exported


def parity(
    head: str, keras_path: Path, crops: NDArray[np.uint8], rows: NDArray[np.int64]
) -> dict[str, float]:
    """Mean and largest difference between a Keras model and its LiteRT file over real crops.

    In years of the predicted age, or in probability.
    """
    one, other = (
        _value(head, predict_crops([open_model(path)], crops, rows)[head])
        for path in (keras_path, keras_path.with_suffix(".tflite"))
    )
    difference = np.abs(one - other)
    return {"mean": float(difference.mean()), "largest": float(difference.max())}


def check_parity(head: str, weights: str, difference: Mapping[str, float]) -> None:
    """Raise :class:`DataError` when predictions of a LiteRT file differ too much from its Keras model's."""
    limit = MAX_DIFFERENCE[head][weights]
    if difference["largest"] > limit:
        raise DataError(
            f"{head}.tflite is up to {difference['largest']:.3f} off {head}.keras, more than {limit}: "
            "choose other weights."
        )


def milliseconds_per_face(path: Path) -> float:
    """Median time of a LiteRT file on one thread, per face in a batch of 8."""
    model = LiteRtModel(path.read_bytes())
    faces = np.random.default_rng(0).random((_TIMED_BATCH, *model.input_shape), np.float32)
    model.run(faces)
    times_s = []
    for _ in range(_TIMED_RUNS):
        start_s = time.perf_counter()
        model.run(faces)
        times_s.append(time.perf_counter() - start_s)
    return float(np.median(times_s) / _TIMED_BATCH * 1000)


def _value(head: str, output: NDArray[np.float32]) -> NDArray[np.float64]:
    return robust_age(output) if head == AGE else output.astype(np.float64)
