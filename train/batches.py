"""Batches of model input, targets and weights from prepared crops, made on the fly in worker threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.align import CROP_PX, to_model_input
from agecam.vision.calibration import AGES
from train.augment import Augmentation, augment
from train.losses import UNKNOWN, age_targets, rarity_weights
from train.models import AGE, GENDER
from train.prepare import central
from train.table import Table

_SHUFFLE: Final = 1_000_000


class Batches(keras.utils.PyDataset):
    """Batches of ``(x, y, weights)``: x ``(b, size_px, size_px, 1)`` float32 in [0, 1].

    ``y`` and ``weights`` are dictionaries by head, or plain arrays for a single head; a missing label has
    the weight 0. With ``augmentation`` the order and the changes are random, but the same for the same seed,
    epoch and batch, however many threads work, so that a run resumed with :meth:`start_at` sees what it would
    have seen; without, crops come in order and as they are. The share ``blended`` of the pictures is blended
    with the next one of the batch (Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018);
    their labels say nothing, so that they are for a teacher to tell. Of ``hosts`` that train together, each
    makes its share of every batch.
    """

    def __init__(
        self,
        crops: NDArray[np.uint8],
        table: Table,
        heads: Sequence[str],
        *,
        size_px: int = CROP_PX,
        batch_size: int = 128,
        augmentation: Augmentation | None = None,
        rarity_exponent: float = 0.0,
        seed: int = 0,
        blended: float = 0.0,
        workers: int = 1,
        host: int = 0,
        hosts: int = 1,
    ) -> None:
        super().__init__(workers=workers, use_multiprocessing=False, max_queue_size=8)
        self._crops = crops
        self._rows = table.row
        self._heads = tuple(heads)
        self._size_px = size_px
        self._batch_size = batch_size
        self._augmentation = augmentation
        self._blended = blended
        self._seed = seed
        self._epoch = 0
        self._host, self._hosts = host, hosts
        self._order = np.arange(len(table))
        targets = {
            AGE: age_targets(table.age_low, table.age_high),
            GENDER: np.nan_to_num(table.female).astype(np.float32)[:, None],
        }
        weights = {
            AGE: rarity_weights(table.age_low, table.age_high, rarity_exponent),
            GENDER: (~np.isnan(table.female)).astype(np.float32),
        }
        self._targets = {head: targets[head] for head in heads}
        self._weights = {head: weights[head] for head in heads}
        self._shuffle()

    @property
    def num_batches(self) -> int:
        # Training drops the last, smaller batch: batch normalisation would lean on few pictures.
        if self._augmentation is not None:
            return max(1, len(self._rows) // self._batch_size)
        return -(-len(self._rows) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], Any, Any]:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        chosen = chosen[self._host :: self._hosts]
        images = np.empty((len(chosen), self._size_px, self._size_px), np.uint8)
        random = np.random.default_rng((self._seed, self._epoch, index, self._host))
        for image, place in zip(images, chosen, strict=True):
            crop = self._crops[self._rows[place]]
            if self._augmentation is not None:
                image[:] = augment(crop, CROP_PX, self._size_px, random, self._augmentation)
            elif self._size_px == CROP_PX:
                image[:] = central(crop)
            else:
                size = (self._size_px, self._size_px)
                image[:] = cv2.resize(central(crop), size, interpolation=cv2.INTER_AREA)
        y = {head: self._targets[head][chosen] for head in self._heads}
        weights = {head: self._weights[head][chosen] for head in self._heads}
        if self._blended:
            self._blend(images, y, random)
        if len(self._heads) == 1:
            return to_model_input(images), y[self._heads[0]], weights[self._heads[0]]
        return to_model_input(images), y, weights

    def _blend(
        self, images: NDArray[np.uint8], y: dict[str, NDArray[np.float32]], random: np.random.Generator
    ) -> None:
        """Blend some pictures with their neighbours in place, and forget their labels."""
        chosen = random.random(len(images)) < self._blended
        shares = random.uniform(0.5, 1, len(images))
        neighbours = np.roll(images, -1, axis=0)
        for place in np.flatnonzero(chosen):
            share = float(shares[place])
            images[place] = cv2.addWeighted(images[place], share, neighbours[place], 1 - share, 0)
        unknown = {AGE: age_targets(np.zeros(1), np.full(1, AGES - 1.0)), GENDER: UNKNOWN}
        for head in self._heads:
            y[head][chosen] = unknown[head]

    def start_at(self, epoch: int) -> None:
        """Go on as if ``epoch`` epochs had been seen."""
        self._epoch = epoch
        self._shuffle()

    def on_epoch_end(self) -> None:
        self.start_at(self._epoch + 1)

    def _shuffle(self) -> None:
        if self._augmentation is not None:
            random = np.random.default_rng((self._seed, self._epoch, _SHUFFLE))
            self._order = random.permutation(len(self._rows))
