"""A model goes on learning from someone's own photographs, and only a better one takes its place."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.train.conftest import WritePhotographs
from train.cli import app
from train.errors import DataError
from train.model.build import build_model, load_model
from train.model.network import Network
from train.workflows.config import FineTuneConfig
from train.workflows.fine_tune import fine_tune, worse_than_baselines

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory, write_photographs: WritePhotographs) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photographs"), [("30", "female"), ("40", "male")] * 12)


@pytest.fixture(scope="module")
def age_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows nothing yet."""
    path = tmp_path_factory.mktemp("model") / "age.keras"
    build_model(Network("plain", ("age",), 0.25), size_px=32).save(path)
    return path


def test_a_model_becomes_better_at_new_photographs_and_reports_old_ones(
    photographs: Path, prepared: Path, age_model: Path, tmp_path: Path
) -> None:
    words = f"fine-tune --from {age_model} --data {photographs} --old {prepared} -o {tmp_path} --force"
    fast = "--epochs 4 --batch 4 --learning-rate 2e-3 --freeze 0"
    result = CliRunner().invoke(app, [*words.split(), *fast.split()], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "before" in result.output

    report = json.loads((tmp_path / "fine-tune" / "report.json").read_text(encoding="utf-8"))
    new, old = report["metrics"]["new"], report["metrics"]["old"]
    assert all(count > 0 for count in report["images"].values())
    assert new["after"]["age"]["error"] < new["before"]["age"]["error"]
    assert old["before"]["age"]["images"] == 16
    assert "bias" in new["before"]["age"]
    assert load_model(tmp_path / "age.keras").output_shape == (None, 101)


def test_a_better_model_stays_unless_told_otherwise(
    photographs: Path, age_model: Path, tmp_path: Path
) -> None:
    better = load_model(age_model)
    logits = better.get_layer("age_logits")
    kernel, _ = logits.get_weights()
    logits.set_weights([kernel * 0, -0.1 * (np.arange(101) - 35.0) ** 2])
    better.save(tmp_path / "age.keras")
    kept = (tmp_path / "age.keras").read_bytes()

    # Steps of nothing: what comes out is what went in.
    task = FineTuneConfig(age_model, photographs, tmp_path, epochs=1, batch_size=4, learning_rate=1e-9)
    report = fine_tune(task)
    assert report["saved"] is None
    assert report["worse"] == ["On new images, the model it would replace is better at age."]
    assert (tmp_path / "age.keras").read_bytes() == kept

    assert fine_tune(replace(task, force=True))["saved"] == str(tmp_path / "age.keras")
    assert (tmp_path / "age.keras").read_bytes() != kept


def test_training_begins_anew_when_the_photographs_have_grown(
    photographs: Path, age_model: Path, tmp_path: Path
) -> None:
    shutil.copytree(photographs, tmp_path / "photographs")
    late = [tmp_path / "photographs" / f"{index}.jpg" for index in range(18, 24)]
    for file in late:
        file.rename(tmp_path / file.name)
    task = FineTuneConfig(age_model, tmp_path / "photographs", tmp_path / "out", epochs=1, batch_size=4)
    before = fine_tune(task)
    trained = (Path(before["run"]) / "model.keras").read_bytes()
    for file in late:
        (tmp_path / file.name).rename(file)
    told: list[str] = []
    after = fine_tune(task, told.append)
    assert "Images: added 6, changed 0, removed 0, kept 18" in told
    assert sum(after["images"].values()) == sum(before["images"].values()) + 6
    assert (Path(after["run"]) / "model.keras").read_bytes() != trained


def test_too_few_labels_are_told_in_plain_words(
    age_model: Path, tmp_path: Path, write_photographs: WritePhotographs
) -> None:
    few = write_photographs(tmp_path / "few", [("30", ""), ("", "male")])
    with pytest.raises(DataError, match="too few images with a label for age"):
        fine_tune(FineTuneConfig(age_model, few, tmp_path / "out"))


def test_a_model_that_is_more_biased_about_a_decade_is_refused_though_it_errs_less() -> None:
    def measured(error: float, *biases: float) -> dict[str, Any]:
        decades = ("20-29", "60-69", "70+")
        bias = {name: {"count": 30.0, "bias": years} for name, years in zip(decades, biases, strict=True)}
        return {"age": {"error": error, "bias": bias}}

    before = measured(5.0, 0.5, -2.0, -4.0)
    # A change of side counts by how far it is from 0, and less than the tolerance is noise.
    after = measured(4.8, -1.4, -3.2, -3.0)
    assert worse_than_baselines({"new": {"before": before, "after": after}}) == [
        "On new images, the model it came from is less biased about ages 60-69: -2.0 years, now -3.2."
    ]
    assert worse_than_baselines({"old": {"before": after, "replaced": before, "after": after}}) == [
        "On old images, the model it would replace is less biased about ages 60-69: -2.0 years, now -3.2."
    ]
    assert worse_than_baselines({"new": {"before": after, "after": before}}) == [
        "On new images, the model it came from is better at age."
    ]
