"""The whole line runs from images to models that ship and their report, by commands alone."""

import json
from pathlib import Path

import keras
import pytest
from typer.testing import CliRunner

from tests.train.conftest import WritePhotographs
from train.cli import app
from train.data.targets import HEADS

pytestmark = pytest.mark.training

FAST = "--architecture plain --width 0.25 --precision float32 --epochs 1 --batch 8 --size 32"


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
    call("fit", "--data", data, "-o", run, *FAST.split())
    assert (run / "log.csv").read_text(encoding="utf-8").count("\n") == 2
    trained = run / "model.keras"
    # How far the 8-bit form of a network that has hardly learnt is off depends on chance.
    call("export", "--data", data, "--age", trained, "--gender", trained, "-o", out, "--weights", "float32")

    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["version"] == 1
    for head in HEADS:
        entry = manifest["models"][head]
        model = keras.models.load_model(out / entry["keras"]["file"])
        assert model.input_shape == (None, 128, 128, 1)
        assert getattr(model, "optimizer", None) is None
        assert model.output_shape == (None, entry["output"]["size"])
        assert entry["litert"]["weights"] == "float32"
        assert entry["metrics"]["litert_difference"]["mean"] < 0.01

    files = (out / "age.tflite", out / "gender.tflite")
    printed = call(
        "evaluate", *files, "--data", data, "-o", tmp_path / "report", "--manifest", out / "manifest.json"
    )
    assert "age range accuracy" in printed
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["datasets"]["faces"]["gender"]["count"] >= 8
    assert (tmp_path / "report" / "report.html").exists()
