"""A training run goes on after a kill as if nothing had been, and ends once."""

import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.train.fit.conftest import Process
from tests.train.fit.runs import SMALL, epochs
from train.cli import app
from train.fit.run_folder import validation_losses

pytestmark = pytest.mark.training


def call(*words: str) -> str:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def row(run: Path, number: int) -> str:
    return (run / "log.csv").read_text(encoding="utf-8").splitlines()[number]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_run_killed_in_an_epoch_goes_on_and_ends_as_if_nothing_had_been(
    prepared: Path, process: Process, trained: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(process.killed, run)
    assert epochs(run) == [0]
    assert [folder.name for folder in run.glob("*checkpoint*")] == ["checkpoint-00001"]
    # As if it had ended between the row of the second epoch and its checkpoint: that epoch is done again.
    log = run / "log.csv"
    log.write_text(log.read_text(encoding="utf-8") + "1" + row(run, 1)[1:] + "\n", encoding="utf-8")
    assert epochs(run) == [0, 1]

    words = ["fit", "--data", str(prepared), "-o", str(run), *SMALL.split()]
    assert "epochs 2 to 3" in call(*words)
    assert epochs(run) == [0, 1, 2]
    assert [folder.name for folder in run.glob("*checkpoint*")] == ["checkpoint-00003"]
    np.testing.assert_allclose(validation_losses(run), validation_losses(trained.parent), rtol=1e-4)

    before = (run / "model.keras").stat().st_mtime_ns
    call(*words)
    assert (run / "model.keras").stat().st_mtime_ns == before
    assert epochs(run) == [0, 1, 2]


def test_an_ended_run_goes_on_to_more_epochs_by_the_settings_that_it_wrote(
    process: Process, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(process.two_devices, run)
    first = row(run, 1)
    printed = call(
        "fit", "--config", str(run / "config.json"), "-o", str(run), "--epochs", "2", "--devices", "1"
    )
    assert "16 images to learn from, 16 to validate on" in printed
    assert "epochs 2 to 2" in printed
    assert "Epoch 2 of 2: " in printed
    assert epochs(run) == [0, 1]
    assert row(run, 1) == first
    assert np.isfinite(validation_losses(run)).all()
    assert (run / "curves.png").stat().st_size > 1000
    assert '"epochs": 2' in (run / "config.json").read_text(encoding="utf-8")


def test_few_images_and_nothing_to_start_from_are_told(process: Process) -> None:
    assert "48 images are few for a network that knows nothing" in process.err
    assert "train all" in process.err


def test_tensorflow_says_nothing_of_its_own(process: Process) -> None:
    told = [line for line in process.err.splitlines() if "images are few" not in line]
    assert not [line for line in told if line.strip()], process.err
