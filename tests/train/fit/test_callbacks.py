"""The average follows the weights, and the best epoch is kept."""

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from train.fit.callbacks import Checkpoint, ExponentialMovingAverage, SaveBest, out_of_patience
from train.model.build import build_model
from train.model.network import Network


def test_best_epoch_is_kept_and_the_run_stops_when_none_is_better(tmp_path: Path) -> None:
    network = Network("plain", ("age",), 0.25)
    model, copy = build_model(network, size_px=48), build_model(network, size_px=48)
    average = ExponentialMovingAverage(0.999)
    model.stop_training = False  # as `fit` does
    losses: list[float] = []
    best = SaveBest(copy, average, tmp_path / "model.keras", losses, patience=2)
    for callback in (average, best):
        callback.set_model(model)
    average.on_train_begin()
    saved = []
    for epoch, loss in enumerate((3.0, 2.0, 2.5, 2.1)):
        assert not model.stop_training
        best.on_epoch_end(epoch, {"val_loss": loss})
        saved.append((tmp_path / "model.keras").stat().st_mtime_ns)
    assert saved[0] < saved[1] == saved[2] == saved[3]
    assert model.stop_training
    assert losses == [3, 2, 2.5, 2.1]


def test_a_checkpoint_without_room_on_the_disk_is_an_error_and_no_crash(
    mount_disk: Callable[[int], Path],
) -> None:
    disk = mount_disk(1)
    model = build_model(Network("plain", ("age",), 0.25), size_px=48)
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    average = ExponentialMovingAverage(0)
    checkpoint = Checkpoint(disk, average)
    for callback in (average, checkpoint):
        callback.set_model(model)
    (disk / "other").write_bytes(bytes(900_000))
    with pytest.raises(OSError, match="No space") as raised:
        checkpoint.on_epoch_end(0, {"val_loss": 1.0})
    assert raised.value.errno == errno.ENOSPC
    assert not [path for path in disk.rglob("*") if path.is_file() and path.name != "other"]


def test_a_run_is_out_of_patience_after_so_many_epochs() -> None:
    assert not out_of_patience([3, 2, 2.5], 2)
    assert out_of_patience([3, 2, 2.5, 2.1], 2)
    assert not out_of_patience([3, 2, 2.5, 1.9], 2)
    assert not out_of_patience([3, 4, 5, 6], None)


def test_average_follows_the_weights_however_short_the_run() -> None:
    model = build_model(Network("plain", ("age",), 0.25), size_px=48)
    average = ExponentialMovingAverage(0.999)
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
