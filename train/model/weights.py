"""Weights taken over from one network, or from the mean of several, to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
