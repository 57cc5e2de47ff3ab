"""One command makes models that run of a folder of photographs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from agecam.cli import app as agecam
from agecam.paths import models_dir
from agecam.vision.manifest import Manifest
from tests.train.conftest import WritePhotographs
from train.cli import app
from train.errors import DataError
from train.model.build import build_model, describe, load_model
from train.model.network import Network
from train.workflows.config import AllConfig
from train.workflows.everything import train_everything

pytestmark = pytest.mark.training

LABELS = [("20", "female"), ("75", "male")]
"""Of two people whom the shipped models take for others, as far as their ages go."""


def predicted(photographs: Path, *options: str) -> list[dict[str, Any]]:
    words = ["predict", "--json", *(str(photographs / f"{index}.jpg") for index in range(2)), *options]
    result = CliRunner().invoke(agecam, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    # The photographs are mirrored at their edges, where a detector may see faces too.
    faces = (json.loads(line)["faces"] for line in result.stdout.splitlines())
    return [max(found, key=lambda face: face["box"][2]) for found in faces]


def test_a_folder_of_photographs_with_a_semicolon_table_becomes_models_that_run(
    tmp_path: Path, write_photographs: WritePhotographs
) -> None:
    photographs = write_photographs(tmp_path / "photographs", LABELS * 12)
    table = (photographs / "labels.csv").read_text(encoding="utf-8")
    table = table.replace("file,age,gender", "Filename,Years,Sex").replace(",", ";")
    (photographs / "labels.csv").write_text(table, encoding="utf-16")
    out = tmp_path / "mine"
    words = ["all", str(photographs), "-o", str(out), "--epochs", "4"]
    result = CliRunner(env={"COLUMNS": "300"}).invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert f"agecam --models {out}" in result.output.replace("\n", "")
    assert (out / "training" / "report" / "report.html").is_file()
    before, after = predicted(photographs), predicted(photographs, "--models", str(out))
    for label, one, other in zip((20, 75), before, after, strict=True):
        assert abs(other["age"] - label) < abs(one["age"] - label)
    assert after[0]["female"] > 0.5 > after[1]["female"]


def test_folders_per_class_become_a_model_and_the_head_they_do_not_tell_of_is_the_one_that_ships(
    tmp_path: Path, write_photographs: WritePhotographs
) -> None:
    start = tmp_path / "start"  # smaller than those that ship, and one that knows nothing becomes no worse
    start.mkdir()
    network = Network("plain", ("age",), 0.25)
    build_model(network, size_px=32).save(start / "age.keras")
    photographs = write_photographs(tmp_path / "photographs", LABELS * 12)
    (photographs / "labels.csv").unlink()
    for file in sorted(photographs.glob("*.jpg")):
        age, _ = LABELS[int(file.stem) % 2]
        (photographs / age).mkdir(exist_ok=True)
        file.rename(photographs / age / file.name)
    steps: list[str] = []
    done = train_everything(
        AllConfig(photographs, tmp_path / "mine", start, epochs=1, force=True), steps.append
    )
    assert done.unlabelled == ("gender",)
    assert [one.path.name for one in done.exported] == ["age.tflite"]
    assert any("Training age" in step for step in steps)
    assert "photographs: labels by folder, 20, 75" in steps
    own, shipped = Manifest.read(tmp_path / "mine"), Manifest.read(models_dir())
    assert own.model_bytes("gender", "litert") == shipped.model_bytes("gender", "litert")
    assert own.model_bytes("age", "litert") != shipped.model_bytes("age", "litert")
    assert describe(load_model(tmp_path / "mine" / "age.keras")) == network
    (report,) = done.reports.values()
    one, other = (load_model(path).get_layer("age_logits") for path in (start / "age.keras", report["saved"]))
    assert not np.array_equal(one.kernel, other.kernel), "it has learnt"


def test_photographs_without_labels_are_told_and_nothing_is_made(
    tmp_path: Path, write_photographs: WritePhotographs
) -> None:
    photographs = write_photographs(tmp_path / "photographs", [("30", "female"), ("40", "male")])
    with pytest.raises(DataError, match=r"too few labelled images \(2 with a face\)"):
        train_everything(AllConfig(photographs, tmp_path / "mine"), lambda _: None)
    assert not (tmp_path / "mine" / "manifest.json").exists()
