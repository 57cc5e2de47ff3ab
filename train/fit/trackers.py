"""Programs beside the training that log its metrics, by name, where they are installed.

They log to the run's folder and send nothing, unless the user's own environment names a server: MLflow's
``MLFLOW_TRACKING_URI``, ``WANDB_MODE=online`` of Weights & Biases.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import keras

Import = Callable[[str], Any]
"""Imports a package by its name, as :func:`importlib.import_module`."""


class Tracker(Protocol):
    """One run of a program that logs."""

    def log(self, metrics: Mapping[str, float], epoch: int) -> None:
        """Take the metrics of an epoch, from 0."""
        ...

    def end(self) -> None:
        """The run has ended."""
        ...


class _Mlflow:
    def __init__(self, settings: Mapping[str, Any], run: Path, load: Import) -> None:
        # It tells its maker of every use, unless told not to before it is imported.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        self._mlflow = load("mlflow")
        if "MLFLOW_TRACKING_URI" not in os.environ:
            self._mlflow.set_tracking_uri(f"sqlite:///{(run / 'mlflow.db').resolve()}")
        self._mlflow.start_run(run_name=run.name)
        self._mlflow.log_params(settings)

    def log(self, metrics: Mapping[str, float], epoch: int) -> None:
        self._mlflow.log_metrics(dict(metrics), step=epoch)

    def end(self) -> None:
        self._mlflow.end_run()


class _Wandb:
    def __init__(self, settings: Mapping[str, Any], run: Path, load: Import) -> None:
        os.environ.setdefault("WANDB_MODE", "offline")
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        self._run = load("wandb").init(
            project="agecam", name=run.name, dir=str(run), config=dict(settings), reinit="finish_previous"
        )

    def log(self, metrics: Mapping[str, float], epoch: int) -> None:
        self._run.log(dict(metrics), step=epoch)

    def end(self) -> None:
        self._run.finish()


_TRACKERS: Final[Mapping[str, Callable[[Mapping[str, Any], Path, Import], Tracker]]] = {
    "mlflow": _Mlflow,
    "wandb": _Wandb,
}


class LogToTracker(keras.callbacks.Callback):
    """Hand the metrics of each epoch to a :class:`Tracker`, begun with the training under the run's name."""

    def __init__(
        self, name: str, settings: Mapping[str, Any], run: Path, load: Import = importlib.import_module
    ) -> None:
        """``name`` is one of :data:`train.fit.config.TRACKERS`, ``settings`` those of the run."""
        super().__init__()
        self._begin: Callable[[], Tracker] = functools.partial(_TRACKERS[name], settings, run, load)
        self._tracker: Tracker | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Begin a run there."""
        self._tracker = self._begin()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Log the epoch."""
        if self._tracker is not None:
            self._tracker.log({name: float(value) for name, value in (logs or {}).items()}, epoch)

    def end(self) -> None:
        """End the run there, also where the training was interrupted."""
        if self._tracker is not None:
            self._tracker.end()
            self._tracker = None
