"""Weights taken over from one network, or from the mean of several, to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from train.errors import DataError
from train.model.build import build_model, describe


def copy_weights(sources: Sequence[keras.Model], target: keras.Model) -> list[str]:
    """Copy the weights of all layers that models have in common by name; returns the names that were copied.

    Of layers that several sources have, the mean is taken: right for models that were trained on from one
    and the same (Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves
    accuracy without increasing inference time", ICML 2022). The models may be for images of different
    sizes. Raises :class:`DataError` when several are not of one architecture and width, and when layers of
    one name have different shapes.
    """
    if len(sources) > 1 and len({(one.architecture, one.width) for one in map(describe, sources)}) > 1:
        raise DataError("Weights can be averaged over models of one architecture and width alone.")
    known = [({layer.name: layer for layer in source.layers}, _map_side(source)) for source in sources]
    side = _map_side(target)
    copied = []
    for layer in target.layers:
        if not layer.weights:
            continue
        theirs = [
            _resized(named[layer.name].get_weights(), layer, side_before, side)
            for named, side_before in known
            if layer.name in named
        ]
        if not theirs:
            continue
        shapes = [tuple(weight.shape) for weight in layer.weights]
        if any([weight.shape for weight in weights] != shapes for weights in theirs):
            raise DataError(
                f"The weights for {target.name} do not fit: layer {layer.name} differs. "
                "Give all models the same architecture and width."
            )
        layer.set_weights([np.mean(weights, axis=0) for weights in zip(*theirs, strict=True)])
        copied.append(layer.name)
    return copied


def _resized(
    weights: list[NDArray[np.float32]], layer: keras.Layer, side: int, side_now: int
) -> list[NDArray[np.float32]]:
    """The weights of a dense layer on ``side`` x ``side`` places, for one on ``side_now`` x ``side_now``.

    Each new place gets its share of the weights of the places where it lies; from an average, which is one
    place, predictions stay the same. Other weights are handed through.
    """
    kernel = weights[0]
    channels, rest = divmod(kernel.shape[0], side**2)
    if side == side_now or not isinstance(layer, layers.Dense) or rest:
        return weights
    if layer.weights[0].shape != (side_now**2 * channels, kernel.shape[1]):
        return weights
    places = kernel.reshape(1, side, side, channels * kernel.shape[1])
    resized = keras.ops.image.resize(places, (side_now, side_now)) * (side / side_now) ** 2
    return [keras.ops.convert_to_numpy(resized).reshape(-1, kernel.shape[1]), *weights[1:]]


def _map_side(model: keras.Model) -> int:
    """How many places across its heads tell apart."""
    flattened = (layer for layer in model.layers if isinstance(layer, layers.Flatten))
    return next((layer.input.shape[1] for layer in flattened), 1)


def single_head(models: Sequence[keras.Model], head: str) -> keras.Model:
    """The shipped form of one head: fixed 128 x 128 input, float32, no optimizer.

    Of several models the mean of their weights. Call it under the float32 policy. Raises :class:`DataError`
    when none of them has learnt that head, and as :func:`copy_weights` does.
    """
    networks = [describe(model) for model in models]
    network = next((one for one in networks if head in one.heads), None)
    if network is None:
        raise DataError(f"No model given for {head} has learnt it: give one that has.")
    shipped = build_model(replace(network, heads=(head,)))
    copy_weights(models, shipped)
    return shipped


_WIDEN_NOISE: Final = 0.02
"""Standard deviation of the noise on weights of added filters, of that of the layer's weights: without any, a
filter and its copy would learn the same for ever."""


def widen(source: keras.Model, width: float, seed: int = 0) -> keras.Model:
    """A "compact" or "resnet" network at another, greater width that predicts nearly what ``source`` does.

    Added filters are copies of others, taken at random, and what reads them shares their weights out (Chen et
    al., "Net2Net: Accelerating Learning via Knowledge Transfer", ICLR 2016). Call it under the float32
    policy. Raises :class:`DataError` for other architectures and for a width that is no greater.
    """
    network = describe(source)
    if network.architecture not in ("compact", "resnet") or width <= network.width:
        raise DataError(f"{source.name} cannot be widened to {width:g}: give a narrower compact or resnet.")
    wide = build_model(replace(network, width=width), size_px=source.input_shape[1])
    random = np.random.default_rng(seed)
    copied: dict[str, NDArray[np.int64]] = {}
    for layer in wide.layers:
        if not layer.weights:
            continue
        weights = source.get_layer(layer.name).get_weights()
        reads, writes = _stream_read(layer.name), _stream_written(layer.name)
        if isinstance(layer, layers.Conv2D):
            count, filters = weights[0].shape[3], layer.filters
            if writes not in copied:
                added = random.integers(0, count, filters - count)
                copied[writes] = np.concatenate([np.arange(count), added])
            kernel = _shared_out(weights[0], copied.get(reads), axis=2)[..., copied[writes]]
            kernel[..., count:] += random.normal(
                0, _WIDEN_NOISE * weights[0].std(), kernel[..., count:].shape
            )
            layer.set_weights([kernel])
        elif isinstance(layer, layers.Dense):
            channels = len(np.unique(copied[reads]))
            places = weights[0].reshape(-1, channels, weights[0].shape[1])
            layer.set_weights(
                [_shared_out(places, copied[reads], axis=1).reshape(layer.kernel.shape), weights[1]]
            )
        else:
            layer.set_weights([weight[copied[writes]] for weight in weights])
    return wide


def _shared_out(
    kernel: NDArray[np.float32], copied: NDArray[np.int64] | None, axis: int
) -> NDArray[np.float32]:
    """A kernel that reads copied channels, each with its share of the weights of the one it copies."""
    if copied is None:
        return kernel.copy()
    shares = 1 / np.bincount(copied)[copied]
    shape = [1] * kernel.ndim
    shape[axis] = -1
    return np.asarray(np.take(kernel, copied, axis) * shares.reshape(shape), np.float32)


def _stream_written(name: str) -> str:
    """What the channels that a layer writes belong to: the stem, a stage's sums, or the inside of a block."""
    stage, _, rest = name.partition("_block")
    if not rest:
        return "stem"
    return f"{stage}_block{rest[:2]}" if rest[1:].startswith("_1_") else stage


def _stream_read(name: str) -> str:
    """The same of the channels that a layer reads."""
    stage, _, rest = name.partition("_block")
    if name.startswith("stem"):
        return "image"
    if not rest:
        return "stage4"
    if rest[1:].startswith("_2_"):
        return f"{stage}_block{rest[:2]}"
    if rest[0] == "1":
        number = int(stage.removeprefix("stage"))
        return f"stage{number - 1}" if number > 1 else "stem"
    return stage
