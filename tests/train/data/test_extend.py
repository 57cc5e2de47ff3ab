"""Prepared images are added behind others, for training, without those that are there already."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from agecam.opencv import cv2
from train.cli import app
from train.data.config import ExtendConfig
from train.data.crops import STORED_PX, load_crops
from train.data.extend import extend
from train.data.keypoints import load_keypoints
from train.data.readers import Sample
from train.data.table import TEST, TRAIN, VALIDATION, Table, build_table
from train.errors import DataError


def patch(image_bgr: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
    """One of nine squares of an image, each unlike the others."""
    y, x = 20 + 150 * (index // 3), 20 + 150 * (index % 3)
    gray = np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), np.uint8)
    return gray[y : y + STORED_PX, x : x + STORED_PX]


def write(
    folder: Path, crops: list[NDArray[np.uint8]], samples: list[Sample], *pairs: tuple[int, int]
) -> Table:
    """A prepared folder whose first crop is of no face, so that places and rows are not the same."""
    folder.mkdir()
    np.save(folder / "crops.npy", np.stack([np.zeros((STORED_PX, STORED_PX), np.uint8), *crops]))
    keypoints = np.arange(8 * (len(crops) + 1), dtype=np.float32).reshape(-1, 4, 2)
    np.save(folder / "keypoints.npy", keypoints)
    firsts, seconds = np.array(pairs, np.int64).reshape(-1, 2).T
    table = build_table([samples[0], *samples], np.arange(1, len(samples) + 1), (firsts, seconds), keypoints)
    table = replace(table, split=np.resize([TEST, VALIDATION, TRAIN], len(table)))
    table.save(folder)
    return table


@pytest.fixture
def folders(tmp_path: Path, astronaut_bgr: NDArray[np.uint8]) -> ExtendConfig:
    """Three labelled images, and five others, of which the second and third show the first of the three."""
    labelled = [Sample("old", f"{i}.jpg", 20, 20 + i, True) for i in range(3)]
    write(tmp_path / "base", [patch(astronaut_bgr, index) for index in range(3)], labelled)
    again = cv2.convertScaleAbs(patch(astronaut_bgr, 0), alpha=0.8, beta=20)
    crops = [
        patch(astronaut_bgr, 3),
        again,
        np.roll(again, 30),
        patch(astronaut_bgr, 4),
        patch(astronaut_bgr, 5),
    ]
    unlabelled = [Sample("new", f"{i}.jpg", None, None, None, person=f"F1/M{i}") for i in range(5)]
    write(tmp_path / "more", crops, unlabelled, (1, 2), (3, 4))
    return ExtendConfig(tmp_path / "base", tmp_path / "more", tmp_path / "out")


def test_what_was_prepared_before_keeps_its_rows_labels_and_splits(folders: ExtendConfig) -> None:
    extend(folders)
    before, after = Table.load(folders.base), Table.load(folders.out)
    for field in fields(Table):
        np.testing.assert_array_equal(getattr(after, field.name)[:3], getattr(before, field.name))
    np.testing.assert_array_equal(load_crops(folders.out)[:4], load_crops(folders.base))
    np.testing.assert_array_equal(load_keypoints(folders.out)[:4], load_keypoints(folders.base))


def test_new_images_stand_behind_for_training_with_their_own_crops_and_groups(folders: ExtendConfig) -> None:
    extend(folders)
    table, more = Table.load(folders.out), load_crops(folders.more)
    assert table.file[3:].tolist() == ["0.jpg", "3.jpg", "4.jpg"]
    assert table.person[3:].tolist() == ["F1/M0", "F1/M3", "F1/M4"]
    assert (table.split[3:] == TRAIN).all()
    assert np.isnan(table.age_low[3:]).all()
    np.testing.assert_array_equal(load_crops(folders.out)[table.row[3:]], more[[1, 4, 5]])
    np.testing.assert_array_equal(
        load_keypoints(folders.out)[table.row[3:]], load_keypoints(folders.more)[[1, 4, 5]]
    )
    assert table.group[3] not in table.group[[0, 1, 2, 4, 5]]
    assert table.group[4] == table.group[5]
    assert table.group[4] not in table.group[:4]


def test_a_photograph_that_is_there_already_is_left_out_with_its_duplicates(folders: ExtendConfig) -> None:
    extended = extend(folders)
    assert extended.duplicates == {"new": 2}
    assert extended.added == {"new": 3}
    assert extended.table.file[3:].tolist() == ["0.jpg", "3.jpg", "4.jpg"]


def test_folders_prepared_without_keypoints_can_be_extended(folders: ExtendConfig) -> None:
    (folders.base / "keypoints.npy").unlink()
    extend(folders)
    keypoints = load_keypoints(folders.out)
    assert np.isnan(keypoints[:4]).all()
    np.testing.assert_array_equal(keypoints[4], load_keypoints(folders.more)[1])


def test_a_folder_that_holds_prepared_images_is_never_written_over(folders: ExtendConfig) -> None:
    with pytest.raises(DataError, match="holds prepared images already"):
        extend(replace(folders, out=folders.base))
    with pytest.raises(DataError, match="train prepare"):
        extend(replace(folders, more=folders.out))


def test_the_command_says_what_was_added_and_left_out(folders: ExtendConfig) -> None:
    words = ["extend", str(folders.base), str(folders.more), "-o", str(folders.out)]
    result = CliRunner(env={"COLUMNS": "400"}).invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "new: 2 left out" in result.output
    assert "new: 3 added" in result.output
