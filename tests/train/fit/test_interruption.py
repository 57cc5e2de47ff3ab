"""A training run goes on after a kill as if nothing had been, and ends once."""

import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.train.conftest import SmallConfig
from tests.train.fit.runs import SMALL, epochs
from train.cli import app
from train.fit.run_folder import validation_losses
from train.fit.training import fit

pytestmark = pytest.mark.training


def call(*words: str) -> None:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output


KILLED = """
import os, signal, sys
from pathlib import Path
import keras
from train.fit.config import FitConfig
from train.fit.training import fit

class Kill(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (1, 2):
            os.kill(os.getpid(), signal.SIGKILL)

data, out = map(Path, sys.argv[1:])
fit(FitConfig(data, out, "plain", 0.25, size_px=32, batch_size=8, epochs=3, precision="float32"), [Kill()])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_run_killed_in_an_epoch_goes_on_and_ends_as_if_nothing_had_been(
    prepared: Path, trained: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    process = subprocess.run(
        [sys.executable, "-c", KILLED, str(prepared), str(run)], capture_output=True, check=False
    )
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()[-2000:]
    assert epochs(run) == [0]
    assert [folder.name for folder in run.glob("*checkpoint*")] == ["checkpoint-00001"]

    words = ["fit", "--data", str(prepared), "-o", str(run), *SMALL.split()]
    call(*words)
    assert epochs(run) == [0, 1, 2]
    assert not list(run.glob("*checkpoint*"))
    np.testing.assert_allclose(validation_losses(run), validation_losses(trained.parent), rtol=1e-4)

    before = (run / "model.keras").stat().st_mtime_ns
    call(*words)
    assert (run / "model.keras").stat().st_mtime_ns == before
    assert epochs(run) == [0, 1, 2]


class Interrupt(keras.callbacks.Callback):
    """Ends a run as Ctrl-C does, after its first epoch."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        raise KeyboardInterrupt


def test_an_epoch_logged_but_in_no_checkpoint_is_done_again(
    small_config: SmallConfig, trained: Path, tmp_path: Path
) -> None:
    run = small_config(tmp_path, epochs=3)
    with pytest.raises(KeyboardInterrupt):
        fit(run, [Interrupt()])
    # As if it had ended in the second, before the checkpoint.
    header, row = (tmp_path / "log.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "log.csv").write_text(f"{header}\n{row}\n1{row[1:]}\n", encoding="utf-8")
    assert epochs(tmp_path) == [0, 1]
    fit(run)
    assert epochs(tmp_path) == [0, 1, 2]
    np.testing.assert_allclose(validation_losses(tmp_path), validation_losses(trained.parent), rtol=1e-4)
