"""A training run goes on after a kill, ends once, and learns by any loss."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.train.conftest import SmallConfig
from train.cli import app
from train.errors import DataError
from train.fit.run_folder import validation_losses
from train.fit.training import fit
from train.model.build import describe, load_model

pytestmark = pytest.mark.training

SMALL = "--architecture plain --width 0.25 --precision float32 --size 48 --batch 8 --epochs 3"


def epochs(run: Path) -> list[int]:
    with (run / "log.csv").open(newline="", encoding="utf-8") as stream:
        return [int(row["epoch"]) for row in csv.DictReader(stream)]


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
fit(FitConfig(data, out, "plain", 0.25, size_px=48, batch_size=8, epochs=3, precision="float32"), [Kill()])
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
    output = model.predict_on_batch(np.full((2, 48, 48, 1), 0.5, np.float32))
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


TWO_DEVICES = """
import sys
from pathlib import Path
import keras, numpy as np, tensorflow as tf
processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
from train.fit.config import FitConfig
from train.fit.training import fit

class CompareReplicas(keras.callbacks.Callback):
    def on_train_end(self, logs=None):
        copies = [[np.array(copy) for copy in weight.value.values] for weight in self.model.weights]
        assert all(len(pair) == 2 and np.array_equal(*pair) for pair in copies)
        print("equal weights", len(copies))

data, out = map(Path, sys.argv[1:])
config = FitConfig(
    data, out, "vgg", 0.25, ("age",), size_px=48, images=32, batch_size=16, epochs=1, precision="float32",
    devices=2,
)
fit(config, [CompareReplicas()])
"""


def test_two_devices_train_one_model(prepared: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES, str(prepared), str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "equal weights" in done.stdout
    assert epochs(tmp_path / "run") == [0]
    assert load_model(tmp_path / "run" / "model.keras").count_params() > 0


def test_devices_that_are_not_there_are_told(small_config: SmallConfig, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not 99 devices"):
        fit(small_config(tmp_path / "run", devices=99, batch_size=99))


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_back_ends_train_too(prepared: Path, tmp_path: Path, backend: str) -> None:
    pytest.importorskip(backend)
    words = ["-m", "train", "fit", "--data", str(prepared), "-o", str(tmp_path / "run"), *SMALL.split()]
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert epochs(tmp_path / "run") == [0, 1, 2]
