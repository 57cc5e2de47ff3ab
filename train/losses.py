"""What a good answer is: losses for exact ages, ages known as a range, gender, and missing labels.

A target is one row of numbers, so that Keras can batch it. For age ``(n, 104)`` float32: 101 weights over the
ages, the range's two ends, and 1 where the weights are a distribution to be met, 0 where they say which ages
are allowed. For gender ``(n, 1)``. Samples without a label get the sample weight 0.
"""

from __future__ import annotations

from typing import Any, Final

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from agecam.vision.calibration import AGES

TARGET_SIZE: Final = AGES + 3
EPSILON: Final = 1e-7
UNKNOWN: Final = -1.0
"""The gender that a teacher alone tells."""
_EDGE_YEARS: Final = 1.5


def age_targets(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float32]:
    """Targets ``(n, 104)`` of ages in years, exact (``low == high``) or a range; NaN gives a row of zeros.

    An exact age becomes a normal distribution about it (label distribution learning: Gao et al., "Deep Label
    Distribution Learning with Label Ambiguity", TIP 2017), wider for older people, whose age is harder to
    tell: standard deviation 0.8 years at birth, 2 at 24, 4 at 64. A range becomes a membership of 1 inside
    that falls off softly outside, since neighbouring ranges are often confused by annotators.
    """
    low, high = np.clip(low, 0, AGES - 1)[:, None], np.clip(high, 0, AGES - 1)[:, None]
    ages = np.arange(AGES)[None, :]
    distribution = np.exp(-0.5 * ((ages - low) / (0.8 + 0.05 * low)) ** 2)
    distribution /= distribution.sum(axis=1, keepdims=True)
    outside = np.maximum(np.maximum(low - ages, ages - high), 0)
    membership = np.exp(-0.5 * (outside / _EDGE_YEARS) ** 2)
    weights = np.where(low == high, distribution, membership)
    return np.asarray(np.nan_to_num(np.hstack([weights, low, high, low == high])), dtype=np.float32)


def age_distance(y_true: Any, y_pred: Any) -> Any:
    """Years between age and label, ``(n,)``, 0 inside a range: the measure shown in training.

    ``y_pred`` is ``(n, 101)``, a distribution that stands for its expectation, or ``(n, 1)`` years.
    """
    # On PyTorch, Keras hands arrays of NumPy to measures.
    y_true = ops.convert_to_tensor(y_true, "float32")
    said = years(ops.convert_to_tensor(y_pred, "float32"))
    return ops.maximum(ops.maximum(y_true[:, AGES] - said, said - y_true[:, AGES + 1]), 0.0)


def years(y_pred: Any) -> Any:
    """The age that answers say, ``(n,)`` years: of ``(n, 101)`` the expectation, of ``(n, 1)`` themselves."""
    if y_pred.shape[-1] == 1:
        return y_pred[:, 0]
    return ops.sum(y_pred * ops.arange(AGES, dtype="float32"), axis=-1)


def gender_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the likelier gender is the labelled one, ``(n,)``: the last column is the one of female."""
    y_true = ops.convert_to_tensor(y_true, "float32")
    y_pred = ops.convert_to_tensor(y_pred, "float32")
    return ops.cast(ops.equal(y_true[:, 0] > 0.5, y_pred[:, -1] > 0.5), "float32")


class AgeLoss(keras.losses.Loss):
    """Distribution loss plus distance in years, for answers ``(n, 101)``.

    - exact ages, and ranges that a teacher has filled: cross-entropy with the target distribution;
    - other ranges: minus the logarithm of the probability that lies in the range, soft-edged;
    - both: ``distance_weight`` times the distance in years of the expected age from the label, 0 inside a
      range.
    """

    def __init__(self, distance_weight: float = 0.15, **options: Any) -> None:
        super().__init__(**options)
        self.distance_weight = distance_weight

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return _unlikelihood(y_true, y_pred) + self.distance_weight * age_distance(y_true, y_pred)


class MeanVarianceLoss(keras.losses.Loss):
    """Distribution loss plus penalties on the expected age's squared distance and on the variance.

    Pan et al., "Mean-Variance Loss for Deep Age Estimation from a Face", CVPR 2018; the weights are theirs.
    """

    _MEAN_WEIGHT: Final = 0.2
    _VARIANCE_WEIGHT: Final = 0.05

    def call(self, y_true: Any, y_pred: Any) -> Any:
        mean = years(y_pred)
        variance = ops.sum(y_pred * (ops.arange(AGES, dtype="float32") - mean[:, None]) ** 2, axis=-1)
        squared = age_distance(y_true, y_pred) ** 2
        return (
            _unlikelihood(y_true, y_pred) + self._MEAN_WEIGHT / 2 * squared + self._VARIANCE_WEIGHT * variance
        )


def _unlikelihood(y_true: Any, y_pred: Any) -> Any:
    weights = y_true[:, :AGES]
    cross_entropy = -ops.sum(weights * ops.log(y_pred + EPSILON), axis=-1)
    in_range = -ops.log(ops.sum(weights * y_pred, axis=-1) + EPSILON)
    return ops.where(y_true[:, AGES + 2] > 0.5, cross_entropy, in_range)


class YearsLoss(keras.losses.Loss):
    """Mean absolute (``power`` 1) or squared (2) error of answers ``(n, 1)`` in years, 0 inside a range.

    Counted in decades, which weighs it about as much as the loss of gender.
    """

    def __init__(self, power: int, **options: Any) -> None:
        super().__init__(**options)
        self.power = power

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return (age_distance(y_true, y_pred) / 10) ** self.power


class TwoWayGenderLoss(keras.losses.CategoricalCrossentropy):
    """Cross-entropy of answers ``(n, 2)``, male and female, with labels ``(n, 1)``, 1 for female."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return super().call(ops.concatenate([1 - y_true, y_true], axis=-1), y_pred)


def rarity_weights(
    low: NDArray[np.float64], high: NDArray[np.float64], exponent: float, most: float = 4.0
) -> NDArray[np.float32]:
    """Loss weight of each sample, ``frequency ** -exponent`` of its age: ``(n,)`` float32, mean 1.

    No weight is above ``most``. The frequency is counted in years, ranges spread evenly over theirs, smoothed
    over about five years. Samples without an age weigh 0.
    """
    known = ~np.isnan(low)
    low_year = np.clip(np.nan_to_num(low), 0, AGES - 1)
    high_year = np.clip(np.nan_to_num(high), 0, AGES - 1)
    ages = np.arange(AGES)[None, :]
    inside = (ages >= np.floor(low_year)[:, None]) & (ages <= np.ceil(high_year)[:, None])
    share = inside / inside.sum(axis=1, keepdims=True) * known[:, None]
    kernel = np.exp(-0.5 * (np.arange(-7, 8) / 2.5) ** 2)
    frequency = np.convolve(share.sum(axis=0), kernel / kernel.sum(), mode="same")
    weight_of_age = np.maximum(frequency, 1.0) ** -exponent
    weights = share @ weight_of_age
    weights /= max(float(weights[known].mean()), 1e-12) if known.any() else 1.0
    return np.asarray(np.where(known, np.minimum(weights, most), 0), dtype=np.float32)
