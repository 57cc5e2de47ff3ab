"""A training run goes on after a kill, ends once, keeps its best epoch, and learns by any loss."""

import csv
import importlib.util
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from train.callbacks import AverageWeights, KeepBest, stalled
from train.cli import app
from train.data import DataError
from train.fit import FitConfig, fit, validation_losses
from train.losses import MeanVarianceLoss, TwoWayGenderLoss, YearsLoss, age_distance, age_targets
from train.models import Network, build_model, copy_weights, describe, load, single_head

SMALL = "--architecture plain --width 0.25 --precision float32 --size 48 --batch 8 --epochs 4"


def config(prepared: Path, out: Path, **changes: object) -> FitConfig:
    small = FitConfig(str(prepared), str(out), "plain", 0.25, size_px=48, batch_size=8, precision="float32")
    return replace(small, **changes)  # type: ignore[arg-type]


def epochs(run: Path) -> list[int]:
    with (run / "log.csv").open(newline="", encoding="utf-8") as stream:
        return [int(row["epoch"]) for row in csv.DictReader(stream)]


def call(*words: str) -> None:
    from typer.testing import CliRunner

    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output


SLOWED = """
import time
import train.batches
from train.cli import main
make = train.batches.Batches.__getitem__
def slowly(self, index):
    time.sleep(0.1)
    return make(self, index)
train.batches.Batches.__getitem__ = slowly
main()
"""


def test_a_run_killed_in_an_epoch_goes_on_and_ends_as_if_nothing_had_been(
    prepared: Path, tmp_path: Path
) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    words = ["fit", "--data", str(prepared), "-o", str(run), *SMALL.split()]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOWED, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not list(run.glob("checkpoint-*")):
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert len(epochs(run)) < 4

    call(*words)
    assert epochs(run) == [0, 1, 2, 3]
    assert not list(run.glob("*checkpoint*"))
    fit(config(prepared, whole, epochs=4))
    np.testing.assert_allclose(validation_losses(run), validation_losses(whole), rtol=1e-4)

    before = (run / "model.keras").stat().st_mtime_ns
    call(*words)
    assert (run / "model.keras").stat().st_mtime_ns == before
    assert epochs(run) == [0, 1, 2, 3]


def test_an_epoch_logged_but_in_no_checkpoint_is_done_again(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CutBeforeCheckpoint(keras.callbacks.CSVLogger):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            super().on_epoch_end(epoch, logs)
            if epoch == 1:
                self.on_train_end()
                raise KeyboardInterrupt

    run = config(prepared, tmp_path, epochs=3)
    with monkeypatch.context() as patch:
        patch.setattr(keras.callbacks, "CSVLogger", CutBeforeCheckpoint)
        with pytest.raises(KeyboardInterrupt):
            fit(run)
    assert epochs(tmp_path) == [0, 1]
    assert [folder.name for folder in tmp_path.glob("checkpoint-*")] == ["checkpoint-00001"]
    fit(run)
    assert epochs(tmp_path) == [0, 1, 2]


@pytest.mark.parametrize(
    ("age_loss", "gender_loss", "optimizer", "columns"),
    [
        ("mae", "categorical", "sgd", (1, 2)),
        ("mse", "binary", "adam", (1, 1)),
        ("mean-variance", "binary", "adamw", (101, 1)),
    ],
)
def test_every_loss_trains_a_network_that_answers_its_way(
    prepared: Path,
    tmp_path: Path,
    age_loss: str,
    gender_loss: str,
    optimizer: str,
    columns: tuple[int, int],
) -> None:
    run = config(
        prepared, tmp_path, age_loss=age_loss, gender_loss=gender_loss, optimizer=optimizer, epochs=1
    )
    model = load(fit(run))
    assert describe(model) == run.network
    output = model.predict_on_batch(np.full((2, 48, 48, 1), 0.5, np.float32))
    assert output["age"].shape == (2, columns[0])
    assert output["gender"].shape == (2, columns[1])
    assert np.isfinite(validation_losses(tmp_path)).all()


def test_years_are_off_by_what_lies_outside_the_range() -> None:
    targets = age_targets(np.array([30.0, 30.0, 30.0]), np.array([30.0, 39.0, 39.0]))
    years = np.array([[34.0], [34.0], [59.0]], np.float32)
    np.testing.assert_allclose(age_distance(targets, years), [4, 0, 20])
    np.testing.assert_allclose(YearsLoss(1, reduction=None)(targets, years), [0.4, 0, 2], rtol=1e-6)
    np.testing.assert_allclose(YearsLoss(2, reduction=None)(targets, years), [0.16, 0, 4], rtol=1e-6)


def test_mean_variance_loss_prefers_narrow_distributions_at_the_label() -> None:
    targets = age_targets(np.full(3, 30.0), np.full(3, 30.0))
    ages = np.arange(101)
    centre, width = np.array([[30], [30], [45]]), np.array([[2.3], [15], [2.3]])
    p = np.exp(-0.5 * ((ages - centre) / width) ** 2)
    p = (p / p.sum(axis=1, keepdims=True)).astype(np.float32)
    right, wide, far = keras.ops.convert_to_numpy(MeanVarianceLoss(reduction=None)(targets, p))
    assert right < wide < far


def test_two_way_loss_is_the_binary_one() -> None:
    truth, female = np.array([[1.0], [0.0]], np.float32), np.array([[0.9], [0.3]], np.float32)
    two_way = TwoWayGenderLoss(label_smoothing=0.1)(truth, np.hstack([1 - female, female]))
    binary = keras.losses.BinaryCrossentropy(label_smoothing=0.1)(truth, female)
    assert float(two_way) == pytest.approx(float(binary), rel=1e-5)


def test_best_epoch_is_kept_and_the_run_stops_when_none_is_better(tmp_path: Path) -> None:
    network = Network("plain", ("age",), 0.25)
    model, copy = build_model(network, size_px=48), build_model(network, size_px=48)
    average = AverageWeights(0.999)
    model.stop_training = False  # as `fit` does
    losses: list[float] = []
    keep = KeepBest(copy, average, tmp_path / "model.keras", losses, patience=2)
    for callback in (average, keep):
        callback.set_model(model)
    average.on_train_begin()
    saved = []
    for epoch, loss in enumerate((3.0, 2.0, 2.5, 2.1)):
        assert not model.stop_training
        keep.on_epoch_end(epoch, {"val_loss": loss})
        saved.append((tmp_path / "model.keras").stat().st_mtime_ns)
    assert saved[0] < saved[1] == saved[2] == saved[3]
    assert model.stop_training
    assert losses == [3, 2, 2.5, 2.1]


def test_a_run_stalls_after_its_patience() -> None:
    assert not stalled([3, 2, 2.5], 2)
    assert stalled([3, 2, 2.5, 2.1], 2)
    assert not stalled([3, 2, 2.5, 1.9], 2)
    assert not stalled([3, 4, 5, 6], None)


def test_average_follows_the_weights_however_short_the_run() -> None:
    model = build_model(Network("plain", ("age",), 0.25), size_px=48)
    average = AverageWeights(0.999)
    average.set_model(model)
    average.on_train_begin()
    before = model.get_weights()[0]
    model.set_weights([weight + 1 for weight in model.get_weights()])
    for step in range(3):
        average.on_train_batch_end(step)
    average.on_test_begin()
    assert (model.get_weights()[0] - before).mean() == pytest.approx(1 - (3 / 13) ** 3, abs=1e-4)
    average.on_test_end()
    np.testing.assert_allclose(model.get_weights()[0], before + 1)


def test_weights_that_do_not_fit_are_refused_in_plain_words() -> None:
    network = Network("plain", ("age",), 0.25)
    with pytest.raises(DataError, match="same architecture and width"):
        copy_weights([build_model(network, size_px=48)], build_model(replace(network, width=0.5), size_px=48))
    with pytest.raises(DataError, match="not trained here"):
        describe(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]))


def test_a_head_that_was_never_learnt_is_not_exported() -> None:
    with pytest.raises(DataError, match="gender has learnt it"):
        single_head([build_model(Network("plain", ("age",), 0.25))], "gender")


def test_networks_are_known_by_their_files(tmp_path: Path) -> None:
    network = Network("compact", ("gender",), 0.25, dropout=0.4, gender_columns=2)
    build_model(network, size_px=48).save(tmp_path / "model.keras")
    assert describe(load(tmp_path / "model.keras")) == network


def test_missing_tensorboard_and_devices_are_told_before_training(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match="not 99 devices"):
        fit(config(prepared, tmp_path / "devices", devices=99, batch_size=99))
    with pytest.raises(DataError, match="cannot share a batch of 8 evenly"):
        fit(config(prepared, tmp_path / "uneven", devices=3))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="TensorBoard is not installed"):
        fit(config(prepared, tmp_path / "board", tensorboard=True))


TWO_DEVICES = """
import sys
import keras, numpy as np, tensorflow as tf
processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
from train.fit import FitConfig, fit

class CompareReplicas(keras.callbacks.TerminateOnNaN):
    def on_train_end(self, logs=None):
        copies = [[np.array(copy) for copy in weight.value.values] for weight in self.model.weights]
        assert all(len(pair) == 2 and np.array_equal(*pair) for pair in copies)
        print("equal weights", len(copies))

keras.callbacks.TerminateOnNaN = CompareReplicas
data, out = sys.argv[1:]
fit(FitConfig(data, out, "vgg", 0.25, size_px=48, batch_size=16, epochs=1, precision="float32", devices=2))
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
    assert load(tmp_path / "run" / "model.keras").count_params() > 0


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_back_ends_train_too(prepared: Path, tmp_path: Path, backend: str) -> None:
    pytest.importorskip(backend)
    words = ["-m", "train", "fit", "--data", str(prepared), "-o", str(tmp_path / "run"), *SMALL.split()]
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert epochs(tmp_path / "run") == [0, 1, 2, 3]
