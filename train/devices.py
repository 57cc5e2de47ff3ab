"""Train on several GPUs, or parts of one processor, each with its share of every batch."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import keras

from train.data import DataError


@contextlib.contextmanager
def devices(count: int) -> Iterator[None]:
    """Build and train models on ``count`` devices of this computer, GPUs where there are any.

    They hold equal weights and share each batch (data parallelism). On TensorFlow, several hosts work
    together where ``TF_CONFIG`` names them. Raises :class:`DataError` where there are fewer devices, and on
    PyTorch, for which Keras has no such training.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow" and (count > 1 or "TF_CONFIG" in os.environ):
        with _tensorflow_strategy(count).scope():
            yield
    elif backend == "jax" and count > 1:
        chosen = _first(keras.distribution.list_devices(), count)
        before = keras.distribution.distribution()
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=chosen))
        try:
            yield
        finally:
            keras.distribution.set_distribution(before)
    elif count > 1:
        raise DataError("PyTorch trains on one device: set KERAS_BACKEND to tensorflow or jax for several.")
    else:
        yield


def _tensorflow_strategy(count: int) -> Any:
    import tensorflow as tf

    if "TF_CONFIG" in os.environ:
        return tf.distribute.MultiWorkerMirroredStrategy()
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy(_first([device.name for device in found], count))


def _first(names: list[str], count: int) -> list[str]:
    if len(names) < count:
        raise DataError(f"There are not {count} devices to train on: found {', '.join(names)}.")
    return names[:count]
