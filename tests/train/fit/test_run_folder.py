"""A folder belongs to one configuration, and nonsense is refused before any training."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.train.conftest import SmallConfig
from train.data.augment import Augmentation
from train.data.collection import Entry, save_entries
from train.data.table import TRAIN, Table
from train.errors import DataError
from train.fit.compilation import compile_model
from train.fit.config import AGE_LOSSES, GENDER_LOSSES, OPTIMIZERS, FitConfig
from train.fit.run_folder import (
    DataId,
    check_same_data,
    check_same_settings,
    claim,
    cut_log,
    has_other_images,
    settings_before,
    validation_losses,
)
from train.fit.training import fit
from train.model.build import build_model


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "nothing"}, "no architecture 'nothing': choose compact, resnet"),
        ({"age_loss": "nothing"}, "no age loss"),
        ({"gender_loss": "nothing"}, "no gender loss"),
        ({"optimizer": "nothing"}, "no optimizer"),
        ({"precision": "float8"}, "no precision"),
        ({"heads": ("height",)}, "can learn age and gender, not height"),
        ({"hint_weight": 1.0}, "Hints come from teachers"),
        ({"mixup": 0.5}, "give a teacher"),
        ({"devices": 3}, "cannot share a batch of 8 evenly"),
    ],
)
def test_settings_that_make_no_sense_are_refused_before_anything_is_written(
    small_config: SmallConfig, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        fit(small_config(tmp_path / "run", **changes))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("package", "changes", "says"),
    [
        ("tensorboard", {"tensorboard": True}, "TensorBoard is not installed"),
        (
            "mlflow",
            {"track": ("mlflow",)},
            "MLflow is not installed: install `mlflow`, or train without --track",
        ),
        ("wandb", {"track": ("wandb",)}, "Weights & Biases is not installed: install `wandb`"),
        ("wandb", {"track": ("nothing",)}, "Nothing logs under the name 'nothing': choose mlflow, wandb"),
    ],
)
def test_missing_programs_that_log_are_told_before_training(
    small_config: SmallConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    changes: dict[str, object],
    says: str,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as Python marks what cannot be imported
    with pytest.raises(DataError, match=says):
        fit(small_config(tmp_path / "run", **changes))
    assert not (tmp_path / "run").exists()


@pytest.fixture
def begun(prepared: Path, small_config: SmallConfig, tmp_path: Path) -> FitConfig:
    """A run that has been begun, and has no epoch behind it."""
    config: FitConfig = small_config(
        tmp_path / "run", teachers=(Path("a.keras"),), images=16, learning_rate=2e-5
    )
    claim(config, DataId.of(prepared, Table.load(prepared)))
    return config


def check(config: FitConfig) -> None:
    """As :func:`fit` does."""
    before = settings_before(config.out)
    assert before is not None
    check_same_settings(config, before)
    check_same_data(config, DataId.of(config.data, Table.load(config.data)), before)


def test_settings_that_decide_what_is_learnt_may_not_change_and_are_named(begun: FitConfig) -> None:
    check(begun)
    changed = replace(begun, seed=9, learning_rate=0.1, augmentation=Augmentation(rotate_deg=5))
    with pytest.raises(DataError) as raised:
        check(changed)
    assert str(raised.value) == (
        f"{begun.out} belongs to a run with other settings (learning_rate: 2e-05, now 0.1; seed: 0, now 9; "
        "augmentation: rotate_deg 8.0, now 5): give another folder, or empty it."
    )


def test_settings_that_decide_nothing_may_change(begun: FitConfig, tmp_path: Path) -> None:
    check(replace(begun, epochs=9, patience=3, workers=4, devices=2, tensorboard=True, track=("mlflow",)))
    check(replace(begun, teachers=(Path("a.keras").resolve(),)))
    moved = tmp_path / "moved"
    shutil.copytree(begun.data, moved)
    check(replace(begun, data=moved))


def test_other_images_are_refused_with_their_numbers(begun: FitConfig, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(begun.data / "crops.npy", other)
    table = Table.load(begun.data)
    table.take(np.arange(1, len(table))).save(other)
    with pytest.raises(DataError, match=r"48 for training and 16 for validation.*now 47 and 16.*--init"):
        check(replace(begun, data=other))
    table.female[0] = 1 - table.female[0]
    table.save(other)
    with pytest.raises(DataError, match="other images"):
        check(replace(begun, data=other))
    assert has_other_images(begun.out, DataId.of(other, table))
    assert not has_other_images(begun.out, DataId.of(other, Table.load(begun.data)))
    assert not has_other_images(tmp_path / "new", DataId.of(other, table))


def test_an_image_that_was_replaced_under_its_name_is_another(begun: FitConfig, tmp_path: Path) -> None:
    table = Table.load(begun.data)
    folders = [tmp_path / name for name in ("before", "after")]
    for folder, content in zip(folders, "xy", strict=True):
        shutil.copytree(begun.data, folder)
        rows, names = table.row.tolist(), zip(table.dataset.tolist(), table.file.tolist(), strict=True)
        entries = [Entry(row, *name, f"{row}") for row, name in zip(rows, names, strict=True)]
        save_entries(folder, [replace(entries[0], sha256=content), *entries[1:]])
    before, after = (DataId.of(folder, table) for folder in folders)
    assert not has_other_images(begun.out, after)  # of a folder that does not know the files
    claim(begun, before)
    assert not has_other_images(begun.out, before)
    assert has_other_images(begun.out, after)


def test_data_are_checked_before_anything_is_written(small_config: SmallConfig, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="train prepare"):
        fit(small_config(tmp_path / "run", data=tmp_path))
    empty = tmp_path / "empty"
    shutil.copytree(small_config(tmp_path).data, empty)
    table = Table.load(empty)
    table.of_split(TRAIN).save(empty)
    with pytest.raises(DataError, match="no images in its validation split"):
        fit(small_config(tmp_path / "run", data=empty))
    (empty / "crops.npy").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"crops\.npy is damaged"):
        fit(small_config(tmp_path / "run", data=empty))
    assert not (tmp_path / "run").exists()


def test_an_ended_run_whose_checkpoint_was_not_kept_says_how_to_go_on(begun: FitConfig) -> None:
    (begun.out / "log.csv").write_text("epoch,val_loss\n0,3.0\n", encoding="utf-8")
    assert fit(begun) == begun.out / "model.keras", "it has ended, and nothing is done"
    with pytest.raises(DataError, match=r"kept nothing to go on from.*--init .*model\.keras"):
        fit(replace(begun, epochs=2))
    assert validation_losses(begun.out) == [3]


def test_run_of_an_earlier_release_can_go_on(begun: FitConfig, tmp_path: Path) -> None:
    config = replace(begun, distill_weight=0.7)
    path = begun.out / "config.json"
    values = json.loads(path.read_text(encoding="utf-8")) | {"distill_weight": 0.7}
    for name, old in (
        ("images", "pictures"), ("ema_decay", "average_decay"), ("distill_weight", "taught_share"),
        ("mixup", "blended"),
    ):  # fmt: skip
        values[old] = values.pop(name)
    for name in ("emphasize", "track"):  # which they did not have
        del values[name]
    augmentation = values["augmentation"]
    for name, old in (
        ("rotate_deg", "turn_deg"), ("p_downscale", "p_coarse"), ("min_downscale_px", "coarsest_px"),
        ("p_occlude", "p_cover"),
    ):  # fmt: skip
        augmentation[old] = augmentation.pop(name)
    path.write_text(json.dumps(values), encoding="utf-8")
    (begun.out / "data.json").unlink()
    check(config)
    with pytest.raises(DataError, match=r"images: 16, now 17"):
        check(replace(config, images=17))
    shutil.copytree(config.data, tmp_path / "moved")
    with pytest.raises(DataError, match="other settings \\(data: "):
        check(replace(config, data=tmp_path / "moved"))


def test_every_named_loss_and_optimizer_compiles(small_config: SmallConfig, tmp_path: Path) -> None:
    for index in range(4):
        config: FitConfig = small_config(
            tmp_path,
            age_loss=AGE_LOSSES[index],
            gender_loss=GENDER_LOSSES[index % len(GENDER_LOSSES)],
            optimizer=OPTIMIZERS[index % len(OPTIMIZERS)],
        )
        model = build_model(config.network, size_px=32)
        compile_model(model, config, steps_per_epoch=6)
        # The schedule starts low, for the warm-up.
        assert float(model.optimizer.learning_rate) == pytest.approx(config.learning_rate / 20)


def test_log_is_cut_to_the_epochs_of_the_checkpoint_and_read_to_the_first_nan(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("epoch,val_loss\n0,3.0\n1,2.0\n2,nan\n3,1.0\n", encoding="utf-8")
    assert validation_losses(tmp_path) == [3, 2]
    cut_log(tmp_path, 1)
    assert log.read_text(encoding="utf-8") == "epoch,val_loss\n0,3.0\n"
    cut_log(tmp_path, 0)
    assert not log.exists()
    assert validation_losses(tmp_path) == []
