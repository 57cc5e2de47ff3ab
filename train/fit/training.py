"""Train one network: a seeded, resumable run that leaves everything about it in one folder."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import typer

from agecam.files import write_atomically
from train.data.batch_maker import BatchConfig, unlabelled
from train.data.batches import Batches
from train.data.crops import load_crops
from train.data.table import TRAIN, VALIDATION, Table
from train.data.targets import Emphasis
from train.errors import DataError
from train.fit.callbacks import Checkpoint, ExponentialMovingAverage, SaveBest, out_of_patience
from train.fit.compilation import compile_model, freeze_stages
from train.fit.config import FitConfig
from train.fit.distillation import Distiller, load_teachers
from train.fit.run_folder import LOG_FILE, MODEL_FILE, SUMMARY_FILE, claim, cut_log, validation_losses
from train.model.batch_norm import fused_batch_norm
from train.model.build import build_model, describe, load_model
from train.model.devices import devices, host, hosts, precision
from train.model.weights import copy_weights, widen


def fit(config: FitConfig, callbacks: Sequence[keras.callbacks.Callback] = ()) -> Path:
    """Run the training, or what is left of it, and return the path of ``model.keras``.

    ``callbacks`` are called after the run's own. What the folder holds is said in
    :mod:`train.fit.run_folder`. Raises :class:`DataError` when the prepared folder, its training split or
    ``init`` is missing, when ``out`` belongs to a run with another configuration, and when the loss stops
    being a number.
    """
    claim(config)
    average = ExponentialMovingAverage(config.ema_decay)
    checkpoint = Checkpoint(config.out, average)
    losses = validation_losses(config.out)
    if len(losses) < config.epochs and not out_of_patience(losses, config.patience):
        with devices(config.devices):
            _train(config, average, checkpoint, callbacks)
    checkpoint.remove()
    return config.out / MODEL_FILE


def _train(
    config: FitConfig,
    average: ExponentialMovingAverage,
    checkpoint: Checkpoint,
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    out = config.out
    keras.utils.set_random_seed(config.seed)
    model = _build(config)
    with precision("float32"):
        copy = build_model(config.network, size_px=config.size_px)
    table = Table.load(config.data)
    taught = model.taught_heads() if isinstance(model, Distiller) else ()
    copy_weights([_source(path, config) for path in config.init], model)
    freeze_stages(model, config.freeze)
    with contextlib.closing(_batches(config, table, TRAIN, taught)) as training:
        compile_model(model, config, training.num_batches)
        epochs_done = checkpoint.restore(model)
        training.start_at(epochs_done)
        cut_log(out, epochs_done)
        losses = validation_losses(out)
        _write_summary(model, out / SUMMARY_FILE)
        log = keras.callbacks.CSVLogger(out / LOG_FILE, append=True)
        try:
            model.fit(
                training,
                validation_data=_batches(config, table, VALIDATION),
                initial_epoch=epochs_done,
                epochs=config.epochs,
                # Batches are shuffled already, and in an order that a resumed run repeats.
                shuffle=False,
                # A moving bar is for people alone.
                verbose=1 if sys.stdout.isatty() else 2,
                # In this order, so that a checkpoint says that its epoch's model and row are written.
                callbacks=[
                    average,
                    SaveBest(copy, average, out / MODEL_FILE, losses, config.patience),
                    log,
                    checkpoint,
                    keras.callbacks.TerminateOnNaN(),
                    *([keras.callbacks.TensorBoard(out / "tensorboard")] if config.tensorboard else []),
                    *callbacks,
                ],
            )
        finally:
            # Keras leaves it open when a training is interrupted.
            if log.csv_file is not None:
                log.csv_file.close()
    if not math.isfinite(losses[-1]):
        raise DataError(
            "The loss is no longer a number: train with a smaller learning rate or --precision float32, in "
            "another folder."
        )


def _source(path: Path, config: FitConfig) -> keras.Model:
    """A model to start from, widened where the network to train is wider."""
    model = load_model(path)
    with precision("float32"):
        return widen(model, config.width) if describe(model).width < config.width else model


def _build(config: FitConfig) -> keras.Model:
    """The network to train, with its teachers about it where there are any."""
    with precision(config.precision):
        with fused_batch_norm():
            model = build_model(config.network, size_px=config.size_px)
        if not config.teachers:
            return model
        teacher = load_teachers(
            config.teachers, config.heads if config.mixup else (), hints=config.hint_weight > 0
        )
    return Distiller(model, teacher, config.distill_weight, config.hint_weight)


def _write_summary(model: keras.Model, path: Path) -> None:
    lines: list[str] = []
    model.summary(print_fn=lambda line, **_: lines.append(line))
    write_atomically(path, "\n".join(lines))


def _batches(config: FitConfig, table: Table, split: str, taught: Sequence[str] = ()) -> Batches:
    training = split == TRAIN
    rows = table.of_split(split)
    if training and not taught:
        rows = _labelled(rows, config.heads)
    if config.images is not None:
        order = np.random.default_rng(config.seed).permutation(len(rows))
        rows = rows.take(np.sort(order[: config.images]))
    # Devices share batches evenly, the last one too.
    rows = rows.take(np.arange(len(rows) // config.devices * config.devices))
    if not len(rows):
        raise DataError(f"{config.data} has no images in its {split} split: prepare more images.")
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
