"""Run a model file, Keras or LiteRT, over prepared crops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agecam.vision.align import to_model_input
from train.data import DataError
from train.models import AGE, GENDER, HEADS, load
from train.prepare import central

_BATCH = 64


def answers(
    path: Path, crops: NDArray[np.uint8], rows: NDArray[np.int64], *, mirror: bool = False
) -> dict[str, NDArray[np.float32]]:
    """Outputs of a model by head for ``crops[rows]``, ``(n, 160, 160)`` uint8.

    "age" is ``(len(rows), 101)``, "gender" ``(len(rows),)``. A file of several heads gives several. With
    ``mirror`` they are means over the crops and their mirror images.
    Raises :class:`DataError` when the file cannot be read as a model.
    """
    run = _litert(path) if path.suffix == ".tflite" else _keras(path)
    parts: list[dict[str, NDArray[np.float32]]] = []
    for start in range(0, len(rows), _BATCH):
        batch = np.stack([central(crops[row]) for row in rows[start : start + _BATCH]])
        output = run(to_model_input(batch))
        if mirror:
            mirrored = run(to_model_input(batch[:, :, ::-1]))
            output = {head: (values + mirrored[head]) / 2 for head, values in output.items()}
        parts.append(output)
    heads = parts[0].keys() if parts else HEADS
    return {head: np.concatenate([part[head] for part in parts]) for head in heads}


def _by_head(output: Any) -> dict[str, NDArray[np.float32]]:
    if isinstance(output, dict):
        return {AGE: np.asarray(output[AGE]), GENDER: np.asarray(output[GENDER]).reshape(-1)}
    output = np.asarray(output)
    return {AGE: output} if output.shape[-1] > 1 else {GENDER: output.reshape(-1)}


def _keras(path: Path) -> Any:
    model = load(path)
    return lambda x: _by_head(model.predict_on_batch(x))


def _litert(path: Path) -> Any:
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
        return _by_head(interpreter.get_tensor(exit_))

    return run
