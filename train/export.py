"""From a trained model to the files that ship: Keras, LiteRT and their entries in the manifest."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from agecam.vision.align import CROP_PX, PREPROCESSING_VERSION
from agecam.vision.calibration import AGES, Calibration, robust_age
from train.answers import answers
from train.data import DataError
from train.fit import precision
from train.models import AGE, GENDER, load, single_head

MANIFEST_VERSION: Final = 1
WEIGHTS: Final = ("int8", "float16", "float32")
FLOAT_LAYERS: Final = ("stem", "shortcut")
"""Parts of layer names that "int8" leaves in float32: the stem, which sees one channel, is faster so, and the
shortcuts, which are small, carry what later layers add to."""
LIMITS: Final[dict[str, dict[str, float]]] = {
    AGE: {"float32": 0.1, "float16": 0.1, "int8": 0.5},
    GENDER: {"float32": 0.005, "float16": 0.005, "int8": 0.02},
}
"""How far the answer to any face may be from the Keras model's: years, probability."""

_OUTPUTS: Final = {
    AGE: {"kind": "age_distribution", "size": AGES},
    GENDER: {"kind": "female_probability", "size": 1},
}


def export_keras(trained: Sequence[Path], head: str, out: Path, weights: str) -> None:
    """Write one head of a trained model as ``<head>.keras``: fixed input, float32, no optimizer.

    Of several models, each trained on from the one before, the mean of their weights is taken. For "int8"
    convolutions get the very weights that the LiteRT file will hold, so that both give the same answers but
    for the rounding of activations.
    """
    with precision("float32"):
        model = single_head([load(path) for path in trained], head)
    if weights == "int8":
        for layer in model.layers:
            stays = any(part in layer.name for part in FLOAT_LAYERS)
            if isinstance(layer, keras.layers.Conv2D) and not stays:
                kernel, *biases = layer.get_weights()
                layer.set_weights([_as_integers(kernel), *biases])
    _write(out / f"{head}.keras", lambda path: model.save(path))


def _as_integers(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights ``(h, w, channels, filters)`` rounded to 127 steps of each filter's largest one.

    Batch normalisation, which the converter multiplies into them, scales whole filters: the steps stay.
    """
    step = np.maximum(np.abs(kernel).max(axis=(0, 1, 2), keepdims=True), np.float32(1e-12)) / np.float32(127)
    return np.asarray(np.round(kernel / step) * step, np.float32)


def export_litert(keras_path: Path, weights: str) -> None:
    """Convert ``x.keras`` to ``x.tflite`` beside it, with a free batch dimension.

    "int8" stores the weights of convolutions as 8-bit integers, one scale a channel, and computes on
    integers with a scale found for each picture ("dynamic range"); the :data:`FLOAT_LAYERS` stay as they are.
    """
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as saved:
        load(keras_path).export(saved, format="tf_saved_model", verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved)
        if weights == "float16":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        converted = bytes(converter.convert())
    if weights == "int8":
        converted = _with_integers(converted)
    _write(keras_path.with_suffix(".tflite"), lambda path: path.write_bytes(converted))


def _with_integers(model: bytes) -> bytes:
    from ai_edge_quantizer import qtyping, quantizer

    convolution = qtyping.TFLOperationName.CONV_2D
    integers = qtyping.OpQuantizationConfig(
        weight_tensor_config=qtyping.TensorQuantizationConfig(
            num_bits=8, symmetric=True, granularity=qtyping.QuantGranularity.CHANNELWISE
        ),
        compute_precision=qtyping.ComputePrecision.INTEGER,
    )
    quantize = quantizer.Quantizer(model)
    quantize.update_quantization_recipe(
        regex=".*",
        operation_name=convolution,
        op_config=integers,
        algorithm_key=quantizer.AlgorithmName.MIN_MAX_UNIFORM_QUANT,
    )
    for layer in FLOAT_LAYERS:
        quantize.update_quantization_recipe(
            regex=f".*{layer}.*",
            operation_name=convolution,
            algorithm_key=quantizer.AlgorithmName.NO_QUANTIZE,
        )
    with contextlib.redirect_stdout(io.StringIO()):  # it prints sizes and times
        return bytes(quantize.quantize().quantized_model)


def parity(
    head: str, keras_path: Path, crops: NDArray[np.uint8], rows: NDArray[np.int64]
) -> dict[str, float]:
    """Mean and largest difference between a Keras model and its LiteRT file over real crops.

    In years of the age that is said, or in probability.
    """
    difference = np.abs(
        _value(head, answers(keras_path, crops, rows)[head])
        - _value(head, answers(keras_path.with_suffix(".tflite"), crops, rows)[head])
    )
    return {"mean": float(difference.mean()), "largest": float(difference.max())}


def _value(head: str, output: NDArray[np.float32]) -> NDArray[np.float64]:
    return robust_age(output) if head == AGE else output.astype(np.float64)


def check_parity(head: str, weights: str, difference: Mapping[str, float]) -> None:
    """Raise :class:`DataError` when a LiteRT file answers too differently from its Keras model."""
    limit = LIMITS[head][weights]
    if difference["largest"] > limit:
        raise DataError(
            f"{head}.tflite is up to {difference['largest']:.3f} off {head}.keras, more than {limit}: "
            "choose other weights."
        )


def milliseconds_per_face(path: Path, batch: int = 8, repeats: int = 20) -> float:
    """Median time of a LiteRT file on one thread, per face in a batch."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    entry = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(entry, (batch, CROP_PX, CROP_PX, 1))
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry, np.random.default_rng(0).random((batch, CROP_PX, CROP_PX, 1), np.float32))
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        interpreter.invoke()
        times.append(time.perf_counter() - start)
    return float(np.median(times) / batch * 1000)


def write_manifest_entry(
    folder: Path,
    head: str,
    *,
    weights: str,
    calibration: Calibration,
    metrics: Mapping[str, Any],
    training_commit: str,
) -> None:
    """Describe a head's two files in ``manifest.json``; other entries stay as they are."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    manifest["version"] = MANIFEST_VERSION
    manifest.setdefault("models", {})[head] = {
        "keras": {"file": f"{head}.keras", "sha256": sha256(folder / f"{head}.keras")},
        "litert": {"file": f"{head}.tflite", "sha256": sha256(folder / f"{head}.tflite"), "weights": weights},
        "input": {"shape": [CROP_PX, CROP_PX, 1], "dtype": "float32", "range": [0, 1]},
        "output": _OUTPUTS[head],
        "preprocessing": PREPROCESSING_VERSION,
        "calibration": calibration.to_manifest(head),
        "training_commit": training_commit,
        "metrics": metrics,
    }
    text = json.dumps(manifest, indent=2) + "\n"
    _write(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def current_commit() -> str:
    """The commit this code is at, or "unknown" outside a repository."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        command = ["git", "rev-parse", "HEAD"]
        here = Path(__file__).resolve().parent
        return subprocess.run(command, cwd=here, capture_output=True, text=True, check=True).stdout.strip()
    return "unknown"


def _write(path: Path, write: Any) -> None:
    """Write by way of a second file, so that a reader never meets half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"partial-{path.name}")
    write(partial)
    os.replace(partial, path)  # noqa: PTH105
