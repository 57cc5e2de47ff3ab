"""Age and gender of aligned faces: one batched call per model for all faces of a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Estimate
from agecam.paths import models_dir
from agecam.vision.align import CROP_PX, to_model_input
from agecam.vision.calibration import AGES, estimates
from agecam.vision.manifest import Manifest, Task

_SMALLEST_ROOM: Final = 4


class Classifier(Protocol):
    """Says of each face how old it looks and whether as a woman or a man."""

    def classify(self, crops_gray: NDArray[np.uint8]) -> list[Estimate]:
        """One estimate a crop, in order; ``crops_gray`` is ``(n, 128, 128)`` uint8, ``n`` may be 0."""
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

    def classify(self, crops_gray: NDArray[np.uint8]) -> list[Estimate]:
        """One estimate a crop, in order; ``crops_gray`` is ``(n, 128, 128)`` uint8, ``n`` may be 0."""
        if len(crops_gray) == 0:
            return []
        model_input = to_model_input(crops_gray)
        return estimates(self._age.run(model_input), self._gender.run(model_input), self._calibration)


class _BatchedModel:
    """One network with a batch dimension that follows the number of faces."""

    def __init__(self, content: bytes, task: Task, outputs: int) -> None:
        # Imported here: a second of start that `agecam --help` and the Keras engine do without.
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._interpreter: Any = Interpreter(model_content=content, num_threads=1)
            self._resize(1)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"The {task} model cannot be loaded. Reinstall AgeCam.") from error
        given = tuple(self._interpreter.get_output_details()[0]["shape"])
        if given != (1, outputs):
            raise ModelError(
                f"The {task} model gives {given} values instead of {(1, outputs)}. "
                "Use the models that came with this AgeCam."
            )

    def _resize(self, batch: int) -> None:
        index = self._interpreter.get_input_details()[0]["index"]
        self._interpreter.resize_tensor_input(index, (batch, CROP_PX, CROP_PX, 1))
        self._interpreter.allocate_tensors()
        self._batch = batch

    def run(self, model_input: NDArray[np.float32]) -> NDArray[np.float32]:
        """``(n, 128, 128, 1)`` float32 to ``(n, outputs)`` float32."""
        if len(model_input) != self._batch:
            self._resize(len(model_input))
        self._interpreter.set_tensor(self._interpreter.get_input_details()[0]["index"], model_input)
        self._interpreter.invoke()
        result = self._interpreter.get_tensor(self._interpreter.get_output_details()[0]["index"])
        return np.asarray(result, dtype=np.float32)
