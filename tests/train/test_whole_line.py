"""The whole line runs from images to models that ship and their report, by commands alone."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.train.conftest import WritePhotographs
from train.cli import app
from train.data.augment import Augmentation, augment
from train.data.crops import STORED_PX, load_crops
from train.data.table import Table
from train.data.targets import HEADS

pytestmark = pytest.mark.training


def grow(data: Path, count: int) -> None:
    """Make of the images of a prepared folder ``count``, by augmentation."""
    table, crops = Table.load(data), load_crops(data)
    random = np.random.default_rng(0)
    chosen = np.concatenate([np.arange(len(table)), random.integers(0, len(table), count - len(table))])
    grown = np.stack(
        [augment(crops[row], STORED_PX, STORED_PX, random, Augmentation()) for row in table.row[chosen]]
    )
    np.save(data / "crops.npy", grown)
    replace(table.take(chosen), row=np.arange(count)).save(data)


def test_the_whole_line_from_images_to_models(tmp_path: Path, write_photographs: WritePhotographs) -> None:
    labels = [("30-39", "male"), ("57", "female"), ("25", "male"), ("60-69", "female")]
    write_photographs(tmp_path / "faces", labels * 10)
    data, run, out = tmp_path / "prepared", tmp_path / "run", tmp_path / "models"

    def call(*words: str | Path) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    call("prepare", tmp_path / "faces", "-o", data, "--test", "0.25", "--validation", "0.25")
    assert (data / "sheet.png").stat().st_size > 1000
    # Fewer steps leave a network whose 8-bit form is too far off.
    grow(data, 500)
    fast = ["--width", "0.25", "--precision", "float32", "--epochs", "1", "--batch", "16", "--size", "64"]
    call("fit", "--data", data, "-o", run, *fast)
    assert (run / "log.csv").read_text(encoding="utf-8").count("\n") == 2
    trained = run / "model.keras"
    call("export", "--data", data, "--age", trained, "--gender", trained, "-o", out)

    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["version"] == 1
    for head in HEADS:
        entry = manifest["models"][head]
        model = keras.models.load_model(out / entry["keras"]["file"])
        assert model.input_shape == (None, 128, 128, 1)
        assert getattr(model, "optimizer", None) is None
        assert model.output_shape == (None, entry["output"]["size"])
        assert entry["metrics"]["litert_difference"]["mean"] < 0.5

    files = (out / "age.tflite", out / "gender.tflite")
    printed = call(
        "evaluate", *files, "--data", data, "-o", tmp_path / "report", "--manifest", out / "manifest.json"
    )
    assert "age range accuracy" in printed
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["datasets"]["faces"]["gender"]["count"] >= 8
    assert (tmp_path / "report" / "report.html").exists()
