"""Search for the settings that train best within a small budget, by keras-tuner."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import keras_tuner

from train.fit import FitConfig, fit, validation_losses

_OBJECTIVE: Final = "val_loss"


class _Tuner(keras_tuner.engine.base_tuner.BaseTuner):
    """Runs each trial as a training of its own, in a folder of its own."""

    def __init__(self, base: FitConfig, trials: int) -> None:
        self._base = base
        oracle = keras_tuner.oracles.BayesianOptimizationOracle(
            keras_tuner.Objective(_OBJECTIVE, "min"),
            max_trials=trials,
            hyperparameters=search_space(base),
            seed=base.seed,
        )
        super().__init__(oracle, directory=base.out, project_name="search")

    def run_trial(self, trial: Any, *_: Any, **__: Any) -> dict[str, float]:
        config = replace(self._base, out=self.folder(trial), **trial.hyperparameters.values)
        fit(config)
        return {_OBJECTIVE: min(validation_losses(Path(config.out)))}

    def folder(self, trial: Any) -> str:
        return str(Path(self._base.out) / f"trial-{trial.trial_id}")


def search_space(base: FitConfig) -> keras_tuner.HyperParameters:
    """What is tried: fields of :class:`FitConfig`, ``base.epochs`` at most."""
    space = keras_tuner.HyperParameters()
    space.Float("learning_rate", 3e-4, 1e-2, sampling="log")
    space.Choice("batch_size", [32, 64, 128, 256])
    space.Choice("width", [0.5, 0.75, 1.0, 1.25])
    space.Float("dropout", 0.0, 0.5, step=0.1)
    space.Int("epochs", max(1, base.epochs // 2), base.epochs)
    return space


def tune(base: FitConfig, trials: int) -> list[dict[str, Any]]:
    """Train ``trials`` times with settings chosen by what earlier ones gave; best first.

    ``base`` gives all settings that are not searched, and the folder; calling again resumes, and goes on when
    there are more trials than before. Each result has "trial", "val_loss" and the settings; they are also in
    ``trials.json``. Raises :class:`DataError` as :func:`train.fit.fit` does.
    """
    tuner = _Tuner(base, trials)
    tuner.search()
    done = [trial for trial in tuner.oracle.trials.values() if trial.score is not None]
    results = [
        {"trial": trial.trial_id, _OBJECTIVE: float(trial.score), **trial.hyperparameters.values}
        for trial in sorted(done, key=lambda trial: trial.score)
    ]
    (Path(base.out) / "trials.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    return results
