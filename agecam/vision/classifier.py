"""Age and gender of aligned faces: one batched call per model for all faces of a frame."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Estimate
from agecam.paths import models_dir
from agecam.vision.align import CROP_PX, to_model_input
from agecam.vision.calibration import AGES, Calibration, estimates
from agecam.vision.manifest import Manifest, Task
from agecam.vision.mediapipe_tasks import silenced_stderr


class Classifier(Protocol):
    """Predicts the age and the gender of aligned faces."""

    def classify(self, *views: NDArray[np.uint8]) -> list[Estimate]:
        """One estimate a face, in order, from one view of each or the mean prediction over several.

        Each view is ``(n, 128, 128)`` uint8, ``n`` may be 0; see :data:`agecam.vision.align.TTA_VIEWS`.
        """
        ...


class LiteRtClassifier:
    """Runs ``age.tflite`` and ``gender.tflite``. Not thread-safe: one classifier per thread.

    Raises :class:`ModelError` when a model is missing, damaged or made for other input or output.
    """

    def __init__(self, models: Path | None = None) -> None:
        manifest = Manifest.read(models or models_dir())
        self._calibration = manifest.calibration
        self._age = _BatchedModel(manifest.model_bytes("age", "litert"), "age", outputs=AGES)
        self._gender = _BatchedModel(manifest.model_bytes("gender", "litert"), "gender", outputs=1)

    def classify(self, *views: NDArray[np.uint8]) -> list[Estimate]:
        """As :meth:`Classifier.classify` says."""
        return estimate_views(views, self._age.run, self._gender.run, self._calibration)


_Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def estimate_views(
    views: Sequence[NDArray[np.uint8]], age: _Run, gender: _Run, calibration: Calibration
) -> list[Estimate]:
    """What :meth:`Classifier.classify` says, by functions that run the two models on model input."""
    if len(views[0]) == 0:
        return []
    inputs = [to_model_input(view) for view in views]
    return estimates(_mean_output(age, inputs), _mean_output(gender, inputs), calibration)


def _mean_output(run: _Run, inputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    outputs = [run(one) for one in inputs]
    return outputs[0] if len(outputs) == 1 else np.asarray(np.mean(outputs, axis=0), np.float32)


class _BatchedModel:
    """One network whose batch dimension follows the number of faces.

    Resizing costs 0.1 ms and the weights stay where they are, so one interpreter serves all sizes without
    padding (measured with LiteRT 2.3 on a residual network of 2.8 million weights).
    """

    def __init__(self, content: bytes, task: Task, outputs: int) -> None:
        # Imported here: `agecam --help` and the Keras runtime do without it.
        from ai_edge_litert.interpreter import Interpreter

        try:
            with silenced_stderr():
                self._interpreter: Any = Interpreter(model_content=content, num_threads=_threads())
                self._input: int = self._interpreter.get_input_details()[0]["index"]
                self._output: int = self._interpreter.get_output_details()[0]["index"]
                blank = np.zeros((1, CROP_PX, CROP_PX, 1), dtype=np.float32)
                self._batch = 0
                shape = self.run(blank).shape
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                f"The {task} model cannot be run. Use the models that came with this AgeCam."
            ) from error
        if shape != (1, outputs):
            raise ModelError(
                f"The {task} model puts out {shape[1:]} values a face instead of {outputs}. "
                "Use the models that came with this AgeCam."
            )

    def run(self, model_input: NDArray[np.float32]) -> NDArray[np.float32]:
        """``(n, 128, 128, 1)`` float32 to ``(n, outputs)`` float32."""
        if len(model_input) != self._batch:
            self._interpreter.resize_tensor_input(self._input, model_input.shape)
            self._interpreter.allocate_tensors()
            self._batch = len(model_input)
        self._interpreter.set_tensor(self._input, model_input)
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output), dtype=np.float32)


def _threads() -> int:
    # On two cores a second thread helps only while nothing else runs, and costs a fifth more processor
    # time; capture, encoding and the window need the other core.
    return 2 if (os.cpu_count() or 1) >= 4 else 1
