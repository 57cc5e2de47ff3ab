"""A folder belongs to one configuration, and nonsense is refused before any training."""

import json
import sys
from pathlib import Path

import pytest

from tests.train.conftest import SmallConfig
from train.data.augment import Augmentation
from train.errors import DataError
from train.fit.compilation import compile_model
from train.fit.config import AGE_LOSSES, GENDER_LOSSES, OPTIMIZERS, FitConfig
from train.fit.run_folder import claim, cut_log, validation_losses
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


def test_missing_tensorboard_is_told_before_training(
    small_config: SmallConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # as Python marks what cannot be imported
    with pytest.raises(DataError, match="TensorBoard is not installed"):
        fit(small_config(tmp_path / "run", tensorboard=True))


def test_other_settings_in_the_same_folder_are_refused(small_config: SmallConfig, tmp_path: Path) -> None:
    claim(small_config(tmp_path, teachers=(Path("a.keras"),)))
    claim(small_config(tmp_path, teachers=(Path("a.keras"),)))
    with pytest.raises(DataError, match="other settings"):
        claim(small_config(tmp_path, seed=9))


def test_run_of_an_earlier_release_can_go_on(small_config: SmallConfig, tmp_path: Path) -> None:
    config = small_config(tmp_path, images=16, distill_weight=0.7, augmentation=Augmentation(rotate_deg=5))
    claim(config)
    path = tmp_path / "config.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    for name, old in (
        ("images", "pictures"), ("ema_decay", "average_decay"), ("distill_weight", "taught_share"),
        ("mixup", "blended"),
    ):  # fmt: skip
        values[old] = values.pop(name)
    del values["emphasize"]  # which they did not have
    augmentation = values["augmentation"]
    for name, old in (
        ("rotate_deg", "turn_deg"), ("p_downscale", "p_coarse"), ("min_downscale_px", "coarsest_px"),
        ("p_occlude", "p_cover"),
    ):  # fmt: skip
        augmentation[old] = augmentation.pop(name)
    path.write_text(json.dumps(values), encoding="utf-8")
    claim(config)
    assert "images" in json.loads(path.read_text(encoding="utf-8"))


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
