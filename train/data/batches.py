"""Batches as Keras wants them, made on the fly, by several processes if asked for."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from agecam.vision.align import to_model_input
from train.data.batch_maker import BatchConfig, BatchMaker, begin_worker, make_in_worker
from train.data.table import Table

_QUEUED_BATCHES: Final = 8
"""Batches that may be ready ahead of the training step."""


class Batches(keras.utils.PyDataset):
    """Batches of ``(x, y, weights)``: x ``(b, size_px, size_px, 1)`` float32 in [0, 1].

    ``y`` and ``weights`` are dictionaries by head, or plain arrays for a single head; a missing label has
    the weight 0, or, where the head is taught, 1 and a target that says nothing. With augmentation the order
    and the changes are random, but the same for the same seed, epoch and batch, however many processes work,
    so that a run resumed with :meth:`start_at` sees what it would have seen. :meth:`close` it after use.
    """

    def __init__(
        self, crops: NDArray[np.uint8], table: Table, heads: Sequence[str], config: BatchConfig
    ) -> None:
        """``crops`` are all ``(n, 160, 160)`` uint8 of a prepared folder; ``table`` says which are used."""
        super().__init__(workers=config.workers, use_multiprocessing=False, max_queue_size=_QUEUED_BATCHES)
        self._maker = BatchMaker(crops, table, heads, config)
        self._heads = tuple(heads)
        self._epoch = 0
        # Threads would wait for each other: half of the work on a crop is done in Python. Here they wait for
        # processes, one each.
        self._pool: ProcessPoolExecutor | None = None
        if config.workers > 1 and config.augmentation is not None:
            self._pool = ProcessPoolExecutor(
                config.workers, multiprocessing.get_context("spawn"), begin_worker, (self._maker,)
            )

    @property
    def num_batches(self) -> int:
        """How many batches an epoch has."""
        return self._maker.num_batches

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], Any, Any]:
        if self._pool is None:
            images, y, weights = self._maker.make(self._epoch, index)
        else:
            images, y, weights = self._pool.submit(make_in_worker, self._epoch, index).result()
        if len(self._heads) == 1:
            return to_model_input(images), y[self._heads[0]], weights[self._heads[0]]
        return to_model_input(images), y, weights

    def start_at(self, epoch: int) -> None:
        """Go on as if ``epoch`` epochs had been seen."""
        self._epoch = epoch

    def on_epoch_end(self) -> None:
        """Keras calls it: the next epoch has another order and other changes."""
        self.start_at(self._epoch + 1)

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
