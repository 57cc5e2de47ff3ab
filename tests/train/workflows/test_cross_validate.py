"""Cross-validation trains once a fold on other images, and tells the mean and the spread of the errors."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.train.samples import table_of
from train.data.crops import STORED_PX
from train.data.table import TEST, TRAIN, VALIDATION, Table
from train.errors import DataError
from train.workflows.config import CrossValidateConfig, FineTuneConfig
from train.workflows.cross_validate import cross_validate, summary_rows


def prepared(folder: Path, count: int) -> Path:
    """Images without faces: ages from 20 on, no gender."""
    folder.mkdir()
    table_of(*((20.0 + i, 20.0 + i, None) for i in range(count))).save(folder)
    np.save(folder / "crops.npy", np.zeros((count, STORED_PX, STORED_PX), np.uint8))
    return folder


def test_each_fold_is_trained_and_measured_on_its_own_images(tmp_path: Path) -> None:
    data = prepared(tmp_path / "prepared", 40)
    tasks: list[FineTuneConfig] = []
    tested: list[str] = []

    def fine_tune(config: FineTuneConfig, data: Path, *, keep_checkpoint: bool) -> Mapping[str, Any]:
        assert not keep_checkpoint
        tasks.append(config)
        table = Table.load(data)
        tested.extend(table.of_split(TEST).file.tolist())
        assert len(table.of_split(VALIDATION)) >= 3
        assert len(table.of_split(TRAIN)) >= 24
        assert np.load(data / "crops.npy", mmap_mode="r").shape[0] == 40
        error = float(len(tasks))
        metrics = {
            "before": {"age": {"error": 2 * error, "images": 10}},
            "after": {"age": {"error": error, "images": 10}},
        }
        return {"metrics": {"new": metrics}}

    config = CrossValidateConfig(data, tmp_path / "out", folds=4, start=tmp_path / "models", epochs=3)
    said: list[str] = []
    results = cross_validate(config, said.append, fine_tune)
    assert sorted(tested) == sorted(Table.load(data).file.tolist())
    assert said == ["Too few images have a label for gender: it is left out."] + [
        f"Fold {number} of 4: training age …" for number in (1, 2, 3, 4)
    ]
    folders = [tmp_path / "out" / f"fold-{number}" / "age" for number in (1, 2, 3, 4)]
    assert [task.out for task in tasks] == folders
    assert {(task.model, task.epochs, task.force) for task in tasks} == {
        (tmp_path / "models" / "age.keras", 3, True)
    }
    age = results["heads"]["age"]
    assert list(results["heads"]) == ["age"], "no image has a gender"
    assert age["after"] == {"mean": 2.5, "deviation": pytest.approx(1.29099, abs=1e-4), "folds": [1, 2, 3, 4]}
    assert age["before"]["mean"] == 5
    assert summary_rows(results) == [("40 in 4 folds", "age, years off", "5.00 ± 2.58", "2.50 ± 1.29")]
    saved = json.loads((tmp_path / "out" / "cross-validation.json").read_text(encoding="utf-8"))
    assert saved == results
    assert json.loads((tmp_path / "out" / "config.json").read_text(encoding="utf-8"))["folds"] == 4


def test_too_few_labels_for_the_folds_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    data = prepared(tmp_path / "prepared", 4)
    with pytest.raises(DataError, match="too few labelled images for 10 folds"):
        cross_validate(CrossValidateConfig(data, tmp_path / "out", folds=10), print)
    assert not (tmp_path / "out").exists()
