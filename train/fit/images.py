"""The images of a run: which ones, and the batches that are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import typer

from train.data.batch_maker import BatchConfig, unlabelled
from train.data.batches import Batches
from train.data.crops import load_crops
from train.data.table import TRAIN, VALIDATION, Table
from train.data.targets import Emphasis
from train.errors import DataError
from train.fit.config import FitConfig
from train.model.devices import host, hosts


@dataclass(frozen=True, slots=True)
class Images:
    """What a run learns from, and what it is validated on."""

    training: Table
    validation: Table


def choose_images(config: FitConfig, table: Table, taught: Sequence[str]) -> Images:
    """The images of a prepared folder that a run uses; ``taught`` are the heads that teachers know.

    Without any, images without a label are left out. Raises :class:`DataError` when a split has no images,
    and when none of it has a label for a head that no teacher knows.
    """
    for split in (TRAIN, VALIDATION):
        _check_labels(config, table.of_split(split), split, taught)
    return Images(
        _chosen(config, table.of_split(TRAIN), TRAIN, taught),
        _chosen(config, table.of_split(VALIDATION), VALIDATION, taught),
    )


def _check_labels(config: FitConfig, rows: Table, split: str, taught: Sequence[str]) -> None:
    # A head without labels would be trained by nothing, keep random weights, and be exported with the other.
    for head in config.heads:
        if len(rows) and head not in taught and unlabelled(rows, head).all():
            others = ",".join(other for other in config.heads if other != head)
            remedy = f"give some, or train --heads {others} alone" if others else "give some"
            raise DataError(
                f"{config.data} has no image with a label for {head} in its {split} split: {remedy}."
            )


def _chosen(config: FitConfig, rows: Table, split: str, taught: Sequence[str]) -> Table:
    if split == TRAIN and not taught:
        rows = _labelled(rows, config.heads)
    if config.images is not None:
        order = np.random.default_rng(config.seed).permutation(len(rows))
        rows = rows.take(np.sort(order[: config.images]))
    # Devices share batches evenly, the last one too.
    rows = rows.take(np.arange(len(rows) // config.devices * config.devices))
    if not len(rows):
        raise DataError(f"{config.data} has no images in its {split} split: prepare more images.")
    return rows


def make_batches(config: FitConfig, rows: Table, *, training: bool, taught: Sequence[str] = ()) -> Batches:
    """Batches of the images ``rows`` as a run wants them: augmented and weighted for training."""
    settings = BatchConfig(
        size_px=config.size_px,
        batch_size=min(config.batch_size, len(rows)),
        augmentation=config.augmentation if training else None,
        rarity_exponent=config.rarity_exponent if training else 0.0,
        mixup=config.mixup if training else 0.0,
        emphases=tuple(map(Emphasis.parse, config.emphasize)) if training else (),
        taught=tuple(taught),
        seed=config.seed,
        workers=config.workers,
        host=host(),
        hosts=hosts(),
    )
    return Batches(load_crops(config.data), rows, config.heads, settings)


def _labelled(images: Table, heads: Sequence[str]) -> Table:
    """Images with a label for one of ``heads`` at least; it says on stderr how many others there are."""
    useless = np.all([unlabelled(images, head) for head in heads], axis=0)
    if useless.any():
        typer.echo(
            f"{useless.sum()} images are left out: they have no label, and no --teacher gives one.", err=True
        )
    return images.take(~useless)
