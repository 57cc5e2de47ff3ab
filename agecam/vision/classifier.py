"""Age and gender of aligned faces: one batched call per model for all faces of a frame."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Estimate
from agecam.paths import models_dir
from agecam.vision.align import to_model_input
from agecam.vision.calibration import Calibration, estimates
from agecam.vision.litert import LiteRtModel
from agecam.vision.manifest import Manifest, Task
from agecam.vision.stage_clock import NetworkUsage


class Classifier(Protocol):
    """Predicts the age and the gender of aligned faces."""

    def classify(
        self, *views: NDArray[np.uint8], with_gender: Sequence[bool] | None = None
    ) -> list[Estimate]:
        """One estimate a face, in order, from one view of each or the mean prediction over several.

        Each view is ``(n, 128, 128)`` uint8, ``n`` may be 0; see :data:`agecam.vision.align.TTA_VIEWS`.
        ``with_gender`` says of each face whether its gender is asked for, of all by default; without,
        ``female`` is NaN.
        """
        ...


class LiteRtClassifier:
    """Runs ``age.tflite`` and ``gender.tflite``. Not thread-safe: one classifier per thread.

    ``cores`` is how many processor cores there are for it, all by default.

    Raises :class:`ModelError` when a model is missing, damaged or made for other input or output.
    """

    def __init__(self, models: Path | None = None, cores: int | None = None) -> None:
        manifest = Manifest.read(models or models_dir())
        self._calibration = manifest.calibration
        threads = _threads(cores or os.cpu_count() or 1)
        self._age = _load(manifest, "age", threads)
        self._gender = _load(manifest, "gender", threads)

    def classify(
        self, *views: NDArray[np.uint8], with_gender: Sequence[bool] | None = None
    ) -> list[Estimate]:
        """As :meth:`Classifier.classify` says."""
        return estimate_views(views, self._age.run, self._gender.run, self._calibration, with_gender)

    def network_usage(self) -> dict[str, NetworkUsage]:
        """As :meth:`agecam.vision.stage_clock.CountsRuns.network_usage` says."""
        return {
            name: NetworkUsage.sum([one.usage])
            for name, one in (("age", self._age), ("gender", self._gender))
        }


_Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def estimate_views(
    views: Sequence[NDArray[np.uint8]],
    age: _Run,
    gender: _Run,
    calibration: Calibration,
    with_gender: Sequence[bool] | None = None,
) -> list[Estimate]:
    """What :meth:`Classifier.classify` says, by functions that run the two models on model input."""
    count = len(views[0])
    if count == 0:
        return []
    inputs = [to_model_input(view) for view in views]
    asked = np.ones(count, bool) if with_gender is None else np.array(with_gender, bool)
    female = np.full(count, np.nan, np.float32)
    if asked.any():
        female[asked] = _mean_output(gender, [one[asked] for one in inputs]).reshape(-1)
    return estimates(_mean_output(age, inputs), female, calibration)


def _mean_output(run: _Run, inputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    outputs = [run(one) for one in inputs]
    return outputs[0] if len(outputs) == 1 else np.asarray(np.mean(outputs, axis=0), np.float32)


def _load(manifest: Manifest, task: Task, threads: int) -> LiteRtModel:
    content = manifest.model_bytes(task, "litert")
    try:
        model = LiteRtModel(content, threads=threads)
    except ModelError as error:
        raise ModelError(f"The {task} model cannot be run. {manifest.advice}") from error
    manifest.check_shapes(task, model.input_shape, model.output_shape)
    return model


def _threads(cores: int) -> int:
    # On two cores a second thread helps only while nothing else runs, and costs a fifth more processor
    # time; capture, encoding and the window need the other core.
    return 2 if cores >= 4 else 1
