"""Networks predict probabilities, and are recognised by their files."""

import json
import zipfile
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


def test_a_damaged_model_is_told_in_one_sentence(tmp_path: Path) -> None:
    whole, damaged = tmp_path / "whole.keras", tmp_path / "damaged.keras"
    build_model(Network("compact", width=0.125)).save(whole)
    with zipfile.ZipFile(whole) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    for name, content in (
        ("config.json", b"[]"),
        ("config.json", json.dumps(config | {"config": "text"}).encode()),
        ("config.json", json.dumps(config | {"class_name": "Unknown"}).encode()),
        ("model.weights.h5", b"no weights"),
        ("model.weights.h5", parts["model.weights.h5"][:3000]),
    ):
        with zipfile.ZipFile(damaged, "w") as archive:
            for part, kept in parts.items():
                archive.writestr(part, content if part == name else kept)
        with pytest.raises(DataError, match=r"damaged\.keras is not a Keras model"):
            load_model(damaged)
    whole_bytes = whole.read_bytes()
    for cut in (0, 100, len(whole_bytes) // 2):
        damaged.write_bytes(whole_bytes[:cut])
        with pytest.raises(DataError, match=r"damaged\.keras is not a Keras model"):
            load_model(damaged)


def test_a_model_that_is_not_what_its_name_says_is_told() -> None:
    image = keras.Input((8, 8, 1))
    model = keras.Model(image, keras.layers.Flatten()(image), name="compact_age")
    with pytest.raises(DataError, match="is not what its name says"):
        describe(model)
