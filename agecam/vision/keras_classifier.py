"""The ``.keras`` files run by Keras itself (``--runtime keras``): slow to start, for comparison."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Estimate
from agecam.paths import models_dir
from agecam.vision.classifier import estimate_views
from agecam.vision.manifest import Manifest, Task


class KerasClassifier:
    """Runs ``age.keras`` and ``gender.keras``. Not thread-safe: one classifier per thread.

    Raises :class:`ModelError` when Keras is not installed, or a model is missing or damaged.
    """

    def __init__(self, models: Path | None = None) -> None:
        manifest = Manifest.read(models or models_dir())
        self._calibration = manifest.calibration
        self._age = _load(manifest, "age")
        self._gender = _load(manifest, "gender")

    def classify(
        self, *views: NDArray[np.uint8], with_gender: Sequence[bool] | None = None
    ) -> list[Estimate]:
        """As :meth:`Classifier.classify` says."""
        models = _runner(self._age), _runner(self._gender)
        return estimate_views(views, *models, self._calibration, with_gender)


def _runner(model: Any) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    return lambda model_input: np.asarray(model.predict_on_batch(model_input), np.float32)


def _load(manifest: Manifest, task: Task) -> Any:
    content = manifest.model_bytes(task, "keras")
    try:
        import keras
    except ImportError as error:
        raise ModelError(
            'Keras and TensorFlow are not installed. Run: pip install "agecam[train]", or use litert.'
        ) from error
    with tempfile.TemporaryDirectory(prefix="agecam-") as folder:
        # The checked bytes, not the file: it could change between check and loading.
        path = Path(folder) / f"{task}.keras"
        path.write_bytes(content)
        try:
            model = keras.models.load_model(path, compile=False)
            shapes = tuple(model.input_shape[1:]), tuple(model.output_shape[1:])
        except (AttributeError, OSError, ValueError, TypeError) as error:
            raise ModelError(f"The {task} model cannot be loaded by this Keras. {manifest.advice}") from error
    manifest.check_shapes(task, *shapes)
    return model
