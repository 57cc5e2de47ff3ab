"""Any model is measured on any labelled images: as stored, corrupted, and as live use sees them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agecam.paths import models_dir
from agecam.vision.align import TTA_VIEWS
from tests.train.evaluate.conftest import MakeModel
from train.data.crops import load_crops, warp_view
from train.data.table import Table
from train.errors import DataError
from train.evaluate.config import EvaluateConfig
from train.evaluate.corruptions import CORRUPTIONS
from train.evaluate.evaluation import evaluate, headline
from train.evaluate.live import LIVE_CORRUPTIONS
from train.evaluate.predictions import open_model, run_model


def test_raw_images_are_measured_once_each_and_through_the_live_path(
    images: Path, models: MakeModel, tmp_path: Path
) -> None:
    files = (models(101, "softmax"), models(1, "sigmoid"))
    config = EvaluateConfig(files, images, tmp_path / "out", corruptions=True, live=(images,))
    metrics = evaluate(config)
    assert metrics == json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["split"], metrics["calibration"]["origin"]) == ("all", "none")
    # Duplicates count once, and what shows no face does not.
    assert metrics["datasets"]["faces"]["age"]["count"] == 2
    assert len(metrics["corruptions"]) == len(CORRUPTIONS)
    clean = metrics["corruptions"][0]["metrics"]["all"]
    assert clean["age_mae"] == pytest.approx(metrics["all"]["age"]["mae"])
    assert metrics["live"]["not_found"] == {"all": 0, "faces": 0}
    assert abs(metrics["live"]["difference"]["all"]["age_mae"]) < 2
    assert [row["name"] for row in metrics["live"]["corrupted"]] == list(LIVE_CORRUPTIONS)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Through the live path" in page
    assert "Test-time augmentation: means over 4 views" in page
    printed = {(what, value[-5:]) for _, what, value in headline(metrics)}
    assert ("through the live path, age, MAE (years)", "years") in printed
    # The second time nothing has to be prepared, and plain years do as well.
    again = evaluate(EvaluateConfig((models(1, "softplus"),), images, tmp_path / "out"))
    assert again["all"]["age"]["count"] == 2
    assert "interval_coverage" not in again["all"]["age"]


def test_predictions_are_means_over_all_views_unless_told_otherwise(
    images: Path, models: MakeModel, tmp_path: Path
) -> None:
    path = models(1, "softplus")
    with_tta = evaluate(EvaluateConfig((path,), images, tmp_path / "out"))["all"]["age"]["mae"]
    prepared = tmp_path / "out" / "prepared"
    plain = evaluate(EvaluateConfig((path,), prepared, tmp_path / "again", split="all", tta=False))
    table = Table.load(prepared)
    table = table.take(table.split == "test")
    stored, model = [load_crops(prepared)[row] for row in table.row], open_model(path)
    ages = [run_model(model, [warp_view(crop, view) for crop in stored])["age"][:, 0] for view in TTA_VIEWS]
    without_tta = plain["all"]["age"]["mae"]
    assert without_tta == pytest.approx(np.abs(ages[0] - table.age_low).mean(), abs=1e-4)
    assert with_tta == pytest.approx(np.abs(np.mean(ages, axis=0) - table.age_low).mean(), abs=1e-4)
    assert with_tta != pytest.approx(without_tta, abs=1e-4)
    page = (tmp_path / "again" / "report.html").read_text(encoding="utf-8")
    assert "No test-time augmentation" in page


def test_calibration_is_that_of_the_manifest_given_or_beside_the_models_or_fitted(
    prepared: Path, images: Path, tmp_path: Path
) -> None:
    model = models_dir() / "gender.tflite"

    def calibration(data: Path, manifest: Path | None = None) -> dict[str, object]:
        config = EvaluateConfig((model,), data, tmp_path / data.name, manifest=manifest, tta=False)
        values: dict[str, object] = evaluate(config)["calibration"]
        return values

    given = calibration(prepared, models_dir() / "manifest.json")
    beside = calibration(images)
    assert (given.pop("origin"), beside.pop("origin")) == ("given", "manifest.json beside the models")
    assert given == beside
    fitted = calibration(prepared)
    assert fitted.pop("origin") == "fitted on the validation split"
    assert fitted["slope"] != given["slope"]


def test_two_models_of_one_kind_are_refused(prepared: Path, models: MakeModel, tmp_path: Path) -> None:
    age, gender = models(101, "softmax"), models(1, "sigmoid")
    again = tmp_path / "again.keras"
    shutil.copy(age, again)
    with pytest.raises(DataError, match=r"101-softmax\.keras and .*again\.keras both predict age"):
        evaluate(EvaluateConfig((age, gender, again), prepared, tmp_path / "out"))


def test_learning_curves_are_those_of_the_run_that_a_model_lies_in(
    prepared: Path, models: MakeModel, tmp_path: Path
) -> None:
    path = tmp_path / "model.keras"
    shutil.copy(models(101, "softmax"), path)
    (tmp_path / "log.csv").write_text("epoch,loss,val_loss\n0,4,5\n1,3,4\n", encoding="utf-8")
    evaluate(EvaluateConfig((path,), prepared, tmp_path / "out", tta=False))
    assert "Learning curves" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_split_without_images_is_refused(prepared: Path, models: MakeModel, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    shutil.copytree(prepared, folder)
    table = Table.load(folder)
    table.take(table.split != "validation").save(folder)
    config = EvaluateConfig((models(1, "sigmoid"),), folder, tmp_path / "out", split="validation")
    with pytest.raises(DataError, match="no images in its validation split"):
        evaluate(config)


def test_bias_is_told_by_split_set_and_decade(prepared: Path, models: MakeModel, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    shutil.copytree(prepared, folder)
    table = Table.load(folder)
    thirty = np.full(len(table), 30.0)
    replace(table, age_low=thirty, age_high=thirty, yaw_deg=np.full(len(table), -20.0)).save(folder)
    config = EvaluateConfig((models(101, "softmax"),), folder, tmp_path / "out", split="all", held_out=True)
    metrics = evaluate(config)
    # Of the other splits 16 images each are too few.
    assert {split: list(sets) for split, sets in metrics["bias"].items()} == {"train": ["noise"]}
    of_training = metrics["bias"]["train"]["noise"]["30-39"]
    assert of_training["count"] == 48
    assert -30 <= of_training["bias"] <= 70
    assert metrics["all"]["groups"]["yaw"]["half profile"]["age"]["count"] == 80
    assert metrics["held_out"] == {}, "there is no other set to calibrate on"
    assert ("noise", "age, largest bias of a decade") in [row[:2] for row in headline(metrics)]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Bias by decade" in page
    assert "By pose and size" in page
