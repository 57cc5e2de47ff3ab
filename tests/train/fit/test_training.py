"""A training run goes on from another model."""

from pathlib import Path

import numpy as np
import pytest

from tests.train.conftest import SmallConfig
from train.fit.training import fit
from train.model.build import load_model

pytestmark = pytest.mark.training


def test_run_that_starts_from_another_keeps_its_frozen_stages(
    small_config: SmallConfig, trained: Path, tmp_path: Path
) -> None:
    run = small_config(tmp_path, heads=("age",), init=(trained,), freeze=1, images=16)
    before, after = load_model(trained), load_model(fit(run))
    for stage, same in ((1, True), (2, False)):
        one, other = (np.asarray(model.get_layer(f"stage{stage}_conv").kernel) for model in (before, after))
        assert np.array_equal(one, other) is same
