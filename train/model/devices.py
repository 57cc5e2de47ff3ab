"""Where and in which precision networks compute: GPUs, parts of a processor, hosts, dtype policies."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Final

import keras

from train.errors import DataError

_HOSTS: Final = "KERAS_DISTRIBUTION_NUM_PROCESSES"
_HOST: Final = "KERAS_DISTRIBUTION_PROCESS_ID"


@contextlib.contextmanager
def devices(count: int) -> Iterator[None]:
    """Build and train models on ``count`` devices of all hosts together, GPUs where there are any.

    They hold equal weights and share each batch (data parallelism). Raises :class:`DataError` where there are
    fewer devices, and on PyTorch, for which Keras has no such training.
    """
    backend = keras.backend.backend()
    if count == 1:
        yield
    elif backend == "tensorflow":
        import tensorflow as tf

        found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        chosen = _first([device.name for device in found], count)
        with tf.distribute.MirroredStrategy(chosen).scope():
            yield
    elif backend == "jax":
        if hosts() > 1:
            keras.distribution.initialize()
        before = keras.distribution.distribution()
        chosen = _first(keras.distribution.list_devices(), count)
        # Each host makes its own share of a batch.
        shared = keras.distribution.DataParallel(devices=chosen, auto_shard_dataset=False)
        keras.distribution.set_distribution(shared)
        try:
            yield
        finally:
            keras.distribution.set_distribution(before)
    else:
        raise DataError("PyTorch trains on one device: set KERAS_BACKEND to tensorflow or jax for several.")


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """Build layers under another dtype policy, such as "float32"."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def describe_devices(count: int) -> str:
    """Back end and devices that ``count`` of them are, such as "tensorflow 2.21.0, NVIDIA H100"."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        version = tf.__version__
        gpus = tf.config.list_physical_devices("GPU")
        names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
    elif backend == "jax":
        import jax

        version = jax.__version__
        names = [device.device_kind for device in jax.devices() if device.platform != "cpu"]
    else:
        import torch

        version = torch.__version__
        names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    used = ", ".join(names[:count]) or f"no GPU, a processor of {os.cpu_count()} cores"
    return f"{backend} {version}, {used}"


def hosts() -> int:
    """How many hosts train together, each in a process of its own: on JAX alone, by Keras's variables."""
    return int(os.environ.get(_HOSTS, 1)) if keras.backend.backend() == "jax" else 1


def host() -> int:
    """Which of them this one is, from 0."""
    return int(os.environ.get(_HOST, 0)) if hosts() > 1 else 0


def _first(names: list[str], count: int) -> list[str]:
    if len(names) < count:
        raise DataError(f"There are not {count} devices to train on: found {', '.join(names)}.")
    return names[:count]
