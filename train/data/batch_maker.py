"""Batches of changed crops, targets and weights, made without Keras: worker processes import this alone."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.align import CROP_PX
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
_MIN_MIXUP_SHARE: Final = 0.5
"""Of two images that are mixed, the first shows at least as much as the other."""


Batch = tuple[NDArray[np.uint8], dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]
"""Images ``(b, s, s)`` uint8, targets and weights by head."""


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


class BatchMaker:
    """Batches by epoch and number, the same for the same seed, whoever makes them; it can be pickled.

    The share ``mixup`` of the images is mixed with the next one of the batch (Zhang et al., "mixup: Beyond
    Empirical Risk Minimization", ICLR 2018); their labels say nothing, since a teacher's predictions take
    their place.
    """

    def __init__(
        self, crops: NDArray[np.uint8], table: Table, heads: Sequence[str], config: BatchConfig
    ) -> None:
        """``crops`` are all ``(n, 160, 160)`` uint8 of a prepared folder; ``table`` says which are used."""
        self._crops = crops
        self._rows = table.row
        self._heads = tuple(heads)
        self._config = config
        self._order = (-1, np.arange(len(table)))
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

    def __getstate__(self) -> dict[str, Any]:
        """A process maps crops that are mapped from a file by itself."""
        state = self.__dict__.copy()
        if isinstance(self._crops, np.memmap):
            state["_crops"] = self._crops.filename
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if isinstance(self._crops, str | Path):
            self._crops = np.load(self._crops, mmap_mode="r")

    @property
    def num_batches(self) -> int:
        """How many batches an epoch has."""
        count, batch_size = len(self._rows), self._config.batch_size
        # Training drops the last, smaller batch: batch normalisation would lean on few images.
        if self._config.augmentation is not None:
            return max(1, count // batch_size)
        return -(-count // batch_size)

    def make(self, epoch: int, index: int) -> Batch:
        """The batch ``index`` of an epoch."""
        config = self._config
        chosen = self._order_of(epoch)[index * config.batch_size : (index + 1) * config.batch_size]
        chosen = chosen[config.host :: config.hosts]
        random = np.random.default_rng((config.seed, epoch, index, config.host))
        images = np.stack([self._image(self._crops[self._rows[place]], random) for place in chosen])
        y = {head: self._targets[head][chosen] for head in self._heads}
        weights = {head: self._weights[head][chosen] for head in self._heads}
        if config.mixup:
            self._mix(images, y, random)
        return images, y, weights

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

    def _order_of(self, epoch: int) -> NDArray[np.int64]:
        if self._config.augmentation is not None and self._order[0] != epoch:
            random = np.random.default_rng((self._config.seed, epoch, _SHUFFLE))
            self._order = (epoch, random.permutation(len(self._rows)))
        return self._order[1]


_worker_maker: BatchMaker | None = None
"""What a worker process makes batches with."""


def begin_worker(maker: BatchMaker) -> None:
    """Have a process ready for :func:`make_in_worker`."""
    global _worker_maker
    # Ctrl-C is for the training, which then ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    _worker_maker = maker


def make_in_worker(epoch: int, index: int) -> Batch:
    """What :meth:`BatchMaker.make` says, in a process that :func:`begin_worker` has made ready."""
    assert _worker_maker is not None
    return _worker_maker.make(epoch, index)
