"""Faster forms of batch normalisation do what the stock layer does."""

import keras
import numpy as np
import pytest

from train.model.batch_norm import batch_normalization, fold_batch_norm, fused_batch_norm
from train.model.build import build_model
from train.model.network import Network


@pytest.mark.parametrize("architecture", ["compact", "inception", "mobilenet"])
def test_network_with_folded_batch_norm_predicts_the_same(architecture: str) -> None:
    model = build_model(Network(architecture, width=0.25), size_px=48)
    random = np.random.default_rng(4)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
    x = random.random((2, 48, 48, 1), np.float32)
    without = fold_batch_norm(model)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in without.layers)
    for head, prediction in without(x).items():
        np.testing.assert_allclose(np.asarray(prediction), np.asarray(model(x)[head]), atol=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the fused operation is TensorFlow's")
def test_fused_batch_norm_trains_as_the_stock_layer() -> None:
    with fused_batch_norm():
        fused = batch_normalization("fused")
    stock = batch_normalization("stock")
    assert type(fused) is not type(stock)
    x = np.random.default_rng(0).random((8, 6, 6, 4), np.float32)
    for training in (True, True, False):
        np.testing.assert_allclose(
            np.asarray(fused(x, training=training)), np.asarray(stock(x, training=training)), atol=1e-4
        )
    # The fused operation divides the variance by one less.
    for one, other in zip(fused.get_weights(), stock.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)
