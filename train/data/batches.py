"""Batches of model input, targets and weights from prepared crops, made on the fly in worker threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.align import CROP_PX, to_model_input
from agecam.vision.calibration import AGES
from train.data.augment import Augmentation, augment
from train.data.crops import center_crop
from train.data.table import Table
from train.data.targets import (
    AGE,
    GENDER,
    UNKNOWN_GENDER,
    Emphasis,
    age_targets,
    emphasis_weights,
    rarity_weights,
)

_SHUFFLE: Final = 1_000_000
"""Takes the place of a batch's number in the seed of an epoch's order."""
_QUEUED_BATCHES: Final = 8
"""Batches that may be ready ahead of the training step."""
_MIN_MIXUP_SHARE: Final = 0.5
"""Of two images that are mixed, the first shows at least as much as the other."""


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """How batches are made.

    Without ``augmentation`` crops come in order and as they are. Heads that are ``taught`` have a teacher,
    which labels images without a label. Of ``hosts`` that train together, each makes its share of every
    batch.
    """

    size_px: int
    batch_size: int
    augmentation: Augmentation | None
    rarity_exponent: float
    seed: int
    mixup: float
    workers: int
    emphases: tuple[Emphasis, ...] = ()
    taught: tuple[str, ...] = ()
    host: int = 0
    hosts: int = 1


def unlabelled(table: Table, head: str) -> NDArray[np.bool_]:
    """Which images have no label for a head: ``(n,)``."""
    return np.isnan(table.age_low if head == AGE else table.female)


def _unknown_target(head: str) -> NDArray[np.float32]:
    """The target ``(1, k)`` that leaves all to a teacher."""
    if head == AGE:
        return age_targets(np.zeros(1), np.full(1, AGES - 1.0))
    return np.full((1, 1), UNKNOWN_GENDER, np.float32)


class Batches(keras.utils.PyDataset):
    """Batches of ``(x, y, weights)``: x ``(b, size_px, size_px, 1)`` float32 in [0, 1].

    ``y`` and ``weights`` are dictionaries by head, or plain arrays for a single head; a missing label has
    the weight 0, or, where the head is taught, 1 and a target that says nothing. With augmentation the order
    and the changes are random, but the same for the same seed, epoch and batch, however many threads work, so
    that a run resumed with :meth:`start_at` sees what it would have seen. The share ``mixup`` of the images
    is mixed with the next one of the batch (Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR
    2018); their labels say nothing, since a teacher's predictions take their place.
    """

    def __init__(
        self, crops: NDArray[np.uint8], table: Table, heads: Sequence[str], config: BatchConfig
    ) -> None:
        """``crops`` are all ``(n, 160, 160)`` uint8 of a prepared folder; ``table`` says which are used."""
        super().__init__(workers=config.workers, use_multiprocessing=False, max_queue_size=_QUEUED_BATCHES)
        self._crops = crops
        self._rows = table.row
        self._heads = tuple(heads)
        self._config = config
        self._epoch = 0
        self._order = np.arange(len(table))
        targets = {
            AGE: age_targets(table.age_low, table.age_high, table.age_edge),
            GENDER: np.nan_to_num(table.female).astype(np.float32)[:, None],
        }
        weights = {
            AGE: rarity_weights(table.age_low, table.age_high, config.rarity_exponent),
            GENDER: (~np.isnan(table.female)).astype(np.float32),
        }
        for head in config.taught:
            missing = unlabelled(table, head)
            targets[head][missing] = _unknown_target(head)
            weights[head][missing] = 1
        self._targets = {head: targets[head] for head in heads}
        factors = emphasis_weights(table.age_low, table.age_high, config.emphases)
        self._weights = {head: weights[head] * factors for head in heads}
        self._shuffle()

    @property
    def num_batches(self) -> int:
        """How many batches an epoch has."""
        count, batch_size = len(self._rows), self._config.batch_size
        # Training drops the last, smaller batch: batch normalisation would lean on few images.
        if self._config.augmentation is not None:
            return max(1, count // batch_size)
        return -(-count // batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], Any, Any]:
        config = self._config
        chosen = self._order[index * config.batch_size : (index + 1) * config.batch_size]
        chosen = chosen[config.host :: config.hosts]
        random = np.random.default_rng((config.seed, self._epoch, index, config.host))
        images = np.stack([self._image(self._crops[self._rows[place]], random) for place in chosen])
        y = {head: self._targets[head][chosen] for head in self._heads}
        weights = {head: self._weights[head][chosen] for head in self._heads}
        if config.mixup:
            self._mix(images, y, random)
        if len(self._heads) == 1:
            return to_model_input(images), y[self._heads[0]], weights[self._heads[0]]
        return to_model_input(images), y, weights

    def _image(self, crop: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
        size_px, augmentation = self._config.size_px, self._config.augmentation
        if augmentation is not None:
            return augment(crop, CROP_PX, size_px, random, augmentation)
        if size_px == CROP_PX:
            return center_crop(crop)
        size = (size_px, size_px)
        return np.asarray(cv2.resize(center_crop(crop), size, interpolation=cv2.INTER_AREA), np.uint8)

    def _mix(
        self, images: NDArray[np.uint8], y: dict[str, NDArray[np.float32]], random: np.random.Generator
    ) -> None:
        """Mix some images with their neighbours in place, and forget their labels."""
        chosen = random.random(len(images)) < self._config.mixup
        shares = random.uniform(_MIN_MIXUP_SHARE, 1, len(images))
        neighbours = np.roll(images, -1, axis=0)
        for place in np.flatnonzero(chosen):
            share = float(shares[place])
            images[place] = cv2.addWeighted(images[place], share, neighbours[place], 1 - share, 0)
        for head in self._heads:
            y[head][chosen] = _unknown_target(head)

    def start_at(self, epoch: int) -> None:
        """Go on as if ``epoch`` epochs had been seen."""
        self._epoch = epoch
        self._shuffle()

    def on_epoch_end(self) -> None:
        """Keras calls it: the next epoch has another order and other changes."""
        self.start_at(self._epoch + 1)

    def _shuffle(self) -> None:
        if self._config.augmentation is not None:
            random = np.random.default_rng((self._config.seed, self._epoch, _SHUFFLE))
            self._order = random.permutation(len(self._rows))
