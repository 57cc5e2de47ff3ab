"""Losses and training metrics, for exact ages, ages known as a range, gender, and missing labels.

Targets are those of :mod:`train.data.targets`.
"""

from __future__ import annotations

from typing import Any, Final

import keras
from keras import ops

from agecam.vision.calibration import AGES

EPSILON: Final = 1e-7
"""Added to probabilities before their logarithm."""
_DECADE_YEARS: Final = 10


def age_distance(y_true: Any, y_pred: Any) -> Any:
    """Years between age and label, ``(n,)``, 0 inside a range: the metric shown in training.

    ``y_pred`` is ``(n, 101)``, a distribution that stands for its expectation, or ``(n, 1)`` years.
    """
    # On PyTorch, Keras hands arrays of NumPy to metrics.
    y_true = ops.convert_to_tensor(y_true, "float32")
    predicted = expected_age(ops.convert_to_tensor(y_pred, "float32"))
    return ops.maximum(ops.maximum(y_true[:, AGES] - predicted, predicted - y_true[:, AGES + 1]), 0.0)


def expected_age(y_pred: Any) -> Any:
    """Predicted ages ``(n,)`` in years: of ``(n, 101)`` the expectations, ``(n, 1)`` as they are."""
    if y_pred.shape[-1] == 1:
        return y_pred[:, 0]
    return ops.sum(y_pred * ops.arange(AGES, dtype="float32"), axis=-1)


def gender_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the likelier gender is the labelled one, ``(n,)``: the last unit is that of female."""
    y_true = ops.convert_to_tensor(y_true, "float32")
    y_pred = ops.convert_to_tensor(y_pred, "float32")
    return ops.cast(ops.equal(y_true[:, 0] > 0.5, y_pred[:, -1] > 0.5), "float32")


class AgeLoss(keras.losses.Loss):
    """Distribution loss plus distance in years, for predictions ``(n, 101)``.

    - exact ages, and ranges that a teacher has filled in: cross-entropy with the target distribution;
    - other ranges: minus the logarithm of the probability that lies in the range, soft-edged;
    - both: ``distance_weight`` times the distance in years of the expected age from the label, 0 inside a
      range.
    """

    def __init__(self, distance_weight: float, **options: Any) -> None:
        super().__init__(**options)
        self.distance_weight = distance_weight

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each sample, ``(n,)``."""
        return _negative_log_likelihood(y_true, y_pred) + self.distance_weight * age_distance(y_true, y_pred)


class MeanVarianceLoss(keras.losses.Loss):
    """Distribution loss plus penalties on the expected age's squared distance and on the variance.

    Pan et al., "Mean-Variance Loss for Deep Age Estimation from a Face", CVPR 2018; the weights are theirs.
    """

    _MEAN_WEIGHT: Final = 0.2
    """Of half the squared distance in years: lambda 1 of the paper."""
    _VARIANCE_WEIGHT: Final = 0.05
    """Of the variance in years squared: lambda 2 of the paper."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each sample, ``(n,)``."""
        mean = expected_age(y_pred)
        variance = ops.sum(y_pred * (ops.arange(AGES, dtype="float32") - mean[:, None]) ** 2, axis=-1)
        squared = age_distance(y_true, y_pred) ** 2
        return (
            _negative_log_likelihood(y_true, y_pred)
            + self._MEAN_WEIGHT / 2 * squared
            + self._VARIANCE_WEIGHT * variance
        )


def _negative_log_likelihood(y_true: Any, y_pred: Any) -> Any:
    weights = y_true[:, :AGES]
    cross_entropy = -ops.sum(weights * ops.log(y_pred + EPSILON), axis=-1)
    in_range = -ops.log(ops.sum(weights * y_pred, axis=-1) + EPSILON)
    return ops.where(y_true[:, AGES + 2] > 0.5, cross_entropy, in_range)


class YearsLoss(keras.losses.Loss):
    """Mean absolute (``power`` 1) or squared (2) error of predictions ``(n, 1)`` in years, 0 inside a range.

    Counted in decades, which weighs it about as much as the loss of gender.
    """

    def __init__(self, power: int, **options: Any) -> None:
        super().__init__(**options)
        self.power = power

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each sample, ``(n,)``."""
        return (age_distance(y_true, y_pred) / _DECADE_YEARS) ** self.power


class TwoUnitGenderLoss(keras.losses.CategoricalCrossentropy):
    """Cross-entropy of predictions ``(n, 2)``, male and female, with labels ``(n, 1)``, 1 for female."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each sample, ``(n,)``."""
        return super().call(ops.concatenate([1 - y_true, y_true], axis=-1), y_pred)
