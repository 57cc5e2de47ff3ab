"""Train one network: a seeded, resumable run that leaves everything about it in one folder.

``config.json`` (what was asked for), ``log.csv`` (one row an epoch), ``model.keras`` (the epoch that did best
on validation, averaged, float32, no optimizer, for pictures of the size it was trained on), ``summary.txt``.
"""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from agecam.vision.calibration import AGES
from train.augment import Augmentation
from train.batches import Batches
from train.callbacks import AverageWeights, Checkpoint, KeepBest, stalled
from train.data import DataError
from train.devices import devices, host, hosts
from train.losses import (
    AgeLoss,
    MeanVarianceLoss,
    TwoWayGenderLoss,
    YearsLoss,
    age_distance,
    gender_accuracy,
)
from train.models import AGE, ARCHITECTURES, GENDER, HEADS, Network, build_model, copy_weights, load
from train.normalise import fused_normalization
from train.prepare import load_crops
from train.table import TRAIN, VALIDATION, Table
from train.teach import Taught, open_teachers

PRECISIONS: Final = ("mixed_bfloat16", "float32")


@dataclass(frozen=True, slots=True)
class FitConfig:
    """All that decides a run.

    ``size_px`` is what training sees: fewer pixels make early epochs cheap, and another run can start from
    their weights. ``pictures`` limits each part of the data, for short tries. ``patience`` ends a run after
    that many epochs without a lower validation loss. ``init`` are models whose layers of the same name are
    taken over, the mean where several have one; ``freeze`` keeps the stem and that many stages as they are.
    ``rarity_exponent`` weighs ages by frequency to minus that power. ``average_decay`` is what a step keeps
    of the average of all weights, 0 for no average. ``teachers`` are models whose answers are mixed into the
    labels by ``taught_share``, and whose features are learnt with ``hint_weight``. The share ``blended`` of
    the pictures is blended with others, and what they show is for teachers alone to say. ``devices`` share
    each batch.
    """

    data: str
    out: str
    architecture: str = "compact"
    width: float = 1.0
    heads: tuple[str, ...] = HEADS
    age_loss: str = "distribution"
    gender_loss: str = "binary"
    size_px: int = 128
    pictures: int | None = None
    epochs: int = 10
    patience: int | None = None
    batch_size: int = 128
    optimizer: str = "adamw"
    learning_rate: float = 2e-3
    warmup_epochs: float = 0.5
    weight_decay: float = 0.05
    average_decay: float = 0.999
    label_smoothing: float = 0.03
    distance_weight: float = 0.3
    gender_weight: float = 2.0
    rarity_exponent: float = 0.3
    dropout: float = 0.2
    init: tuple[str, ...] = ()
    freeze: int = 0
    teachers: tuple[str, ...] = ()
    taught_share: float = 0.5
    hint_weight: float = 0.0
    blended: float = 0.0
    precision: str = "mixed_bfloat16"
    seed: int = 0
    workers: int = 1
    devices: int = 1
    tensorboard: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)

    @property
    def network(self) -> Network:
        return Network(
            self.architecture,
            self.heads,
            self.width,
            self.dropout,
            age_columns=1 if self.age_loss in ("mae", "mse") else AGES,
            gender_columns=2 if self.gender_loss == "categorical" else 1,
        )


AGE_LOSSES: Final[Mapping[str, Callable[[FitConfig], keras.losses.Loss]]] = {
    "distribution": lambda config: AgeLoss(config.distance_weight),
    "mean-variance": lambda config: MeanVarianceLoss(),  # noqa: ARG005
    "mae": lambda config: YearsLoss(1),  # noqa: ARG005
    "mse": lambda config: YearsLoss(2),  # noqa: ARG005
}
"""By name; "mae" and "mse" train a network that answers in years."""

GENDER_LOSSES: Final[Mapping[str, Callable[[FitConfig], keras.losses.Loss]]] = {
    "binary": lambda config: keras.losses.BinaryCrossentropy(label_smoothing=config.label_smoothing),
    "categorical": lambda config: TwoWayGenderLoss(label_smoothing=config.label_smoothing),
}

OPTIMIZERS: Final[Mapping[str, Callable[[FitConfig, Any], keras.optimizers.Optimizer]]] = {
    "adamw": lambda config, rate: keras.optimizers.AdamW(rate, weight_decay=config.weight_decay),
    "adam": lambda config, rate: keras.optimizers.Adam(rate),  # noqa: ARG005
    "sgd": lambda config, rate: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),  # noqa: ARG005
}


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """Build layers under another dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def fit(config: FitConfig) -> Path:
    """Run the training, or what is left of it, and return the path of ``model.keras``.

    Raises :class:`DataError` when the prepared folder, its training part or ``init`` is missing, when ``out``
    belongs to a run with another configuration, and when the loss stops being a number.
    """
    out = Path(config.out)
    _claim(out, config)
    average = AverageWeights(config.average_decay)
    checkpoint = Checkpoint(out, average)
    losses = validation_losses(out)
    if len(losses) < config.epochs and not stalled(losses, config.patience):
        with devices(config.devices):
            _train(config, out, average, checkpoint)
    checkpoint.remove()
    return out / "model.keras"


def validation_losses(run: Path) -> list[float]:
    """The validation loss of each finished epoch of a run, up to the first that is not a number."""
    losses: list[float] = []
    for row in _log_rows(run / "log.csv"):
        if not math.isfinite(float(row["val_loss"])):
            break
        losses.append(float(row["val_loss"]))
    return losses


def _train(config: FitConfig, out: Path, average: AverageWeights, checkpoint: Checkpoint) -> None:
    keras.utils.set_random_seed(config.seed)
    with precision(config.precision), fused_normalization():
        model = build_model(config.network, size_px=config.size_px)
    if config.teachers:
        with precision(config.precision):
            teacher = open_teachers(
                [Path(path) for path in config.teachers],
                config.heads if config.blended else (),
                hints=config.hint_weight > 0,
            )
        model = Taught(model, teacher, config.taught_share, config.hint_weight)
    with precision("float32"):
        copy = build_model(config.network, size_px=config.size_px)
    table = Table.load(Path(config.data))
    validation = _batches(config, table, VALIDATION)
    training = _batches(config, table, TRAIN)
    copy_weights([load(Path(path)) for path in config.init], model)
    freeze_stages(model, config.freeze)
    compile_model(model, config, training.num_batches)
    epochs_done = checkpoint.restore(model)
    training.start_at(epochs_done)
    _cut_log(out / "log.csv", epochs_done)
    losses = validation_losses(out)
    summary: list[str] = []
    model.summary(print_fn=lambda line, **_: summary.append(line))
    (out / "summary.txt").write_text("\n".join(summary), encoding="utf-8")
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
            average,
            KeepBest(copy, average, out / "model.keras", losses, config.patience),
            keras.callbacks.CSVLogger(out / "log.csv", append=True),
            checkpoint,
            keras.callbacks.TerminateOnNaN(),
            *([keras.callbacks.TensorBoard(out / "tensorboard")] if config.tensorboard else []),
        ],
    )
    if not math.isfinite(losses[-1]):
        raise DataError(
            "The loss is no longer a number: train with a smaller learning rate, in another folder."
        )


def compile_model(model: keras.Model, config: FitConfig, steps_per_epoch: int) -> None:
    """Set losses, measures and the optimizer, its learning rate with warm-up and cosine decay."""
    warmup = int(config.warmup_epochs * steps_per_epoch)
    total = config.epochs * steps_per_epoch
    schedule = keras.optimizers.schedules.CosineDecay(
        config.learning_rate / 20,
        max(1, total - warmup),
        alpha=0.01,
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
    )
    optimizer = OPTIMIZERS[config.optimizer](config, schedule)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    losses = {
        AGE: AGE_LOSSES[config.age_loss](config),
        GENDER: GENDER_LOSSES[config.gender_loss](config),
    }
    measures = {
        AGE: [keras.metrics.MeanMetricWrapper(age_distance, name="age_distance")],
        GENDER: [keras.metrics.MeanMetricWrapper(gender_accuracy, name="accuracy")],
    }
    scales = {AGE: 1.0, GENDER: config.gender_weight}
    heads = config.heads
    if len(heads) == 1:
        model.compile(optimizer, losses[heads[0]], weighted_metrics=measures[heads[0]], jit_compile=False)
        return
    model.compile(
        optimizer,
        {head: losses[head] for head in heads},
        loss_weights={head: scales[head] for head in heads},
        weighted_metrics={head: measures[head] for head in heads},
        jit_compile=False,
    )


def freeze_stages(model: keras.Model, stages: int) -> None:
    """Keep the weights and statistics of the stem and the first ``stages`` stages as they are."""
    if stages < 1:
        return
    frozen = ("stem_", *(f"stage{stage}_" for stage in range(1, stages + 1)))
    for layer in model.layers:
        if layer.name.startswith(frozen):
            layer.trainable = False


def _batches(config: FitConfig, table: Table, part: str) -> Batches:
    rows = table.of_part(part)
    if config.pictures is not None:
        order = np.random.default_rng(config.seed).permutation(len(rows))
        rows = rows.take(np.sort(order[: config.pictures]))
    # Devices share batches evenly, the last one too.
    rows = rows.take(np.arange(len(rows) // config.devices * config.devices))
    if not len(rows):
        raise DataError(f"{config.data} has no pictures in its {part} part: prepare more pictures.")
    training = part == TRAIN
    crops = load_crops(Path(config.data))
    return Batches(
        crops,
        rows,
        config.heads,
        size_px=config.size_px,
        batch_size=min(config.batch_size, len(rows)),
        augmentation=config.augmentation if training else None,
        rarity_exponent=config.rarity_exponent if training else 0.0,
        blended=config.blended if training else 0.0,
        seed=config.seed,
        workers=config.workers,
        host=host(),
        hosts=hosts(),
    )


def _log_rows(log: Path) -> list[dict[str, str]]:
    if not log.exists():
        return []
    with log.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _cut_log(log: Path, epochs: int) -> None:
    """Keep the rows of the epochs that a checkpoint holds: what comes after them is done again."""
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True) if log.exists() else []
    if not epochs:
        log.unlink(missing_ok=True)
    elif len(lines) > epochs + 1:
        log.write_text("".join(lines[: epochs + 1]), encoding="utf-8")


def _claim(out: Path, config: FitConfig) -> None:
    """Check the configuration, and write it down unless another one is there."""
    for what, value, choices in (
        ("architecture", config.architecture, ARCHITECTURES),
        ("age loss", config.age_loss, AGE_LOSSES),
        ("gender loss", config.gender_loss, GENDER_LOSSES),
        ("optimizer", config.optimizer, OPTIMIZERS),
        ("precision", config.precision, PRECISIONS),
    ):
        if value not in choices:
            raise DataError(f"There is no {what} {value!r}: choose {', '.join(choices)}.")
    if not config.heads or not set(config.heads) <= set(HEADS):
        raise DataError(f"A model can learn {' and '.join(HEADS)}, not {', '.join(config.heads)}.")
    if config.blended and not config.teachers:
        raise DataError("Blended pictures have no labels: give a teacher that tells what they show.")
    if config.hint_weight and not config.teachers:
        raise DataError("Hints come from teachers: give a teacher.")
    if config.batch_size % config.devices:
        raise DataError(
            f"{config.devices} devices cannot share a batch of {config.batch_size} evenly: give a multiple."
        )
    if config.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise DataError(
            "TensorBoard is not installed: install `tensorboard`, or train without --tensorboard."
        )
    out.mkdir(parents=True, exist_ok=True)
    path = out / "config.json"
    text = json.dumps(asdict(config), indent=1)
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise DataError(f"{out} belongs to a run with other settings: give another folder, or empty it.")
    path.write_text(text, encoding="utf-8")
