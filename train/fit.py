"""Train one network: a seeded, resumable run that leaves everything about it in one folder.

``config.json`` (what was asked for), ``log.csv`` (one row an epoch), ``model.keras`` (after the last finished
epoch, averaged, float32, no optimizer), ``summary.txt``.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from train.answers import answers
from train.augment import Augmentation
from train.batches import Batches
from train.data import DataError
from train.losses import AgeLoss, age_distance
from train.models import AGE, ARCHITECTURES, GENDER, HEADS, build_model, copy_weights, load
from train.normalise import fused_normalization
from train.prepare import load_crops
from train.table import TRAIN, VALIDATION, Table

PRECISIONS: Final = ("mixed_bfloat16", "float32")


@dataclass(frozen=True, slots=True)
class FitConfig:
    """All that decides a run.

    ``size_px`` is what training sees: fewer pixels make early epochs cheap, since the trunk takes any size.
    ``init`` is a model whose layers of the same name are taken over; ``freeze`` keeps the stem and that many
    stages as they are. ``rarity_exponent`` weighs ages by frequency to minus that power. ``average_decay`` is
    what a step keeps of the average of all weights, 0 for no average. ``teacher`` is a model whose answers
    are mixed into the labels by ``taught_share`` (Hinton et al., "Distilling the Knowledge in a Neural
    Network", 2015): averaged over a picture and its mirror image, they are calmer than labels are.
    """

    data: str
    out: str
    architecture: str = "compact"
    heads: tuple[str, ...] = HEADS
    size_px: int = 128
    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 2e-3
    warmup_epochs: float = 0.5
    weight_decay: float = 0.05
    average_decay: float = 0.999
    label_smoothing: float = 0.03
    distance_weight: float = 0.3
    gender_weight: float = 2.0
    rarity_exponent: float = 0.3
    dropout: float = 0.2
    init: str | None = None
    freeze: int = 0
    teacher: str | None = None
    taught_share: float = 0.5
    precision: str = "mixed_bfloat16"
    seed: int = 0
    workers: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)


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

    Raises :class:`DataError` when the prepared folder, its training part or ``init`` is missing, or when
    ``out`` belongs to a run with another configuration.
    """
    out = Path(config.out)
    _claim(out, config)
    log = out / "log.csv"
    done = sum(1 for _ in log.open(encoding="utf-8")) - 1 if log.exists() else 0
    if done >= config.epochs:
        return out / "model.keras"
    keras.utils.set_random_seed(config.seed)
    table = Table.load(Path(config.data))
    training = _batches(config, table, TRAIN, first_epoch=max(0, done))
    validation = _batches(config, table, VALIDATION)
    with precision(config.precision), fused_normalization():
        model = build_model(config.architecture, config.heads, dropout=config.dropout)
    if config.init is not None:
        copy_weights(load(Path(config.init)), model)
    freeze_stages(model, config.freeze)
    compile_model(model, config, training.num_batches)
    summary: list[str] = []
    model.summary(print_fn=lambda line, **_: summary.append(line))
    (out / "summary.txt").write_text("\n".join(summary), encoding="utf-8")
    average = AverageWeights(config.average_decay, out / "average.npz")
    model.fit(
        training,
        validation_data=validation,
        epochs=config.epochs,
        verbose=2,
        callbacks=[
            keras.callbacks.BackupAndRestore(out / "backup", delete_checkpoint=True),
            average,
            SaveFloat32(config, average, out / "model.keras"),
            keras.callbacks.CSVLogger(log, append=True),
            keras.callbacks.TerminateOnNaN(),
        ],
    )
    return out / "model.keras"


def compile_model(model: keras.Model, config: FitConfig, steps_per_epoch: int) -> None:
    """Set losses, metrics and the optimizer: AdamW with warm-up and cosine decay."""
    warmup = int(config.warmup_epochs * steps_per_epoch)
    total = config.epochs * steps_per_epoch
    schedule = keras.optimizers.schedules.CosineDecay(
        config.learning_rate / 20,
        max(1, total - warmup),
        alpha=0.01,
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=config.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    losses: dict[str, Any] = {
        AGE: AgeLoss(config.distance_weight),
        GENDER: keras.losses.BinaryCrossentropy(label_smoothing=config.label_smoothing),
    }
    metrics: dict[str, Any] = {
        AGE: [age_distance],
        GENDER: [keras.metrics.BinaryAccuracy(name="accuracy")],
    }
    scales = {AGE: 1.0, GENDER: config.gender_weight}
    heads = config.heads
    if len(heads) == 1:
        model.compile(optimizer, losses[heads[0]], weighted_metrics=metrics[heads[0]], jit_compile=False)
        return
    model.compile(
        optimizer,
        {head: losses[head] for head in heads},
        loss_weights={head: scales[head] for head in heads},
        weighted_metrics={head: metrics[head] for head in heads},
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


class AverageWeights(keras.callbacks.Callback):
    """Keep an exponential average of all weights over the steps, and validate with it.

    Statistics of batch normalisation are averaged too: with the last step's own, averaged weights are worth
    nothing (17 against 5.5 years after two epochs). The average is in ``path`` until the run has ended, so
    that a resumed run goes on with it. Polyak and Juditsky, "Acceleration of Stochastic Approximation by
    Averaging", 1992; early on the decay is smaller, as in TensorFlow's ``ExponentialMovingAverage``.
    """

    _EVERY: Final = 8  # steps between updates: each copies all weights

    def __init__(self, decay: float, path: Path) -> None:
        super().__init__()
        self._decay = decay
        self._path = path
        self._average: list[NDArray[np.float32]] = []
        self._steps = 0
        self._set_aside: list[NDArray[np.float32]] | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        self._average = [np.array(weight, np.float32) for weight in self.model.get_weights()]
        if self._path.exists():
            with np.load(self._path) as saved:
                self._steps = int(saved["steps"])
                self._average = [saved[f"weight{index}"] for index in range(len(self._average))]

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        self._steps += 1
        if self._steps % self._EVERY:
            return
        keep = min(self._decay, self._steps / (self._steps + 10)) ** self._EVERY
        for average, weight in zip(self._average, self.model.get_weights(), strict=True):
            average += np.float32(1 - keep) * (weight - average)

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Have the average in the model for a while."""
        set_aside = self.model.get_weights()
        self.model.set_weights(self._average)
        try:
            yield
        finally:
            self.model.set_weights(set_aside)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        self._set_aside = self.model.get_weights()
        self.model.set_weights(self._average)

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        if self._set_aside is not None:
            self.model.set_weights(self._set_aside)
            self._set_aside = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        weights = {f"weight{index}": average for index, average in enumerate(self._average)}
        partial = self._path.with_name(f"partial-{self._path.name}")
        np.savez(partial, steps=self._steps, **weights)  # type: ignore[arg-type]
        os.replace(partial, self._path)  # noqa: PTH105

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        self._path.unlink(missing_ok=True)


class SaveFloat32(keras.callbacks.Callback):
    """Save the averaged model after each epoch in float32 and without optimizer, by way of a second file.

    A run that is cut off while it writes leaves the last whole file behind.
    """

    def __init__(self, config: FitConfig, average: AverageWeights, path: Path) -> None:
        super().__init__()
        self._average = average
        self._path = path
        with precision("float32"):
            self._copy = build_model(config.architecture, config.heads, dropout=config.dropout)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        with self._average.applied():
            copy_weights(self.model, self._copy)
        partial = self._path.with_name(f"partial-{self._path.name}")
        self._copy.save(partial)
        os.replace(partial, self._path)  # noqa: PTH105


def _batches(config: FitConfig, table: Table, part: str, *, first_epoch: int = 0) -> Batches:
    rows = table.of_part(part)
    if not len(rows):
        raise DataError(f"{config.data} has no pictures in its {part} part: prepare more pictures.")
    training = part == TRAIN
    crops = load_crops(Path(config.data))
    taught = None
    if training and config.teacher is not None:
        taught = answers(Path(config.teacher), crops, rows.row, mirror=True)
    return Batches(
        crops,
        rows,
        config.heads,
        size_px=config.size_px,
        batch_size=min(config.batch_size, len(rows)),
        augmentation=config.augmentation if training else None,
        rarity_exponent=config.rarity_exponent if training else 0.0,
        seed=config.seed,
        first_epoch=first_epoch,
        taught=taught,
        taught_share=config.taught_share,
        workers=config.workers,
    )


def _claim(out: Path, config: FitConfig) -> None:
    if config.architecture not in ARCHITECTURES:
        raise DataError(
            f"There is no architecture {config.architecture!r}: choose {', '.join(ARCHITECTURES)}."
        )
    if not config.heads or not set(config.heads) <= set(HEADS):
        raise DataError(f"A model can learn {' and '.join(HEADS)}, not {', '.join(config.heads)}.")
    if config.precision not in PRECISIONS:
        raise DataError(f"There is no precision {config.precision!r}: choose {' or '.join(PRECISIONS)}.")
    out.mkdir(parents=True, exist_ok=True)
    path = out / "config.json"
    text = json.dumps(asdict(config), indent=1)
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise DataError(f"{out} belongs to a run with other settings: give another folder, or empty it.")
    path.write_text(text, encoding="utf-8")
