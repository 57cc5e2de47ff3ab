"""The search tries settings, remembers them, and goes on where it was cut off."""

import json
from pathlib import Path

import pytest

import train.tune
from train.fit import FitConfig
from train.tune import tune


# keras-tuner 1.4 asks for its thread as Python 2 did.
@pytest.mark.filterwarnings(r"ignore:(currentThread|getName)\(\) is deprecated:DeprecationWarning")
def test_a_search_cut_off_in_a_trial_goes_on_with_it(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = FitConfig(
        str(prepared), str(tmp_path), "plain", size_px=48, pictures=16, epochs=1, precision="float32"
    )
    fit, tried = train.tune.fit, []

    def cut_in_the_second(config: FitConfig) -> Path:
        tried.append(config)
        if len(tried) == 2:
            raise KeyboardInterrupt
        return fit(config)

    monkeypatch.setattr(train.tune, "fit", cut_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        tune(base, trials=2)
    results = tune(base, trials=2)
    assert len(tried) == 3
    assert tried[1] == tried[2]

    assert json.loads((tmp_path / "trials.json").read_text(encoding="utf-8")) == results
    assert len(results) == 2
    assert results[0]["val_loss"] <= results[1]["val_loss"]
    assert {"learning_rate", "batch_size", "width", "dropout", "epochs"} <= results[0].keys()
    assert tune(base, trials=2) == results
    assert len(tried) == 3
