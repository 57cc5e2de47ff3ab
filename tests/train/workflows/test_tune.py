"""The search tries settings, remembers them, and goes on where it was cut off."""

import json
from pathlib import Path

import pytest

from tests.train.conftest import SmallConfig
from train.fit.config import FitConfig
from train.fit.training import fit
from train.workflows.tune import tune

pytestmark = pytest.mark.training


# keras-tuner 1.4 asks for its thread as Python 2 did.
@pytest.mark.filterwarnings(r"ignore:(currentThread|getName)\(\) is deprecated:DeprecationWarning")
def test_a_search_cut_off_in_a_trial_goes_on_with_it(small_config: SmallConfig, tmp_path: Path) -> None:
    base = small_config(tmp_path, images=16)
    tried: list[FitConfig] = []

    def cut_in_the_second(config: FitConfig) -> Path:
        tried.append(config)
        if len(tried) == 2:
            raise KeyboardInterrupt
        return fit(config)

    with pytest.raises(KeyboardInterrupt):
        tune(base, trials=2, train=cut_in_the_second)
    results = tune(base, trials=2, train=cut_in_the_second)
    assert len(tried) == 3
    assert tried[1] == tried[2]

    assert json.loads((tmp_path / "trials.json").read_text(encoding="utf-8")) == results
    assert len(results) == 2
    assert results[0]["val_loss"] <= results[1]["val_loss"]
    assert {"learning_rate", "batch_size", "width", "dropout", "epochs"} <= results[0].keys()
    assert tune(base, trials=2, train=cut_in_the_second) == results
    assert len(tried) == 3
