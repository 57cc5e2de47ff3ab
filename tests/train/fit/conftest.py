"""One process for all that needs one of its own: importing TensorFlow takes longer than these trainings."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

_PROGRAM = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from train.quiet_keras import load_keras
load_keras()
import keras, numpy as np, tensorflow as tf
processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
from train.fit.config import FitConfig
from train.fit.training import fit

class CompareReplicas(keras.callbacks.Callback):
    def on_train_end(self, logs=None):
        copies = [[copy.numpy() for copy in weight.value.values] for weight in self.model.weights]
        assert all(len(pair) == 2 and np.array_equal(*pair) for pair in copies)
        print("equal weights", len(copies))

class Kill(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (1, 2):
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)

data, two_devices, killed = map(Path, sys.argv[1:])
small = FitConfig(data, two_devices, "plain", 0.25, size_px=32, batch_size=8, epochs=1, precision="float32")
fit(replace(small, heads=("age",), images=16, devices=2), [CompareReplicas()])
if hasattr(signal, "SIGKILL"):
    fit(replace(small, out=killed, epochs=3), [Kill()])
"""


@dataclass(frozen=True, slots=True)
class Process:
    """What a process left behind that trained one run on two devices and was killed in another."""

    two_devices: Path
    """One epoch of 16 images, by age alone."""
    killed: Path
    """The run of the fixture ``trained``, killed in its second epoch."""
    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def process(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Process:
    folder = tmp_path_factory.mktemp("process")
    two_devices, killed = folder / "two-devices", folder / "killed"
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(prepared), str(two_devices), str(killed)],
        env={name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (-signal.SIGKILL if hasattr(signal, "SIGKILL") else 0), done.stderr[-2000:]
    return Process(two_devices, killed, done.returncode, done.stdout, done.stderr)
