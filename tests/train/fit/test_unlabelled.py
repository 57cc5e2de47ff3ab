"""Images without labels are learnt from the teachers alone, and left out where there are none."""

import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.train.conftest import SmallConfig
from train.data.batch_maker import BatchConfig
from train.data.batches import Batches
from train.data.crops import load_crops
from train.data.table import TRAIN, VALIDATION, Table
from train.data.targets import AGE, GENDER, HEADS
from train.errors import DataError
from train.fit.distillation import Distiller
from train.fit.images import choose_images
from train.fit.run_folder import validation_losses
from train.fit.training import fit
from train.model.build import build_model, describe, load_model
from train.model.network import Network

SIZE_PX = 32


@pytest.fixture
def mostly_unlabelled(prepared: Path, tmp_path: Path) -> Path:
    """The prepared images of noise, 30 of the 48 for training without any label."""
    folder = tmp_path / "unlabelled"
    shutil.copytree(prepared, folder)
    table = Table.load(folder)
    forgotten = np.flatnonzero(table.split == TRAIN)[:30]
    for column in (table.age_low, table.age_high, table.female):
        column[forgotten] = np.nan
    table.save(folder)
    return folder


def teacher(x: NDArray[np.float32]) -> dict[str, object]:
    """Says 60 years and male of everything."""
    ages = keras.ops.one_hot(keras.ops.full((len(x),), 60, dtype="int32"), 101)
    return {AGE: ages, GENDER: keras.ops.zeros((len(x), 1))}


@pytest.mark.parametrize(("heads", "known"), [(HEADS, HEADS), ((GENDER,), (GENDER,))])
def test_heads_that_are_taught_are_those_of_teacher_and_student(
    heads: tuple[str, ...], known: tuple[str, ...]
) -> None:
    student = build_model(Network("plain", heads, 0.25), size_px=SIZE_PX)
    assert Distiller(student, teacher, 0.5).taught_heads() == known
    assert Distiller(student, lambda x: {AGE: teacher(x)[AGE]}, 0.5).taught_heads() == known[: len(heads) - 1]


def test_what_has_no_label_is_learnt_as_the_teacher_says_whatever_its_weight(mostly_unlabelled: Path) -> None:
    images = Table.load(mostly_unlabelled).take(np.arange(30))
    settings = BatchConfig(SIZE_PX, 30, None, 0.3, seed=0, mixup=0.0, workers=1, taught=HEADS)
    x, y, weights = Batches(load_crops(mostly_unlabelled), images, HEADS, settings)[0]
    student = build_model(Network("plain", HEADS, 0.25), size_px=SIZE_PX)
    distiller = Distiller(student, teacher, 0.1)

    class Distance(keras.losses.Loss):
        def call(self, y_true: object, y_pred: object) -> object:
            units = y_pred.shape[-1]  # type: ignore[attr-defined]
            return keras.ops.sum(keras.ops.abs(y_true[:, :units] - y_pred), axis=-1)  # type: ignore[index]

    distiller.compile(loss={head: Distance() for head in HEADS})
    taught = {head: np.asarray(values) for head, values in teacher(x).items()}
    assert float(distiller.compute_loss(x, y, taught, weights)) == pytest.approx(0, abs=1e-4)
    other = {**taught, GENDER: np.ones((30, 1), np.float32)}
    assert float(distiller.compute_loss(x, y, other, weights)) == pytest.approx(1, abs=1e-4)
    other = {**taught, AGE: np.roll(taught[AGE], 1, axis=1)}
    assert float(distiller.compute_loss(x, y, other, weights)) == pytest.approx(2, abs=1e-4)


def test_images_without_labels_are_left_out_without_a_teacher_and_this_is_told(
    mostly_unlabelled: Path, small_config: SmallConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, table = small_config(tmp_path, data=mostly_unlabelled), Table.load(mostly_unlabelled)
    chosen = choose_images(config, table, ())
    assert capsys.readouterr().err.count("30 images are left out: they have no label") == 1
    assert chosen.training.row.tolist() == list(range(30, 48))
    assert chosen.validation.row.tolist() == list(range(48, 64))
    assert len(choose_images(config, table, (AGE,)).training) == 48
    assert not capsys.readouterr().err
    gender = replace(table, female=np.where(table.split == TRAIN, np.nan, table.female))
    with pytest.raises(DataError, match=r"no image with a label for gender in its train split: give some\.$"):
        choose_images(replace(config, heads=(GENDER,)), gender, ())


def test_a_head_without_any_label_is_not_trained_beside_another(
    prepared: Path, small_config: SmallConfig, tmp_path: Path
) -> None:
    config, table = small_config(tmp_path, heads=(AGE, GENDER)), Table.load(prepared)
    for split in (TRAIN, VALIDATION):
        ages = replace(table, female=np.where(table.split == split, np.nan, table.female))
        says = f"no image with a label for gender in its {split} split: give some, or train --heads age alone"
        with pytest.raises(DataError, match=says):
            choose_images(config, ages, ())
        assert len(choose_images(config, ages, (GENDER,)).training) == 48


@pytest.mark.training
def test_run_with_teachers_and_mixup_learns_from_images_without_any_label(
    mostly_unlabelled: Path,
    small_config: SmallConfig,
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = Table.load(mostly_unlabelled)
    replace(table, female=np.where(table.split == TRAIN, np.nan, table.female)).save(mostly_unlabelled)
    run = small_config(
        tmp_path / "taught", data=mostly_unlabelled, heads=(GENDER,), teachers=(trained,), mixup=0.5
    )
    assert describe(load_model(fit(run))) == run.network
    assert "48 images to learn from" in (told := capsys.readouterr()).out
    assert "left out" not in told.err
    assert np.isfinite(validation_losses(tmp_path / "taught")).all()
