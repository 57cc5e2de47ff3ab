"""Run a model file, Keras or LiteRT, over face crops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.opencv import cv2
from agecam.vision.align import CROP_PX, TTA_VIEWS, View, to_model_input
from agecam.vision.calibration import AGES
from agecam.vision.litert import LiteRtModel
from train.data.crops import warp_view
from train.data.targets import AGE, GENDER, HEADS
from train.errors import DataError
from train.model.build import by_head, load_model

_BATCH: Final = 64
"""Faces that a model is run on at a time."""
_UNNAMED: Final = ""

Predictions = dict[str, NDArray[np.float32]]
"""By head: "age" is ``(n, 101)`` probabilities, or ``(n, 1)`` years for a model that predicts those; "gender"
is ``(n,)``, the probability of female."""
Model = Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]
"""From model input ``(n, 128, 128, 1)`` to outputs by the names that the file gives them, if any."""


def open_model(path: Path) -> Model:
    """Load a ``.keras`` or ``.tflite`` file. Raises :class:`DataError` when it cannot be read."""
    return _open_litert(path) if path.suffix == ".tflite" else keras_runner(load_model(path))


def run_model(model: Model, *views: Iterable[NDArray[np.uint8]]) -> Predictions:
    """Predictions for faces ``(128, 128)`` uint8, in batches; of several views of them, the mean.

    A model of several heads gives several. Raises :class:`DataError` for outputs that mean neither age nor
    gender.
    """
    predicted = [_run_once(model, faces) for faces in views]
    return {
        head: np.asarray(np.mean([one[head] for one in predicted], axis=0), np.float32)
        for head in predicted[0]
    }


def predict(models: Sequence[Model], views: Sequence[Sequence[NDArray[np.uint8]]]) -> Predictions:
    """Predictions of all models together for views of faces; of models of one head, the last one counts."""
    predictions: Predictions = {}
    for model in models:
        predictions |= run_model(model, *views)
    return predictions


def predict_crops(
    models: Sequence[Model],
    crops: NDArray[np.uint8],
    rows: NDArray[np.int64],
    views: Sequence[View] = TTA_VIEWS[:1],
) -> Predictions:
    """The same for stored crops ``crops[rows]``, ``(n, 160, 160)`` uint8, as warped for each view."""
    return predict(models, [[warp_view(crops[row], view) for row in rows] for view in views])


def _run_once(model: Model, faces: Iterable[NDArray[np.uint8]]) -> Predictions:
    parts = [model(to_model_input(batch)) for batch in _batches(faces)]
    if not parts:
        return {AGE: np.empty((0, AGES), np.float32), GENDER: np.empty(0, np.float32)}
    together = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    named = {_head(name, values): values for name, values in together.items()}
    if GENDER in named:
        # Two units are male and female, one is female.
        named[GENDER] = named[GENDER][:, -1]
    return named


def _batches(faces: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    batch: list[NDArray[np.uint8]] = []
    for face in faces:
        batch.append(face)
        if len(batch) == _BATCH:
            yield np.stack(batch)
            batch = []
    if batch:
        yield np.stack(batch)


def _head(name: str, values: NDArray[np.float32]) -> str:
    if name in HEADS:
        return name
    units = values.shape[1]
    if units == 1:
        # LiteRT keeps no names: a probability, or years, which are not all below one.
        return GENDER if values.min() >= 0 and values.max() <= 1 else AGE
    if units in (2, AGES):
        return GENDER if units == 2 else AGE
    raise DataError(
        f"A model has {units} outputs a face: it must be {AGES} probabilities of ages, one age, "
        "one probability of female, or those of male and female."
    )


def keras_runner(model: keras.Model) -> Model:
    """A loaded Keras model as a function; images are scaled to its size."""
    size_px = model.input_shape[1] or CROP_PX

    def run(x: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        # A model straight from training may take smaller images than those that ship.
        if size_px != CROP_PX:
            size = (size_px, size_px)
            x = np.stack([cv2.resize(face, size, interpolation=cv2.INTER_AREA)[..., None] for face in x])
        output = by_head(model, model.predict_on_batch(x))
        return {name: np.asarray(values, np.float32) for name, values in output.items()}

    return run


def _open_litert(path: Path) -> Model:
    try:
        model = LiteRtModel(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    except ModelError as error:
        raise DataError(f"{path} is not a LiteRT model that can be read.") from error
    return lambda x: {_UNNAMED: model.run(x)}
