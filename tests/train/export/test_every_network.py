"""Whatever `fit` can train, the program can run."""

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agecam.vision.align import to_model_input
from agecam.vision.classifier import LiteRtClassifier
from agecam.vision.keras_classifier import KerasClassifier
from agecam.vision.litert import LiteRtModel
from agecam.vision.manifest import Manifest
from tests.train.conftest import SmallConfig
from train.data.crops import center_crop, load_crops
from train.data.table import Table
from train.errors import DataError
from train.export.config import ExportConfig
from train.export.convert import export_keras, export_litert
from train.export.export import export
from train.fit.config import AGE_LOSSES, GENDER_LOSSES, OPTIMIZERS, FitConfig
from train.fit.run_folder import validation_losses
from train.fit.training import fit
from train.model.build import build_model, describe, load_model
from train.model.network import ARCHITECTURE_NAMES

pytestmark = pytest.mark.training


LOSSES_AND_OPTIMIZERS = list(
    zip(AGE_LOSSES, (*GENDER_LOSSES, *GENDER_LOSSES), (*OPTIMIZERS, *OPTIMIZERS[:1]), strict=True)
)

Train = Callable[[str, str, str], FitConfig]


@pytest.fixture(scope="module")
def train(small_config: SmallConfig, tmp_path_factory: pytest.TempPathFactory) -> Train:
    """Trains by an age loss, a gender loss and an optimizer, once each; gives the configuration."""

    @functools.cache
    def run(age_loss: str, gender_loss: str, optimizer: str) -> FitConfig:
        out = tmp_path_factory.mktemp("losses") / "run"
        config = small_config(out, age_loss=age_loss, gender_loss=gender_loss, optimizer=optimizer)
        fit(config)
        return config

    return run


@pytest.mark.parametrize(("age_loss", "gender_loss", "optimizer"), LOSSES_AND_OPTIMIZERS)
def test_every_loss_and_optimizer_trains_the_network_that_it_names(
    train: Train, age_loss: str, gender_loss: str, optimizer: str
) -> None:
    run = train(age_loss, gender_loss, optimizer)
    assert describe(load_model(run.out / "model.keras")) == run.network
    assert run.network.age_units == (1 if age_loss in ("mae", "mse") else 101)
    assert run.network.gender_units == (2 if gender_loss == "categorical" else 1)
    assert np.isfinite(validation_losses(run.out)).all()


# Each number of units of both heads, and of each pair of losses that share one, the less usual one.
@pytest.mark.parametrize("losses", [("mean-variance", "categorical", "adam"), ("mae", "binary", "sgd")])
def test_what_was_trained_runs_live(
    prepared: Path, train: Train, tmp_path: Path, losses: tuple[str, str, str]
) -> None:
    assert losses in LOSSES_AND_OPTIMIZERS
    trained = train(*losses).out / "model.keras"
    out = tmp_path / "models"
    export(ExportConfig(prepared, out, (trained,), (trained,), weights="float32"))
    assert Manifest.read(out).models["age"]["output"]["size"] == (1 if losses[0] == "mae" else 101)
    faces = center_crop(load_crops(prepared)[:16])
    lite, keras = LiteRtClassifier(out).classify(faces), KerasClassifier(out).classify(faces)
    for one, other in zip(lite, keras, strict=True):
        assert one.age == pytest.approx(other.age, abs=0.1)
        assert one.female == pytest.approx(other.female, abs=0.01)
        assert one.age_high - one.age_low > 1


@pytest.mark.parametrize("architecture", ARCHITECTURE_NAMES)
def test_every_architecture_becomes_a_file_that_the_program_can_run(
    prepared: Path, small_config: SmallConfig, tmp_path: Path, architecture: str
) -> None:
    network = small_config(tmp_path, architecture=architecture, heads=("age",), age_loss="mae").network
    build_model(network, size_px=64).save(tmp_path / "model.keras")
    export_keras([tmp_path / "model.keras"], "age", tmp_path, "float32")
    written = load_model(tmp_path / "age.keras")
    export_litert(written, tmp_path / "age.tflite", "float32")
    lite = LiteRtModel((tmp_path / "age.tflite").read_bytes())
    assert (lite.input_shape, lite.output_shape) == ((128, 128, 1), (1,))
    faces = to_model_input(center_crop(load_crops(prepared)[:2]))
    assert lite.run(faces) == pytest.approx(np.asarray(written(faces)), abs=0.05)


def test_one_probability_says_what_two_columns_said(small_config: SmallConfig, tmp_path: Path) -> None:
    network = small_config(tmp_path, gender_loss="categorical").network
    model = build_model(network)
    model.save(tmp_path / "model.keras")
    export_keras([tmp_path / "model.keras"], "gender", tmp_path, "float32")
    faces = to_model_input(np.random.default_rng(0).integers(0, 255, (6, 128, 128), dtype=np.uint8))
    two = np.asarray(model(faces)["gender"])
    assert two.shape == (6, 2)
    assert np.asarray(load_model(tmp_path / "gender.keras")(faces)) == pytest.approx(two[:, 1:], abs=1e-6)


def test_a_plain_age_without_exact_labels_is_refused(
    prepared: Path, small_config: SmallConfig, tmp_path: Path
) -> None:
    data = tmp_path / "ranges"
    data.mkdir()
    np.save(data / "crops.npy", np.load(prepared / "crops.npy"))
    table = Table.load(prepared)
    replace(table, age_high=np.maximum(table.age_high, table.age_low + 5)).save(data)
    build_model(small_config(tmp_path, age_loss="mse").network).save(tmp_path / "model.keras")
    with pytest.raises(DataError, match="exact ages"):
        export(ExportConfig(data, tmp_path / "models", (tmp_path / "model.keras",), weights="float32"))
    assert not (tmp_path / "models").exists()
