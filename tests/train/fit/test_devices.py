"""Several devices train one model, and so do other back ends than TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.train.conftest import SmallConfig
from tests.train.fit.runs import SMALL, epochs
from train.errors import DataError
from train.fit.training import fit
from train.model.build import load_model

pytestmark = pytest.mark.training


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
    data, out, "plain", 0.25, ("age",), size_px=32, images=16, batch_size=8, epochs=1, precision="float32",
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
