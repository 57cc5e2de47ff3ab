"""Programs that log get every epoch, and stay on this computer unless the environment says otherwise."""

import os
from pathlib import Path
from typing import Any

import pytest

from train.fit.trackers import LogToTracker


class Recorder:
    """Stands for a package: remembers what is called with what."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> "Recorder":
            self.calls.append((name, args, kwargs))
            return self

        return call


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment as if the user had set none of these; it is as before after the test."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_DISABLE_TELEMETRY", "WANDB_MODE", "WANDB_ERROR_REPORTING"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return monkeypatch


def logged(name: str, run: Path) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    package, loaded = Recorder(), []

    def load(module: str) -> Recorder:
        loaded.append(module)
        return package

    tracker = LogToTracker(name, {"seed": 3}, run, load)
    assert not loaded, "nothing is imported before the training begins"
    tracker.on_train_begin()
    tracker.on_epoch_end(0, {"loss": 2.0})
    tracker.on_epoch_end(1, {"loss": 1.5, "val_loss": 1.0})
    tracker.end()
    tracker.end()
    assert loaded == [name]
    return package.calls


def test_mlflow_logs_to_the_folder_of_the_run(tmp_path: Path, variables: pytest.MonkeyPatch) -> None:
    assert logged("mlflow", tmp_path) == [
        ("set_tracking_uri", (f"sqlite:///{tmp_path.resolve() / 'mlflow.db'}",), {}),
        ("start_run", (), {"run_name": tmp_path.name}),
        ("log_params", ({"seed": 3},), {}),
        ("log_metrics", ({"loss": 2.0},), {"step": 0}),
        ("log_metrics", ({"loss": 1.5, "val_loss": 1.0},), {"step": 1}),
        ("end_run", (), {}),
    ]
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_mlflow_logs_to_the_server_that_the_user_names(tmp_path: Path, variables: pytest.MonkeyPatch) -> None:
    variables.setenv("MLFLOW_TRACKING_URI", "http://localhost:5000")
    assert "set_tracking_uri" not in [name for name, *_ in logged("mlflow", tmp_path)]


def test_weights_and_biases_is_offline_unless_the_user_says_online(
    tmp_path: Path, variables: pytest.MonkeyPatch
) -> None:
    calls = logged("wandb", tmp_path)
    assert [name for name, *_ in calls] == ["init", "log", "log", "finish"]
    assert calls[0][2] | {"config": {"seed": 3}, "dir": str(tmp_path)} == calls[0][2]
    assert calls[2][1:] == (({"loss": 1.5, "val_loss": 1.0},), {"step": 1})
    assert os.environ["WANDB_MODE"] == "offline"
    variables.setenv("WANDB_MODE", "online")
    logged("wandb", tmp_path)
    assert os.environ["WANDB_MODE"] == "online"
