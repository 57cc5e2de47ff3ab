"""What ships predicts as what was trained, and is described."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest

from agecam.errors import ModelError
from agecam.paths import models_dir
from agecam.vision.calibration import AGES
from agecam.vision.litert import LiteRtModel
from agecam.vision.manifest import Manifest
from tests.train.samples import table_of_samples
from train.data.readers import Sample
from train.errors import DataError
from train.evaluate.calibrate import calibrate
from train.export.check import check_parity
from train.export.config import ExportConfig
from train.export.convert import export_keras, export_litert
from train.export.export import Exported, export, live_calibration, milliseconds_per_face
from train.export.manifest import current_commit
from train.model.build import build_model, load_model
from train.model.network import Network


@dataclass(frozen=True, slots=True)
class Models:
    """The model of the fixture ``trained`` as the program reads it; the folder is not to be changed."""

    folder: Path
    exported: list[Exported]

    def copied(self, folder: Path) -> Path:
        """A copy that may be changed."""
        return Path(shutil.copytree(self.folder, folder))


@pytest.fixture(scope="module")
def models(prepared: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Models:
    folder = tmp_path_factory.mktemp("exported") / "models"
    config = ExportConfig(prepared, folder, (trained,), (trained,), weights="float32", commit="abc")
    return Models(folder, export(config))


def test_exported_models_are_read_by_the_program(models: Models) -> None:
    assert [one.path for one in models.exported] == [
        models.folder / f"{head}.tflite" for head in ("age", "gender")
    ]
    assert all(one.ms_per_face > 0 and one.size_mb > 0.01 for one in models.exported)
    assert all(one.difference["largest"] < 0.01 for one in models.exported)
    manifest = Manifest.read(models.folder)
    assert LiteRtModel(manifest.model_bytes("age", "litert")).output_shape == (101,)
    assert LiteRtModel(manifest.model_bytes("gender", "litert")).output_shape == (1,)
    entry = json.loads((models.folder / "manifest.json").read_text(encoding="utf-8"))["models"]["age"]
    assert (entry["training_commit"], entry["litert"]["weights"]) == ("abc", "float32")
    assert entry["metrics"]["noise"]["age"]["count"] > 0


@pytest.mark.parametrize("weights", ["int8", "float16"])
def test_smaller_weights_predict_nearly_the_same(trained: Path, tmp_path: Path, weights: str) -> None:
    export_keras([trained], "gender", tmp_path, weights)
    written = load_model(tmp_path / "gender.keras")
    export_litert(written, tmp_path / "gender.tflite", weights)
    faces = np.random.default_rng(0).random((4, 128, 128, 1), np.float32)
    lite = LiteRtModel((tmp_path / "gender.tflite").read_bytes()).run(faces)
    np.testing.assert_allclose(lite, written(faces), atol=0.02)


def test_integer_weights_are_in_the_keras_file_too(tmp_path: Path) -> None:
    model = build_model(Network("compact", ("age",), 0.25))
    model.save(tmp_path / "model.keras")
    export_keras([tmp_path / "model.keras"], "age", tmp_path, "int8")
    exported = load_model(tmp_path / "age.keras")

    def steps(name: str) -> float:
        kernel = np.asarray(exported.get_layer(name).kernel)
        scaled = kernel / np.abs(kernel).max(axis=(0, 1, 2)) * 127
        return float(np.abs(scaled - np.round(scaled)).max())

    convolutions = [layer.name for layer in exported.layers if isinstance(layer, keras.layers.Conv2D)]
    rounded = {name for name in convolutions if steps(name) < 1e-3}
    assert rounded == {name for name in convolutions if "stem" not in name and "shortcut" not in name}
    assert len(rounded) == 16


def test_file_that_differs_too_much_is_refused() -> None:
    check_parity("age", "int8", {"mean": 0.1, "largest": 0.49})
    with pytest.raises(DataError, match=r"age\.tflite is up to 0\.510 off age\.keras, more than 0\.5"):
        check_parity("age", "int8", {"mean": 0.1, "largest": 0.51})
    with pytest.raises(DataError, match="nan off"):
        check_parity("age", "int8", {"mean": float("nan"), "largest": float("nan")})


def test_nothing_is_touched_by_an_export_that_is_refused(
    prepared: Path, trained: Path, models: Models, tmp_path: Path
) -> None:
    out = models.copied(tmp_path / "models")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    spoilt = load_model(trained)
    logits = spoilt.get_layer("gender_logits")
    logits.set_weights([weight * np.nan for weight in logits.get_weights()])
    spoilt.save(tmp_path / "spoilt.keras")
    with pytest.raises(DataError, match="nan"):
        export(ExportConfig(prepared, out, (trained,), (tmp_path / "spoilt.keras",), weights="float32"))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_ages_that_are_all_ranges_leave_the_doubt_of_the_shipped_models() -> None:
    ranges = table_of_samples(Sample("classes", f"{i}.jpg", 20, 29, i % 2 == 0) for i in range(8))
    predictions = {
        "age": np.full((8, AGES), 1 / AGES, np.float32),
        "gender": np.linspace(0.1, 0.9, 8, dtype=np.float32),
    }
    shipped, made = Manifest.read(models_dir()).calibration, live_calibration(predictions, ranges)
    assert made.temperature == shipped.temperature != 1
    assert made.interval_scale == shipped.interval_scale
    assert made.slope == calibrate(predictions, ranges).slope != shipped.slope


def test_unknown_weights_are_refused(prepared: Path, trained: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no weights 'int4'"):
        export(ExportConfig(prepared, tmp_path, (trained,), (trained,), weights="int4"))
    with pytest.raises(DataError, match="no model to export"):
        export(ExportConfig(prepared, tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_head_without_a_model_stays_or_is_the_one_that_ships(
    prepared: Path, trained: Path, models: Models, tmp_path: Path
) -> None:
    out = tmp_path / "models"
    (one,) = export(ExportConfig(prepared, out, gender=(trained,), weights="float32"))
    assert one.path == out / "gender.tflite"
    shipped, made = Manifest.read(models_dir()), Manifest.read(out)
    assert made.model_bytes("age", "litert") == shipped.model_bytes("age", "litert")
    assert made.models["age"] == shipped.models["age"]
    assert made.models["gender"] != shipped.models["gender"]
    both = models.copied(tmp_path / "both")
    age, gender = (Manifest.read(both).models[head] for head in ("age", "gender"))
    export(ExportConfig(prepared, both, gender=(trained,), weights="float32", commit="def"))
    assert Manifest.read(both).models["age"] == age
    assert (gender["training_commit"], Manifest.read(both).models["gender"]["training_commit"]) == (
        "abc",
        "def",
    )


def test_damaged_models_are_not_built_upon(prepared: Path, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ModelError, match="damaged"):
        export(ExportConfig(prepared, tmp_path, age=(trained,)))
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_speed_is_measured_on_the_file(models: Models) -> None:
    assert milliseconds_per_face(models.folder / "age.tflite") > 0


def test_commit_is_one_or_unknown() -> None:
    assert current_commit() == "unknown" or len(current_commit()) == 40
