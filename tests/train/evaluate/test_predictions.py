"""Any model file predicts for faces, one view or several."""

from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.paths import models_dir
from agecam.vision.align import TTA_VIEWS
from tests.train.evaluate.conftest import MakeModel
from train.data.crops import STORED_PX, warp_view
from train.errors import DataError
from train.evaluate.predictions import open_model, predict_crops, run_model


def test_models_may_predict_distributions_years_or_one_or_two_genders(
    models: MakeModel,
) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (70, 128, 128), dtype=np.uint8)

    def predicted(units: int, activation: str) -> dict[str, NDArray[np.float32]]:
        return run_model(open_model(models(units, activation)), faces)

    assert predicted(101, "softmax")["age"].shape == (70, 101)
    assert predicted(1, "softplus")["age"].shape == (70, 1)
    assert predicted(1, "sigmoid")["gender"].shape == (70,)
    two = predicted(2, "softmax")["gender"]
    raw = keras.models.load_model(models(2, "softmax")).predict_on_batch(faces[..., None] / np.float32(255))
    np.testing.assert_allclose(two, np.asarray(raw)[:, 1], atol=1e-5)
    with pytest.raises(DataError, match="7 outputs a face"):
        predicted(7, "softmax")


def test_later_models_replace_earlier_ones(models: MakeModel) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (2, STORED_PX, STORED_PX), dtype=np.uint8)
    opened = [open_model(models(101, "softmax")), open_model(models(1, "softplus"))]
    assert predict_crops(opened, crops, np.arange(2))["age"].shape == (2, 1)


def test_views_are_averaged(models: MakeModel) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (3, STORED_PX, STORED_PX), dtype=np.uint8)
    model, rows = open_model(models(1, "softplus")), np.array([0, 2])
    alone = [run_model(model, [warp_view(crops[row], view) for row in rows])["age"] for view in TTA_VIEWS]
    together = predict_crops([model], crops, rows, TTA_VIEWS)["age"]
    np.testing.assert_allclose(together, np.mean(alone, axis=0), rtol=1e-5)
    assert np.abs(alone[0] - alone[1]).max() > 0.01


def test_no_faces_give_no_predictions() -> None:
    predictions = run_model(open_model(models_dir() / "age.tflite"), [])
    assert predictions["age"].shape == (0, 101)


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    for name in ("model.keras", "model.tflite"):
        with pytest.raises(DataError, match=name):
            open_model(tmp_path / name)
        (tmp_path / name).write_bytes(b"no model")
        with pytest.raises(DataError, match="can be read"):
            open_model(tmp_path / name)
