"""From trained models to the files that ship, Keras and LiteRT."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from agecam.files import atomic_write, write_atomically
from train.data.targets import GENDER
from train.model.build import build_model, describe, load_model
from train.model.devices import precision
from train.model.weights import single_head

FLOAT_LAYERS: Final = ("stem", "shortcut")
"""Parts of layer names that "int8" leaves in float32: the stem, which sees one channel, is faster so, and the
shortcuts, which are small, carry what later layers add to."""
_INTEGER_STEPS: Final = np.float32(127)
"""Of 8-bit weights, to each side of zero."""
_MIN_RANGE: Final = np.float32(1e-12)


def export_keras(trained: Sequence[Path], head: str, out: Path, weights: str) -> None:
    """Write one head of a trained model as ``<head>.keras``: fixed input, float32, no optimizer.

    Of several models, each trained on from the one before, the mean of their weights is taken. A gender in
    two units becomes the very probability of female: a softmax of two is the sigmoid of their difference. For
    "int8" convolutions get the very weights that the LiteRT file will hold, so that both give the same
    predictions but for the rounding of activations.
    """
    with precision("float32"):
        model = single_head([load_model(path) for path in trained], head)
        if head == GENDER and model.output_shape[-1] > 1:
            model = _as_probability(model)
    if weights == "int8":
        for layer in model.layers:
            stays = any(part in layer.name for part in FLOAT_LAYERS)
            if isinstance(layer, keras.layers.Conv2D) and not stays:
                kernel, *biases = layer.get_weights()
                layer.set_weights([_rounded(kernel), *biases])
    out.mkdir(parents=True, exist_ok=True)
    with atomic_write(out / f"{head}.keras") as partial:
        model.save(partial)


def _as_probability(model: keras.Model) -> keras.Model:
    """A gender model of one unit that predicts what one of two, male and female, does."""
    single = build_model(replace(describe(model), gender_units=1))
    for layer in single.layers:
        weights = model.get_layer(layer.name).get_weights()
        if layer.name == f"{GENDER}_logits":
            weights = [np.diff(weight, axis=-1) for weight in weights]
        layer.set_weights(weights)
    return single


def _rounded(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights ``(h, w, channels, filters)`` rounded to 127 steps of each filter's largest one.

    Batch normalisation, which the converter multiplies into them, scales whole filters: the steps stay.
    """
    step = np.maximum(np.abs(kernel).max(axis=(0, 1, 2), keepdims=True), _MIN_RANGE) / _INTEGER_STEPS
    return np.asarray(np.round(kernel / step) * step, np.float32)


def export_litert(model: keras.Model, path: Path, weights: str) -> None:
    """Convert a model to the LiteRT file ``path``, with a free batch dimension.

    "int8" stores the weights of convolutions as 8-bit integers, one scale a channel, and computes on
    integers with a scale found for each image ("dynamic range"); the :data:`FLOAT_LAYERS` stay as they are.
    """
    import tensorflow as tf

    with tempfile.TemporaryDirectory(dir=path.parent) as saved:
        _save(model, saved)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved)
        if weights == "float16":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        converted = bytes(converter.convert())
    if weights == "int8":
        converted = _with_integers(converted)
    write_atomically(path, converted)


def _save(model: keras.Model, folder: str) -> None:
    """Write a SavedModel for the converter.

    On TensorFlow not by ``model.export``, which traces the network three times: conversion takes less than
    half as long, and what comes out predicts the same to the bit.
    """
    if keras.backend.backend() != "tensorflow":
        model.export(folder, format="tf_saved_model", verbose=False)
        return
    import tensorflow as tf

    image = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="image")
    predict = tf.function(lambda x: model(x, training=False), input_signature=[image], autograph=False)
    kept = tf.Module()
    kept.weights = [variable.value for variable in model.variables]
    tf.saved_model.save(kept, folder, signatures=predict.get_concrete_function())


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
