"""Run a model file, Keras or LiteRT, over face crops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.align import CROP_PX, to_model_input
from agecam.vision.calibration import AGES
from train.data import DataError
from train.models import AGE, GENDER, HEADS, by_head, load
from train.prepare import central

_BATCH = 64
_UNNAMED = ""

Model = Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]
"""From model input ``(n, 128, 128, 1)`` to outputs by the names that the file gives them, if any."""


def answers(path: Path, crops: NDArray[np.uint8], rows: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
    """Outputs of a model by head for ``crops[rows]``, ``(n, 160, 160)`` uint8, as :func:`run_model` says.

    Raises :class:`DataError` when the file cannot be read as a model.
    """
    return run_model(open_model(path), (central(crops[row]) for row in rows))


def open_model(path: Path) -> Model:
    """Load a ``.keras`` or ``.tflite`` file. Raises :class:`DataError` when it cannot be read."""
    return _litert(path) if path.suffix == ".tflite" else _keras(path)


def run_model(model: Model, *looks: Iterable[NDArray[np.uint8]]) -> dict[str, NDArray[np.float32]]:
    """Outputs by head for faces ``(128, 128)`` uint8, in batches; of several looks at them, the mean.

    "age" is ``(n, 101)``, or ``(n, 1)`` years for a model that answers with those; "gender" is ``(n,)``, the
    probability of female. A model of several heads gives several.
    """
    answered = [_run_once(model, faces) for faces in looks]
    return {
        head: np.asarray(np.mean([one[head] for one in answered], axis=0), np.float32) for head in answered[0]
    }


def _run_once(model: Model, faces: Iterable[NDArray[np.uint8]]) -> dict[str, NDArray[np.float32]]:
    parts = [model(to_model_input(batch)) for batch in _batches(faces)]
    if not parts:
        return {AGE: np.empty((0, AGES), np.float32), GENDER: np.empty(0, np.float32)}
    together = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    named = {_head(name, values): values for name, values in together.items()}
    if GENDER in named:
        # Two columns are male and female, one is female.
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
    columns = values.shape[1]
    if columns == 1:
        # LiteRT keeps no names: a probability, or years, which are not all below one.
        return GENDER if values.min() >= 0 and values.max() <= 1 else AGE
    if columns in (2, AGES):
        return GENDER if columns == 2 else AGE
    raise DataError(
        f"A model answers with {columns} values a face: it must be {AGES} probabilities of ages, one age, "
        "one probability of female, or those of male and female."
    )


def _keras(path: Path) -> Model:
    model = load(path)
    size_px = model.input_shape[1] or CROP_PX

    def run(x: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        # A model straight from training may take smaller pictures than those that ship.
        if size_px != CROP_PX:
            size = (size_px, size_px)
            x = np.stack([cv2.resize(face, size, interpolation=cv2.INTER_AREA)[..., None] for face in x])
        output = by_head(model, model.predict_on_batch(x))
        return {name: np.asarray(values, np.float32) for name, values in output.items()}

    return run


def _litert(path: Path) -> Model:
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_path=str(path), num_threads=1)
    except ValueError as error:
        raise DataError(f"{path} is not a LiteRT model that can be read.") from error
    entry = interpreter.get_input_details()[0]["index"]
    exit_ = interpreter.get_output_details()[0]["index"]

    def run(x: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        interpreter.resize_tensor_input(entry, x.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(entry, x)
        interpreter.invoke()
        return {_UNNAMED: interpreter.get_tensor(exit_)}

    return run
