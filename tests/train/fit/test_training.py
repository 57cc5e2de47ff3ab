"""A training run goes on from another model, and traces its step once."""

from pathlib import Path

import keras
import numpy as np
import pytest

from tests.train.conftest import SmallConfig
from train.fit.training import fit
from train.model.build import load_model

pytestmark = pytest.mark.training


class _Variables(keras.callbacks.Callback):
    """What the optimizer and the metrics keep, before and after all steps."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[str] = []
        self.after: list[str] = []

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.before = self._names()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self.after = self._names()

    def _names(self) -> list[str]:
        return [one.path for one in (*self.model.optimizer.variables, *self.model.metrics_variables)]


def test_run_that_starts_from_another_keeps_its_frozen_stages(
    small_config: SmallConfig, trained: Path, tmp_path: Path
) -> None:
    run = small_config(tmp_path, heads=("age",), init=(trained,), freeze=1, images=16)
    variables = _Variables()
    before, after = load_model(trained), load_model(fit(run, [variables]))
    # A step that creates variables is traced twice.
    assert variables.before == variables.after
    assert any("age_distance" in name for name in variables.before)
    assert any("momentum" in name for name in variables.before)
    for stage, same in ((1, True), (2, False)):
        one, other = (np.asarray(model.get_layer(f"stage{stage}_conv").kernel) for model in (before, after))
        assert np.array_equal(one, other) is same
