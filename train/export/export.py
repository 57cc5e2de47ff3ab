"""Write the files that ship, check that they agree, calibrate on validation, measure on test."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.paths import models_dir
from agecam.vision.calibration import Calibration, is_distribution
from agecam.vision.litert import LiteRtModel
from agecam.vision.manifest import MANIFEST, Manifest, Task
from train.data.crops import center_crop, load_crops
from train.data.table import TEST, VALIDATION, Table
from train.data.targets import AGE
from train.errors import DataError, full_disk_told
from train.evaluate.calibrate import calibrate
from train.evaluate.groups import all_metrics, summary
from train.evaluate.predictions import Model, keras_runner, predict_crops
from train.export.check import check_parity, check_readable, parity
from train.export.config import WEIGHTS, ExportConfig
from train.export.convert import export_keras, export_litert
from train.export.install import install, staging_folder
from train.export.manifest import MANIFEST_VERSION, SUFFIXES, current_commit, describe_files, manifest_entry
from train.model.build import load_model

_TASKS: Final[tuple[Task, ...]] = ("age", "gender")
_PARITY_FACES: Final = 500
_READ_FACES: Final = 8
"""That the program's own reader is tried on."""
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
    """Export models to ``config.out`` and describe them in its ``manifest.json``.

    All is built in a folder of its own, read back by the program's own reader, run on faces and compared with
    Keras; only then it takes the place of what is there, which a kill at any moment leaves whole. Calibration
    and metrics are those of the LiteRT files, without test-time augmentation. Returns what was exported; a
    head without a model is copied.

    Raises :class:`DataError` when no model is given, when one has not learnt its head, when weights are of no
    known kind, when a LiteRT file differs too much from its Keras model, and when the program cannot run what
    comes out; :class:`agecam.errors.ModelError` when ``out`` has damaged models. ``out`` is then as it was.
    """
    if config.weights not in WEIGHTS:
        raise DataError(f"There are no weights {config.weights!r}: choose {', '.join(WEIGHTS)}.")
    trained = {head: paths for head in _TASKS if (paths := _trained(config, head))}
    if not trained:
        raise DataError("There is no model to export: give --age, --gender or both.")
    table, crops = Table.load(config.data), load_crops(config.data)
    with staging_folder(config.out) as staged:
        before = _manifest_before(config.out)
        entries = {head: _copied(head, config.out, before, staged) for head in _TASKS if head not in trained}
        converted = _convert(config, trained, staged, table, crops)
        entries |= converted.entries
        manifest = {**before, "version": MANIFEST_VERSION, "models": {head: entries[head] for head in _TASKS}}
        (staged / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        check_readable(staged, center_crop(crops[_faces(table)[:_READ_FACES]]))
        exported = [
            Exported(
                config.out / f"{head}.tflite",
                (staged / f"{head}.tflite").stat().st_size / 1e6,
                milliseconds_per_face(staged / f"{head}.tflite"),
                converted.differences[head],
            )
            for head in trained
        ]
        install(staged, config.out, manifest)
    return exported


@dataclass(frozen=True, slots=True)
class _Converted:
    entries: Mapping[Task, dict[str, Any]]
    differences: Mapping[Task, Mapping[str, float]]


def _trained(config: ExportConfig, head: Task) -> Sequence[Path]:
    return config.age if head == AGE else config.gender


def _convert(
    config: ExportConfig,
    trained: Mapping[Task, Sequence[Path]],
    staged: Path,
    table: Table,
    crops: NDArray[np.uint8],
) -> _Converted:
    """Make the files of all trained heads in ``staged``, and their entries of the manifest."""
    differences: dict[Task, dict[str, float]] = {}
    models: dict[Task, LiteRtModel] = {}
    for head, paths in trained.items():
        keras_path, litert_path = (staged / f"{head}{suffix}" for suffix in (".keras", ".tflite"))
        with full_disk_told(staged):
            export_keras(paths, head, staged, config.weights)
            written = load_model(keras_path)
            export_litert(written, litert_path, config.weights)
        models[head] = LiteRtModel(litert_path.read_bytes())
        shipped = _named(head, models[head])
        differences[head] = parity(head, keras_runner(written), shipped, crops, _faces(table)[:_PARITY_FACES])
        check_parity(head, config.weights, differences[head])
    # What ships live is what is calibrated and measured.
    live = [_named(head, model) for head, model in models.items()]
    validation, test = table.of_split(VALIDATION), table.of_split(TEST)
    calibration = live_calibration(predict_crops(live, crops, validation.row), validation)
    _check_calibrated(models, calibration)
    predictions = predict_crops(live, crops, test.row)
    entries = {}
    for head, model in models.items():
        metrics: dict[str, Any] = {}
        for name in np.unique(test.dataset):
            mask = test.dataset == name
            measured = all_metrics({head: predictions[head][mask]}, test.take(mask), calibration)
            metrics[str(name)] = summary(measured)
        metrics["litert_difference"] = {key: round(value, 5) for key, value in differences[head].items()}
        entries[head] = manifest_entry(
            staged,
            head,
            weights=config.weights,
            output_size=model.output_shape[0],
            calibration=calibration,
            metrics=metrics,
            training_commit=config.commit or current_commit(),
        )
    return _Converted(entries, differences)


def live_calibration(predictions: Mapping[str, NDArray[np.float32]], validation: Table) -> Calibration:
    """What :func:`calibrate` fits; for ages that are all ranges, the doubt of the models that ship.

    Ranges do not tell how wide an interval has to be, and most models that learn from them alone have begun
    with the shipped one.
    """
    fitted = calibrate(predictions, validation)
    if "age" not in predictions or validation.exact.any() or not is_distribution(predictions["age"]):
        return fitted
    shipped = Manifest.read(models_dir()).calibration
    return replace(
        fitted,
        temperature=shipped.temperature,
        age_weights=shipped.age_weights,
        interval_scale=shipped.interval_scale,
    )


def _faces(table: Table) -> NDArray[np.int64]:
    """Rows of faces to try models on: those of validation, or any where there are none."""
    validation = table.of_split(VALIDATION)
    return (validation if len(validation) else table).row


def _named(head: Task, model: LiteRtModel) -> Model:
    # A file does not say which head it is, and what is exported is known.
    return lambda x: {head: model.run(x)}


def _check_calibrated(models: Mapping[Task, LiteRtModel], calibration: Calibration) -> None:
    age = models.get("age")
    if age is not None and not calibration.has_interval(np.empty((0, *age.output_shape))):
        raise DataError(
            "A model of years alone gets its interval from images with exact ages in the validation split: "
            "there are none. Prepare some, or train with --age-loss distribution."
        )


def _manifest_before(out: Path) -> dict[str, Any]:
    """What the manifest of ``out`` says; empty without one.

    Raises :class:`agecam.errors.ModelError` when it is damaged.
    """
    if not (out / MANIFEST).exists():
        return {}
    Manifest.read(out)
    content: dict[str, Any] = json.loads((out / MANIFEST).read_bytes())
    return content


def _copied(head: Task, out: Path, before: Mapping[str, Any], staged: Path) -> dict[str, Any]:
    """Copy a head's files to ``staged``, from ``out`` or of those that ship; gives their entry."""
    source = Manifest.read(out if head in before.get("models", {}) else models_dir())
    for runtime, suffix in SUFFIXES.items():
        (staged / f"{head}{suffix}").write_bytes(source.model_bytes(head, runtime))
    entry: dict[str, Any] = json.loads(json.dumps(source.models[head]))
    for runtime, files in describe_files(staged, head).items():
        entry[runtime] |= files
    return entry


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
