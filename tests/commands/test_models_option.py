"""Models of one's own run where their folder is named, on the command line or in the settings."""

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from agecam import doctor
from agecam.cli import app
from agecam.commands.arguments import AnnotateArguments
from agecam.commands.batch import annotate_inputs
from agecam.errors import ModelError
from agecam.opencv import cv2
from agecam.paths import models_dir
from agecam.settings import Settings, models_folder
from agecam.ui.dialogs import about_text


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Age and gender models alone, as training exports them: those that ship, but sure of every age."""
    folder = tmp_path / "mine <b>"
    folder.mkdir()
    manifest = json.loads((models_dir() / "manifest.json").read_bytes())
    del manifest["detectors"]
    manifest["models"]["age"]["calibration"]["interval_scale"] = 0.01
    for entry in manifest["models"].values():
        shutil.copy(models_dir() / entry["litert"]["file"], folder)
        shutil.copy(models_dir() / entry["keras"]["file"], folder)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.fixture
def astronaut_png(tmp_path: Path, astronaut_bgr: NDArray[np.uint8]) -> Path:
    path = tmp_path / "astronaut.png"
    cv2.imwrite(str(path), astronaut_bgr)
    return path


def predicted(*words: str | Path) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["predict", "--json", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return [face for line in lines for face in line["faces"]]


def width(face: dict[str, Any]) -> float:
    return float(face["age_high"] - face["age_low"])


@pytest.mark.parametrize("jobs", [1, 2])
def test_predict_runs_the_models_of_a_folder(own: Path, astronaut_png: Path, jobs: int) -> None:
    other = astronaut_png.with_name("again.png")
    shutil.copy(astronaut_png, other)
    shipped = predicted(astronaut_png)
    faces = predicted(astronaut_png, other, "--models", own, "--jobs", str(jobs))
    assert len(faces) == 2
    for face in faces:
        assert face["age"] == pytest.approx(shipped[0]["age"])
        assert width(face) < 0.1 * width(shipped[0])


def test_annotate_runs_the_models_of_a_folder(own: Path, astronaut_png: Path, tmp_path: Path) -> None:
    rows = tmp_path / "faces.csv"
    arguments = AnnotateArguments(
        (str(astronaut_png),), tmp_path / "out.png", csv=rows, quiet=True, models=own
    )
    assert annotate_inputs(arguments) == 0
    with rows.open(newline="", encoding="utf-8") as stream:
        (face,) = csv.DictReader(stream)
    assert float(face["age_high"]) - float(face["age_low"]) < 1


def test_a_folder_without_models_is_one_sentence(tmp_path: Path, astronaut_png: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere/manifest.json is missing .*Export them again"):
        predicted(astronaut_png, "--models", tmp_path / "nowhere")


def test_settings_name_a_folder_and_the_command_line_another(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    assert models_folder(None, path) is None
    Settings(models_folder="/models/mine").save(path)
    assert models_folder(None, path) == Path("/models/mine")
    assert models_folder(Path("other"), path) == Path("other")
    assert Settings.load(path).models_folder == "/models/mine"
    for content in ("{", "[]", json.dumps({"models_folder": 3})):
        path.write_text(content, encoding="utf-8")
        assert models_folder(None, path) is None
        assert path.read_text(encoding="utf-8") == content


def test_doctor_says_which_models_run(own: Path) -> None:
    report = doctor.collect(models=own)
    assert {file.state for file in report.models} == {"as in the manifest"}
    assert re.search(r"\n  from +the folder mine <b>, not AgeCam\n", doctor.render(report))
    (own / "age.tflite").write_bytes(b"")
    (problem,) = [text for text in doctor.collect(models=own).problems if "age.tflite" in text]
    assert "missing or damaged. Export the models again" in problem
    assert doctor.collect().models_from == "AgeCam"


def test_the_about_page_says_which_models_run(own: Path) -> None:
    assert "mine &lt;b&gt;" in about_text(own)
    assert "those of AgeCam" in about_text(None)
