"""What happens between the steps and epochs of a training: averaging, keeping the best, checkpoints."""

from __future__ import annotations

import contextlib
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from agecam.files import atomic_write
from train.data.arrays import check_room
from train.model.weights import copy_weights

_FLOAT_BYTES: Final = 4
_HEADER_BYTES: Final = 4096
_UPDATE_STEPS: Final = 8
"""Steps between updates of the average: each copies all weights."""
_SHORT_RUN_STEPS: Final = 10
"""The decay of early steps is steps / (steps + this), so that a short run forgets what it began with."""


class ExponentialMovingAverage(keras.callbacks.Callback):
    """Keep an exponential moving average (EMA) of all weights over the steps, and validate with it.

    Statistics of batch normalisation are averaged too: with the last step's own, averaged weights are worth
    nothing (17 against 5.5 years after two epochs). Polyak and Juditsky, "Acceleration of Stochastic
    Approximation by Averaging", 1992; early on the decay is smaller, as in TensorFlow's
    ``ExponentialMovingAverage``.
    """

    def __init__(self, decay: float) -> None:
        super().__init__()
        self._decay = decay
        self._average: list[NDArray[np.float32]] = []
        self._steps = 0
        self._averaged_steps = 0
        self._current: list[NDArray[np.float32]] | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Begin with the weights as they are, unless an average was loaded."""
        if not self._average:
            self._average = [np.array(weight, np.float32) for weight in self.model.get_weights()]

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Take up the weights every few steps."""
        self._steps += 1
        if self._steps - self._averaged_steps >= _UPDATE_STEPS:
            self._update()

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Put the average into the model."""
        self._update()
        self._current = self.model.get_weights()
        self.model.set_weights(self._average)

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Put the weights of the training back."""
        if self._current is not None:
            self.model.set_weights(self._current)
            self._current = None

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Have the average in the model for a while."""
        current = self.model.get_weights()
        self.model.set_weights(self._average)
        try:
            yield
        finally:
            self.model.set_weights(current)

    def save(self, path: Path) -> None:
        """Write the average to an ``.npz`` file."""
        weights = {f"weight{index}": average for index, average in enumerate(self._average)}
        np.savez(path, steps=self._steps, **weights)  # type: ignore[arg-type]

    def load(self, path: Path) -> None:
        """Read what :meth:`save` wrote."""
        with np.load(path) as saved:
            self._steps = self._averaged_steps = int(saved["steps"])
            self._average = [saved[f"weight{index}"] for index in range(len(saved.files) - 1)]

    def _update(self) -> None:
        steps = self._steps - self._averaged_steps
        keep = min(self._decay, self._steps / (self._steps + _SHORT_RUN_STEPS)) ** steps
        for average, weight in zip(self._average, self.model.get_weights(), strict=True):
            average += np.float32(1 - keep) * (weight - average)
        self._averaged_steps = self._steps


class SaveBest(keras.callbacks.Callback):
    """Save the averaged weights of the epoch with the lowest validation loss, and stop when none comes.

    ``copy`` is the network that is saved, in float32 and without optimizer; ``losses`` are those of the
    epochs before, and grow. A run that is cut off while it writes leaves the last whole file behind.
    """

    def __init__(
        self,
        copy: keras.Model,
        average: ExponentialMovingAverage,
        path: Path,
        losses: list[float],
        patience: int | None,
    ) -> None:
        super().__init__()
        self._copy = copy
        self._average = average
        self._path = path
        self._losses = losses
        self._patience = patience

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Save the model if this epoch is the best, and end the training out of patience."""
        loss = (logs or {})["val_loss"]
        best = min(self._losses, default=math.inf)
        self._losses.append(loss)
        if loss < best:
            with self._average.applied():
                copy_weights([self.model], self._copy)
            with atomic_write(self._path) as partial:
                self._copy.save(partial)
        if out_of_patience(self._losses, self._patience):
            self.model.stop_training = True


def out_of_patience(losses: list[float], patience: int | None) -> bool:
    """Whether the last ``patience`` epochs brought no lower validation loss than was known before them."""
    return patience is not None and len(losses) > patience and min(losses) < min(losses[-patience:])


class Checkpoint(keras.callbacks.Callback):
    """Save all that a run needs to go on as if nothing had been, after each epoch.

    WORKAROUND: Keras's ``BackupAndRestore`` writes weights and epoch one after the other, so that a run
    killed between the two, or while its first weights are written, goes on wrongly or not at all; and it
    lets dropout start its random numbers anew. Here a whole folder appears under its name at once.
    """

    def __init__(self, folder: Path, average: ExponentialMovingAverage) -> None:
        super().__init__()
        self._folder = folder
        self._average = average

    def newest(self) -> Path | None:
        """The folder of the last checkpoint, if there is one."""
        return max(self._folder.glob("checkpoint-*"), default=None)

    def restore(self, model: keras.Model) -> int:
        """Take up the newest checkpoint; returns how many epochs it has behind it, 0 without any."""
        newest = self.newest()
        if newest is None:
            return 0
        model.optimizer.build(model.trainable_variables)
        model.load_weights(newest / "model.weights.h5")
        self._average.load(newest / "average.npz")
        with np.load(newest / "random.npz") as saved:
            for state, value in zip(_random_states(model), saved.values(), strict=True):
                state.assign(value)
        return int(newest.name.removeprefix("checkpoint-"))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Replace the checkpoint of the epoch before."""
        # A loss that is not a number is nothing to go on with.
        if not math.isfinite((logs or {})["val_loss"]):
            return
        partial = self._folder / "partial-checkpoint"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        # WORKAROUND: HDF5 that finds the disk full cannot close the file, and ends the process with a crash.
        check_room(partial, self._size_bytes())
        self.model.save_weights(partial / "model.weights.h5")
        self._average.save(partial / "average.npz")
        np.savez(partial / "random.npz", *(np.array(state) for state in _random_states(self.model)))
        old = list(self._folder.glob("checkpoint-*"))
        partial.rename(self._folder / f"checkpoint-{epoch + 1:05}")
        for folder in old:
            shutil.rmtree(folder)

    def _size_bytes(self) -> int:
        """Of a checkpoint, roughly: what HDF5 writes of each variable beside its values is about 2 kB."""
        saved = (*self.model.variables, *self.model.optimizer.variables, *self.model.weights)
        return sum(_FLOAT_BYTES * math.prod(variable.shape) + _HEADER_BYTES for variable in saved)

    def remove(self) -> None:
        """Delete all checkpoints: the run will not go on."""
        for folder in self._folder.glob("*checkpoint*"):
            shutil.rmtree(folder)


def _random_states(model: keras.Model) -> list[keras.Variable]:
    """What layers draw random numbers from: variables that Keras does not count among the weights."""
    return [
        variable
        for layer in model.layers
        for variable in layer.variables
        if not any(variable is weight for weight in layer.weights)
    ]
