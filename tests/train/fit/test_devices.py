"""Several devices train one model, and so do other back ends than TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.train.conftest import SmallConfig
from tests.train.fit.conftest import Process
from tests.train.fit.runs import SMALL, epochs
from train.errors import DataError
from train.fit.training import fit
from train.model.build import load_model

pytestmark = pytest.mark.training


def test_two_devices_train_one_model(process: Process) -> None:
    assert "equal weights" in process.out
    assert epochs(process.two_devices) == [0]
    assert load_model(process.two_devices / "model.keras").count_params() > 0


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
