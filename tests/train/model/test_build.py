"""Networks predict probabilities, and are recognised by their files."""

from pathlib import Path

import keras
import numpy as np
import pytest

from train.errors import DataError
from train.model.architectures import ARCHITECTURES
from train.model.build import build_model, describe, load_model
from train.model.network import ARCHITECTURE_NAMES, Network


def test_every_named_architecture_is_there() -> None:
    assert tuple(ARCHITECTURES) == ARCHITECTURE_NAMES


@pytest.mark.parametrize("architecture", ["resnet", "plain"])
def test_models_predict_probabilities_whatever_the_brightness(architecture: str) -> None:
    model = build_model(Network(architecture, width=0.25), size_px=64)
    dark = np.random.default_rng(0).random((2, 64, 64, 1), np.float32) * 0.3
    output = {head: np.asarray(value) for head, value in model.predict_on_batch(dark).items()}
    assert output["age"].shape == (2, 101)
    assert output["gender"].shape == (2, 1)
    np.testing.assert_allclose(output["age"].sum(axis=1), 1, atol=1e-5)
    brighter = model.predict_on_batch(dark + 0.5)
    np.testing.assert_allclose(np.asarray(brighter["age"]), output["age"], atol=1e-3)


def test_networks_are_known_by_their_files(tmp_path: Path) -> None:
    network = Network("compact", ("gender",), 0.25, dropout=0.4, gender_units=2)
    build_model(network, size_px=48).save(tmp_path / "model.keras")
    assert describe(load_model(tmp_path / "model.keras")) == network


def test_other_models_are_refused_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not trained here"):
        describe(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]))
    (tmp_path / "model.keras").write_bytes(b"no model")
    with pytest.raises(DataError, match="not a Keras model"):
        load_model(tmp_path / "model.keras")
