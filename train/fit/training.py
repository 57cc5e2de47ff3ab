"""Train one network: a seeded, resumable run that leaves everything about it in one folder."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import typer

from agecam.files import write_atomically
from train.config_files import config_text
from train.data.describe import FEW_IMAGES
from train.data.table import Table
from train.errors import DataError
from train.fit.callbacks import Checkpoint, ExponentialMovingAverage, SaveBest, out_of_patience
from train.fit.checks import check_settings
from train.fit.compilation import compile_model, create_variables, freeze_stages
from train.fit.config import FitConfig
from train.fit.distillation import Distiller, load_teachers
from train.fit.images import Images, choose_images, make_batches
from train.fit.monitor import DrawCurves, Progress
from train.fit.run_folder import (
    CURVES_FILE,
    LOG_FILE,
    MODEL_FILE,
    SUMMARY_FILE,
    DataId,
    check_same_data,
    check_same_settings,
    claim,
    cut_log,
    settings_before,
    validation_losses,
)
from train.fit.trackers import LogToTracker
from train.model.batch_norm import fused_batch_norm
from train.model.build import build_model, describe, load_model
from train.model.devices import describe_devices, devices, precision
from train.model.weights import copy_weights, widen

_FROM_NOTHING = (
    "{count:,} images are few for a network that knows nothing: with 741 it reached an error of 13 years, "
    "and 4.2 when it went on from the models that AgeCam came with. `python -m train all` does that, and "
    "`fit --init` of a model."
)


def fit(
    config: FitConfig,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    keep_checkpoint: bool = True,
) -> Path:
    """Run the training, or what is left of it, and return the path of ``model.keras``.

    ``callbacks`` are called after the run's own. What the folder holds is said in
    :mod:`train.fit.run_folder`; nothing is written to it before settings, images and models are known to be
    good. A run that has ended goes on when ``config`` has more epochs than before, unless its checkpoint was
    not kept.

    Raises :class:`DataError` when the prepared folder, its training split or ``init`` is missing, when
    ``out`` belongs to a run with other settings or images, when one that has ended cannot go on, and when the
    loss stops being a number.
    """
    check_settings(config)
    before = settings_before(config.out)
    if before is not None:
        check_same_settings(config, before)
    average = ExponentialMovingAverage(config.ema_decay)
    checkpoint = Checkpoint(config.out, average)
    losses = validation_losses(config.out)
    if len(losses) < config.epochs and not out_of_patience(losses, config.patience):
        table = Table.load(config.data)
        if before is not None:
            check_same_data(config, DataId.of(config.data, table), before)
            _check_can_go_on(config, checkpoint, losses, before)
        with devices(config.devices):
            _train(config, table, _Memory(average, checkpoint), callbacks)
    if not keep_checkpoint:
        checkpoint.remove()
    return config.out / MODEL_FILE


@dataclass(frozen=True, slots=True)
class _Memory:
    """What a run that is cut off goes on from."""

    average: ExponentialMovingAverage
    checkpoint: Checkpoint


def _check_can_go_on(
    config: FitConfig, checkpoint: Checkpoint, losses: list[float], before: Mapping[str, Any]
) -> None:
    has_ended = len(losses) >= before.get("epochs", 0) or out_of_patience(losses, before.get("patience"))
    if losses and has_ended and checkpoint.newest() is None:
        raise DataError(
            f"The run in {config.out} has ended and kept nothing to go on from: start another from its "
            f"model, by --init {config.out / MODEL_FILE} and another folder."
        )


def _train(
    config: FitConfig,
    table: Table,
    memory: _Memory,
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    out = config.out
    keras.utils.set_random_seed(config.seed)
    model = _build(config)
    with precision("float32"):
        copy = build_model(config.network, size_px=config.size_px)
    taught = model.taught_heads() if isinstance(model, Distiller) else ()
    copy_weights([_source(path, config) for path in config.init], model)
    freeze_stages(model, config.freeze)
    images = choose_images(config, table, taught)
    with contextlib.closing(make_batches(config, images.training, training=True, taught=taught)) as training:
        compile_model(model, config, training.num_batches)
        validation = make_batches(config, images.validation, training=False)
        create_variables(model, validation[0])
        claim(config, DataId.of(config.data, table))
        epochs_done = memory.checkpoint.restore(model)
        training.start_at(epochs_done)
        cut_log(out, epochs_done)
        losses = validation_losses(out)
        _write_summary(model, out / SUMMARY_FILE)
        _say_what(config, model, images, epochs_done)
        log = keras.callbacks.CSVLogger(out / LOG_FILE, append=True)
        trackers = [LogToTracker(name, json.loads(config_text(config)), out) for name in config.track]
        try:
            model.fit(
                training,
                validation_data=validation,
                initial_epoch=epochs_done,
                epochs=config.epochs,
                # Batches are shuffled already, and in an order that a resumed run repeats.
                shuffle=False,
                # A moving bar is for people alone.
                verbose=1 if sys.stdout.isatty() else 2,
                # In this order, so that a checkpoint says that its epoch's model and row are written.
                callbacks=[
                    memory.average,
                    SaveBest(copy, memory.average, out / MODEL_FILE, losses, config.patience),
                    log,
                    memory.checkpoint,
                    keras.callbacks.TerminateOnNaN(),
                    Progress(len(images.training), config.epochs),
                    DrawCurves(out / LOG_FILE, out / CURVES_FILE),
                    *([keras.callbacks.TensorBoard(out / "tensorboard")] if config.tensorboard else []),
                    *trackers,
                    *callbacks,
                ],
            )
        finally:
            # Keras leaves it open when a training is interrupted.
            if log.csv_file is not None:
                log.csv_file.close()
            for tracker in trackers:
                tracker.end()
    _check_finite(losses[-1])


def _check_finite(loss: float) -> None:
    if not math.isfinite(loss):
        raise DataError(
            "The loss is no longer a number: train with a smaller learning rate or --precision float32, in "
            "another folder."
        )


def _say_what(config: FitConfig, model: keras.Model, images: Images, epochs_done: int) -> None:
    """Tell on what and with what the run trains, and that little data need a model to start from."""
    count = len(images.training)
    typer.echo(
        f"{describe_devices(config.devices)}, {config.precision}; {count:,} images to learn from, "
        f"{len(images.validation):,} to validate on; {model.count_params():,} weights; "
        f"epochs {epochs_done + 1} to {config.epochs}."
    )
    if count < FEW_IMAGES and not config.init and not config.teachers:
        typer.echo(_FROM_NOTHING.format(count=count), err=True)


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
