"""What prepared images are is told before training: counts, people, duplicates, leaks and warnings."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from agecam.opencv import cv2
from tests.train.samples import table_of, table_of_samples
from train.cli import app
from train.data.describe import describe, write_statistics
from train.data.readers import Sample
from train.data.table import TEST, TRAIN, UNUSED, VALIDATION, Table


def table_with(splits: Sequence[str], *, people: Sequence[str] = (), groups: Sequence[int] = ()) -> Table:
    """One image a split name: ages from 5 in steps of 7, genders in turn, data sets "a" and "b" in turn."""
    samples = [
        Sample("ab"[i % 2], f"{i}.jpg", float(5 + 7 * i % 80), float(5 + 7 * i % 80), i % 2 == 0)
        for i in range(len(splits))
    ]
    table = table_of_samples(samples)
    return replace(
        table,
        split=np.array(splits),
        person=np.array(people or [""] * len(splits)),
        group=np.array(groups or range(len(splits))),
    )


def test_images_are_counted_by_age_group_gender_and_set_in_each_split() -> None:
    table = table_of(
        (25, 25, True), (22, 28, False), (0, 60, True), (None, None, False), (80, 80, None), (25, 25, True)
    )
    statistics = describe(replace(table, split=np.array([TRAIN, TEST, TRAIN, TRAIN, VALIDATION, UNUSED])))
    assert statistics.ages == {
        "20-29": {"train": 1, "validation": 0, "test": 1},
        "70+": {"train": 0, "validation": 1, "test": 0},
        "no age": {"train": 2, "validation": 0, "test": 0},  # a bound of 60 is in no group
    }
    assert statistics.genders == {
        "female": {"train": 2, "validation": 0, "test": 0},
        "male": {"train": 1, "validation": 0, "test": 1},
        "no gender": {"train": 0, "validation": 1, "test": 0},
    }
    assert statistics.datasets == {"set": {"train": 3, "validation": 1, "test": 1}}
    assert statistics.images == {"train": 3, "validation": 1, "test": 1, "unused": 1}


def test_people_and_photographs_in_more_than_one_split_are_leaks() -> None:
    splits = [TRAIN, TRAIN, TEST, TEST, TRAIN, UNUSED]
    # Anna of set "a" is on both sides; Bo of "a" and Bo of "b" are two people; the last image is not used.
    table = table_with(splits, people=["Anna", "Bo", "Anna", "", "Bo", "Bo"], groups=[0, 1, 2, 1, 4, 2])
    statistics = describe(table)
    assert statistics.people == {"train": 3, "validation": 0, "test": 1, "all": 3}
    assert statistics.images_of_people == 5
    assert statistics.duplicates == 4
    assert statistics.leaks == {"photographs": 1, "people": 1}
    assert "1 people are in more than one split: metrics on the test will be too good." in statistics.warnings
    assert any(warning.startswith("There are 3 people") for warning in statistics.warnings)


def test_what_makes_a_training_worth_little_is_warned_of() -> None:
    few = describe(table_with([TRAIN] * 30 + [VALIDATION] * 3)).warnings
    assert few[0] == "The test split is empty: nothing will tell how good a model is."
    assert few[1].startswith("The validation split has 3 images: too few to choose an epoch by")
    assert few[-1].startswith("33 images are few")
    assert "`python -m train all`" in few[-1]
    assert "cross-validate" in few[-1]
    assert describe(table_with([TEST])).warnings[:2] == (
        "The training split is empty: nothing can be learnt.",
        "The validation split is empty: no epoch can be chosen.",
    )
    males = table_of((20, 20, False), (70, 70, False), (None, None, False))
    warnings = describe(replace(males, split=np.array([TRAIN, TRAIN, TEST]))).warnings
    assert "All labels are of one gender, male: there is nothing to tell apart." in warnings
    ages = describe(replace(table_of((20, 20, None), (70, 70, None)), split=np.array([TRAIN, TEST]))).warnings
    assert "No image has a label for genders: that model cannot be trained." in ages
    assert "The train split has labels of one age group alone, 20-29." in ages


def test_enough_good_images_bring_no_warning() -> None:
    splits = [TRAIN] * 900 + [VALIDATION] * 60 + [TEST] * 60
    assert (
        describe(table_with(splits, people=[f"p{i % 30}" if i < 900 else "" for i in range(1020)])).warnings
        == ()
    )


def test_the_command_prints_a_histogram_and_draws_it(tmp_path: Path) -> None:
    table_with([TRAIN] * 12 + [TEST] * 4).save(tmp_path)
    result = CliRunner(env={"COLUMNS": "100"}).invoke(app, ["describe", str(tmp_path)])
    assert result.exit_code == 0, result.output
    (row,) = [line for line in result.output.splitlines() if "│ female" in line]
    assert "█" in row
    assert row.split("│")[3:7] == ["      8 ", "     6 ", "          0 ", "    2 "]
    assert "16 images are few" in result.output
    plot = cv2.imread(str(tmp_path / "statistics.png"), cv2.IMREAD_COLOR)
    assert plot is not None
    bars = (np.abs(plot.astype(int) - (196, 130, 59)).sum(axis=2) < 30).sum()
    assert bars > 1000, "the blue of the training split"
    saved = json.loads((tmp_path / "statistics.json").read_text(encoding="utf-8"))
    assert saved["images"] == {"train": 12, "validation": 0, "test": 4, "unused": 0}


def test_statistics_of_nothing_can_be_written(tmp_path: Path) -> None:
    write_statistics(tmp_path, describe(table_of().take(np.zeros(0, np.int64))))
    assert (tmp_path / "statistics.png").stat().st_size > 0
