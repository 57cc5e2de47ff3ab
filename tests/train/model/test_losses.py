"""Losses are lowest at the label, and know exact ages, ranges and genders."""

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.train.samples import peaks
from train.data.targets import age_targets
from train.model.losses import AgeLoss, MeanVarianceLoss, TwoUnitGenderLoss, YearsLoss, age_distance


def age_losses(targets: NDArray[np.float32], predictions: NDArray[np.float32]) -> NDArray[np.float32]:
    loss = AgeLoss(0.15, reduction=None)(targets, predictions)
    return np.asarray(keras.ops.convert_to_numpy(loss))


def test_exact_age_is_best_met_by_its_own_age() -> None:
    targets = age_targets(np.full(3, 30.0), np.full(3, 30.0))
    right, near, far = age_losses(targets, peaks(30, 36, 60, width=2.3))
    assert right < near < far


def test_range_is_met_anywhere_inside_and_softly_at_its_edge() -> None:
    targets = age_targets(np.full(5, 30.0), np.full(5, 39.0))
    inside, other_inside, edge, outside, far = age_losses(targets, peaks(32, 37, 40.5, 45, 70))
    assert inside == pytest.approx(other_inside, abs=0.05)
    assert inside < 0.1
    assert inside < edge < outside < far


def test_years_are_off_by_what_lies_outside_the_range() -> None:
    targets = age_targets(np.array([30.0, 30.0, 30.0]), np.array([30.0, 39.0, 39.0]))
    years = np.array([[34.0], [34.0], [59.0]], np.float32)
    np.testing.assert_allclose(age_distance(targets, years), [4, 0, 20])
    np.testing.assert_allclose(YearsLoss(1, reduction=None)(targets, years), [0.4, 0, 2], rtol=1e-6)
    np.testing.assert_allclose(YearsLoss(2, reduction=None)(targets, years), [0.16, 0, 4], rtol=1e-6)


def test_mean_variance_loss_prefers_narrow_distributions_at_the_label() -> None:
    targets = age_targets(np.full(3, 30.0), np.full(3, 30.0))
    ages = np.arange(101)
    centre, width = np.array([[30], [30], [45]]), np.array([[2.3], [15], [2.3]])
    p = np.exp(-0.5 * ((ages - centre) / width) ** 2)
    p = (p / p.sum(axis=1, keepdims=True)).astype(np.float32)
    right, wide, far = keras.ops.convert_to_numpy(MeanVarianceLoss(reduction=None)(targets, p))
    assert right < wide < far


def test_loss_of_two_units_is_the_binary_one() -> None:
    truth, female = np.array([[1.0], [0.0]], np.float32), np.array([[0.9], [0.3]], np.float32)
    two_units = TwoUnitGenderLoss(label_smoothing=0.1)(truth, np.hstack([1 - female, female]))
    binary = keras.losses.BinaryCrossentropy(label_smoothing=0.1)(truth, female)
    assert float(two_units) == pytest.approx(float(binary), rel=1e-5)
