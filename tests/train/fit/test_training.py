"""A training run learns by any loss, from any start."""

from pathlib import Path

import numpy as np
import pytest

from tests.train.conftest import SmallConfig
from train.errors import DataError
from train.fit.run_folder import validation_losses
from train.fit.training import fit
from train.model.build import describe, load_model

pytestmark = pytest.mark.training


@pytest.mark.parametrize(
    ("age_loss", "gender_loss", "optimizer", "units"),
    [
        ("mae", "categorical", "sgd", (1, 2)),
        ("mse", "binary", "adam", (1, 1)),
        ("mean-variance", "binary", "adamw", (101, 1)),
    ],
)
def test_every_loss_trains_a_network_that_predicts_its_way(
    small_config: SmallConfig,
    tmp_path: Path,
    age_loss: str,
    gender_loss: str,
    optimizer: str,
    units: tuple[int, int],
) -> None:
    run = small_config(tmp_path, age_loss=age_loss, gender_loss=gender_loss, optimizer=optimizer, images=16)
    model = load_model(fit(run))
    assert describe(model) == run.network
    output = model.predict_on_batch(np.full((2, 32, 32, 1), 0.5, np.float32))
    assert output["age"].shape == (2, units[0])
    assert output["gender"].shape == (2, units[1])
    assert np.isfinite(validation_losses(tmp_path)).all()


def test_run_that_starts_from_another_keeps_its_frozen_stages(
    small_config: SmallConfig, trained: Path, tmp_path: Path
) -> None:
    run = small_config(tmp_path, heads=("age",), init=(trained,), freeze=1, images=16)
    before, after = load_model(trained), load_model(fit(run))
    for stage, same in ((1, True), (2, False)):
        one, other = (np.asarray(model.get_layer(f"stage{stage}_conv").kernel) for model in (before, after))
        assert np.array_equal(one, other) is same


def test_split_without_images_is_refused(small_config: SmallConfig, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="train prepare"):
        fit(small_config(tmp_path / "run", data=tmp_path))
