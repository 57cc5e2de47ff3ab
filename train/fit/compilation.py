"""Losses, metrics and the optimizer of a run, as its configuration names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import keras

from train.data.targets import AGE, GENDER
from train.fit.config import FitConfig
from train.model.losses import (
    AgeLoss,
    MeanVarianceLoss,
    TwoUnitGenderLoss,
    YearsLoss,
    age_distance,
    gender_accuracy,
)

_WARMUP_DIVISOR: Final = 20
"""How many times smaller than the highest the learning rate is at first."""
_LAST_RATE: Final = 0.01
"""The learning rate at last, of the highest."""
_MOMENTUM: Final = 0.9
"""Of SGD."""

_AGE_LOSSES: Final[Mapping[str, Callable[[FitConfig], keras.losses.Loss]]] = {
    "distribution": lambda config: AgeLoss(config.distance_weight),
    "mean-variance": lambda _: MeanVarianceLoss(),
    "mae": lambda _: YearsLoss(1),
    "mse": lambda _: YearsLoss(2),
}
_GENDER_LOSSES: Final[Mapping[str, Callable[[FitConfig], keras.losses.Loss]]] = {
    "binary": lambda config: keras.losses.BinaryCrossentropy(label_smoothing=config.label_smoothing),
    "categorical": lambda config: TwoUnitGenderLoss(label_smoothing=config.label_smoothing),
}
_OPTIMIZERS: Final[Mapping[str, Callable[[FitConfig, Any], keras.optimizers.Optimizer]]] = {
    "adamw": lambda config, rate: keras.optimizers.AdamW(rate, weight_decay=config.weight_decay),
    "adam": lambda _, rate: keras.optimizers.Adam(rate),
    "sgd": lambda _, rate: keras.optimizers.SGD(rate, momentum=_MOMENTUM, nesterov=True),
}


def compile_model(model: keras.Model, config: FitConfig, steps_per_epoch: int) -> None:
    """Set losses, metrics and the optimizer, its learning rate with warm-up and cosine decay."""
    optimizer = _OPTIMIZERS[config.optimizer](config, _schedule(config, steps_per_epoch))
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    losses = {
        AGE: _AGE_LOSSES[config.age_loss](config),
        GENDER: _GENDER_LOSSES[config.gender_loss](config),
    }
    metrics = {
        AGE: [keras.metrics.MeanMetricWrapper(age_distance, name="age_distance")],
        GENDER: [keras.metrics.MeanMetricWrapper(gender_accuracy, name="accuracy")],
    }
    scales = {AGE: 1.0, GENDER: config.gender_weight}
    # JAX computes step by step without; TensorFlow on a processor is slower with XLA than without it.
    jit = keras.backend.backend() == "jax"
    heads = config.heads
    if len(heads) == 1:
        model.compile(optimizer, losses[heads[0]], weighted_metrics=metrics[heads[0]], jit_compile=jit)
        return
    model.compile(
        optimizer,
        {head: losses[head] for head in heads},
        loss_weights={head: scales[head] for head in heads},
        weighted_metrics={head: metrics[head] for head in heads},
        jit_compile=jit,
    )


def create_variables(model: keras.Model, batch: tuple[Any, Any, Any]) -> None:
    """Create the variables of the optimizer and of the metrics, for a batch of ``(x, y, weights)``.

    Keras leaves that to the first training step on one device, and TensorFlow, which finds new variables in
    it, then traces the whole step a second time: a quarter of the seconds before the first epoch.
    """
    if keras.backend.backend() != "tensorflow" or model.distribute_strategy.num_replicas_in_sync > 1:
        return  # there Keras does it itself
    model.optimizer.build(model.trainable_variables)
    x, y, weights = batch
    predictions = keras.tree.map_structure(
        lambda output: keras.ops.zeros((len(x), *output.shape[1:])), model.output
    )
    model.compute_loss(x, y, predictions, weights, training=False)
    model.compute_metrics(x, y, predictions, weights)
    model.reset_metrics()


def freeze_stages(model: keras.Model, stages: int) -> None:
    """Keep the weights and statistics of the stem and the first ``stages`` stages as they are."""
    if stages < 1:
        return
    frozen = ("stem_", *(f"stage{stage}_" for stage in range(1, stages + 1)))
    for layer in model.layers:
        if layer.name.startswith(frozen):
            layer.trainable = False


def _schedule(config: FitConfig, steps_per_epoch: int) -> keras.optimizers.schedules.LearningRateSchedule:
    warmup = int(config.warmup_epochs * steps_per_epoch)
    return keras.optimizers.schedules.CosineDecay(
        config.learning_rate / _WARMUP_DIVISOR,
        max(1, config.epochs * steps_per_epoch - warmup),
        alpha=_LAST_RATE,
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
    )
