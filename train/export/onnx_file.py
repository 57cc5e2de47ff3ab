"""ONNX files of Keras models, for programs in other languages; run and compared before they are kept."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from agecam.files import atomic_write
from agecam.vision.align import PREPROCESSING_VERSION
from train.errors import DataError
from train.export.config import OnnxConfig
from train.model.build import by_head, load_model

_PACKAGES: Final = ("onnx", "tf2onnx")
_INPUT: Final = "image"
_MAX_DIFFERENCE: Final = 1e-3
"""Of any output, relative to its size above 1: years, probabilities. Measured: below 1e-5."""
_TRIED: Final = 8
"""Images that the file is run on."""


def export_onnx(config: OnnxConfig) -> dict[Path, float]:
    """Write each model as ``<name>.onnx`` to ``config.out``; gives the largest difference from Keras of each.

    Input "image" ``(n, s, s, 1)`` float32 as the Keras model takes it, outputs by the names of the heads;
    what to give it, and what comes out, is written into the file. A file whose outputs are not those of Keras
    is not kept.

    Raises :class:`DataError` when a package is missing, a model cannot be read, two of them have one name, or
    an output differs.
    """
    for package in _PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise DataError(f'{package} is not installed: run pip install "agecam[onnx]".')
    if keras.backend.backend() != "tensorflow":
        raise DataError("ONNX files are written by way of TensorFlow: leave KERAS_BACKEND out.")
    targets = [config.out / f"{path.stem}.onnx" for path in config.models]
    if len(set(targets)) < len(targets):
        raise DataError("Two models have the same name: export one after the other, to other folders.")
    models = [load_model(path) for path in config.models]
    config.out.mkdir(parents=True, exist_ok=True)
    return {target: _write(model, target) for model, target in zip(models, targets, strict=True)}


def _write(model: keras.Model, target: Path) -> float:
    with atomic_write(target) as partial:
        signature = [keras.InputSpec(dtype="float32", shape=model.input_shape, name=_INPUT)]
        with warnings.catch_warnings():
            # WORKAROUND (Keras 3.15): it asks NumPy for names of NumPy 1, to make tf2onnx run with NumPy 2.
            warnings.simplefilter("ignore", FutureWarning)
            model.export(partial, format="onnx", input_signature=signature, verbose=False)
        _describe(partial, model)
        difference = _difference(partial, model)
        if not difference <= _MAX_DIFFERENCE:  # nor when it is no number
            raise DataError(
                f"{target.name} would be {difference:.4g} off its Keras model: it was not written."
            )
    return difference


def _describe(path: Path, model: keras.Model) -> None:
    """Name the outputs and write down what goes in and comes out."""
    import onnx

    file = onnx.load(path)
    # TensorFlow sorts the outputs of a dictionary by name.
    heads = sorted(by_head(model, model.output))
    names = {output.name: head for output, head in zip(file.graph.output, heads, strict=True)}
    for node in file.graph.node:
        node.output[:] = [names.get(name, name) for name in node.output]
        node.input[:] = [names.get(name, name) for name in node.input]
    for output in file.graph.output:
        output.name = names[output.name]
    notes = {
        "input": "gray values in [0, 1] of a face aligned as agecam.vision.align does",
        "preprocessing": str(PREPROCESSING_VERSION),
        "age": "probabilities of the ages 0 to 100, or years where it is one number",
        "gender": "probability of female, or of male and female where there are two",
    }
    onnx.helper.set_model_props(
        file, {k: v for k, v in notes.items() if k not in ("age", "gender") or k in heads}
    )
    onnx.checker.check_model(file, full_check=True)
    onnx.save(file, path)


def _difference(path: Path, model: keras.Model) -> float:
    """The largest difference of any output from Keras's, over random images."""
    x = np.random.default_rng(0).random((_TRIED, *model.input_shape[1:]), np.float32)
    expected = by_head(model, model.predict_on_batch(x))
    given = _run(path, list(expected), x)
    differences = [
        (np.abs(given[head] - values) / np.maximum(np.abs(values), 1)).max()
        for head, values in expected.items()
    ]
    return float(np.max(differences))  # no number where one of them is none


def _run(path: Path, heads: list[str], x: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
    """Outputs of a file by head: by ONNX Runtime where it is installed, else by ONNX's own evaluator."""
    session: Any
    if importlib.util.find_spec("onnxruntime") is not None:
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    else:
        from onnx.reference import ReferenceEvaluator

        session = ReferenceEvaluator(str(path))
    return dict(zip(heads, session.run(heads, {_INPUT: x}), strict=True))
