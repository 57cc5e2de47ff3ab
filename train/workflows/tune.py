"""Search for the settings that train best within a small budget, by keras-tuner."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import keras_tuner

from agecam.files import write_atomically
from train.fit.config import FitConfig
from train.fit.run_folder import validation_losses
from train.fit.training import fit

TRIALS_FILE: Final = "trials.json"
_OBJECTIVE: Final = "val_loss"
_FIT: Final = partial(fit, keep_checkpoint=False)


class _Tuner(keras_tuner.engine.base_tuner.BaseTuner):
    """Runs each trial as a training of its own, in a folder of its own."""

    def __init__(self, base: FitConfig, trials: int, train: Callable[[FitConfig], Path]) -> None:
        self._base = base
        self._train = train
        oracle = keras_tuner.oracles.BayesianOptimizationOracle(
            keras_tuner.Objective(_OBJECTIVE, "min"),
            max_trials=trials,
            hyperparameters=search_space(base),
            # WORKAROUND (keras-tuner 1.4): it takes the seed 0 for none, and draws one.
            seed=base.seed + 1,
        )
        super().__init__(oracle, directory=str(base.out), project_name="search")

    def run_trial(self, trial: Any, *_: Any, **__: Any) -> dict[str, float]:
        """The lowest validation loss of one trial."""
        out = self._base.out / f"trial-{trial.trial_id}"
        self._train(replace(self._base, out=out, **trial.hyperparameters.values))
        return {_OBJECTIVE: min(validation_losses(out))}


def search_space(base: FitConfig) -> keras_tuner.HyperParameters:
    """What is tried: fields of :class:`FitConfig`, ``base.epochs`` at most."""
    space = keras_tuner.HyperParameters()
    space.Float("learning_rate", 3e-4, 1e-2, sampling="log")
    space.Choice("batch_size", [32, 64, 128, 256])
    space.Choice("width", [0.5, 0.75, 1.0, 1.25])
    space.Float("dropout", 0.0, 0.5, step=0.1)
    space.Int("epochs", max(1, base.epochs // 2), base.epochs)
    return space


def tune(
    base: FitConfig,
    trials: int,
    train: Callable[[FitConfig], Path] = _FIT,
) -> list[dict[str, Any]]:
    """Train ``trials`` times with settings chosen by what earlier ones gave; best first.

    ``base`` gives all settings that are not searched, and the folder; calling again resumes, and goes on when
    there are more trials than before. ``train`` leaves the folder of a run, as :func:`fit` does. Each result
    has "trial", "val_loss" and the settings; they are also in ``trials.json``. Raises
    :class:`train.errors.DataError` as :func:`fit` does.
    """
    tuner = _Tuner(base, trials, train)
    tuner.search()
    done = [trial for trial in tuner.oracle.trials.values() if trial.score is not None]
    results = [
        {"trial": trial.trial_id, _OBJECTIVE: float(trial.score), **trial.hyperparameters.values}
        for trial in sorted(done, key=lambda trial: trial.score)
    ]
    write_atomically(base.out / TRIALS_FILE, json.dumps(results, indent=1))
    return results
