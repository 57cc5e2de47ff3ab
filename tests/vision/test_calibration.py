"""Outputs of the models become calibrated estimates."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.vision.calibration import (
    AGES,
    Calibration,
    age_quantiles,
    calibrated_female,
    estimates,
    robust_age,
)

WEIGHTS = ((5.0, 1.5), (15.0, 3.0), (25.0, 1.0), (85.0, 4.0))


def distribution(mean: float, spread: float) -> NDArray[np.float32]:
    weights = np.exp(-(((np.arange(AGES) - mean) / spread) ** 2) / 2)
    return np.asarray(weights / weights.sum(), np.float32)[None]


def test_a_certain_age_has_an_interval_of_under_a_year() -> None:
    certain = np.eye(AGES, dtype=np.float32)[[30]]
    (estimate,) = estimates(certain, np.array([0.5], np.float32), Calibration())
    assert estimate.age == pytest.approx(30)
    assert 29.5 <= estimate.age_low <= 30 <= estimate.age_high <= 30.5


def test_the_interval_of_a_bell_holds_its_80_percent() -> None:
    (estimate,) = estimates(distribution(40, 5), np.array([[0.9]], np.float32), Calibration())
    assert estimate.age_low == pytest.approx(40 - 1.2816 * 5, abs=0.1)
    assert estimate.age_high == pytest.approx(40 + 1.2816 * 5, abs=0.1)
    assert estimate.female == pytest.approx(0.9)


def test_temperature_and_scale_widen_the_interval_and_leave_the_age() -> None:
    (plain,) = estimates(distribution(40, 5), np.array([0.9], np.float32), Calibration())
    (wide,) = estimates(
        distribution(40, 5), np.array([0.9], np.float32), Calibration(temperature=2, interval_scale=1.5)
    )
    assert wide.age == plain.age
    assert wide.age_high - wide.age_low > 1.8 * (plain.age_high - plain.age_low)


@given(
    stnp.arrays(np.float32, (3, AGES), elements=st.floats(0.0009765625, 1, width=32)),
    st.floats(0.5, 3),
    st.floats(0.5, 3),
    st.sampled_from([(), WEIGHTS]),
)
def test_every_age_lies_in_its_interval(
    weights: NDArray[np.float32],
    temperature: float,
    scale: float,
    age_weights: tuple[tuple[float, float], ...],
) -> None:
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    calibration = Calibration(temperature=temperature, interval_scale=scale, age_weights=age_weights)
    for one in estimates(probabilities, np.full(3, 0.5, np.float32), calibration):
        assert 0 <= one.age_low <= one.age <= one.age_high <= AGES - 1


def test_the_interval_reaches_towards_ages_of_more_weight_and_the_age_stays() -> None:
    wide = distribution(20, 6)
    (plain,) = estimates(wide, np.array([0.5], np.float32), Calibration())
    (weighted,) = estimates(wide, np.array([0.5], np.float32), Calibration(age_weights=WEIGHTS))
    assert weighted.age == plain.age
    assert weighted.age_low < plain.age_low
    assert weighted.age_high < plain.age_high - 1


def test_even_weights_change_nothing() -> None:
    even = Calibration(age_weights=((5.0, 2.0), (85.0, 2.0)))
    (plain,) = estimates(distribution(20, 6), np.array([0.5], np.float32), Calibration())
    (same,) = estimates(distribution(20, 6), np.array([0.5], np.float32), even)
    assert (same.age_low, same.age_high) == pytest.approx((plain.age_low, plain.age_high))


def test_gender_calibration_moves_log_odds() -> None:
    p = np.array([0.0, 0.2, 0.5, 0.8, 1.0], np.float32)
    assert calibrated_female(p, Calibration()) == pytest.approx(p, abs=1e-5)
    calmer = calibrated_female(p, Calibration(slope=0.5))
    assert 0.2 < calmer[1] < 0.5 < calmer[3] < 0.8
    assert (np.diff(calmer) > 0).all()
    assert calibrated_female(p, Calibration(intercept=1))[2] == pytest.approx(1 / (1 + np.exp(-1)))


def test_median_of_an_even_spread_is_its_middle() -> None:
    even = np.full((1, AGES), 1 / AGES, np.float32)
    assert age_quantiles(even, (0.5,))[0, 0] == pytest.approx(50)
    assert robust_age(even)[0] == pytest.approx(50, abs=1e-3)


@pytest.mark.parametrize("far", [2, 85])
def test_a_little_probability_of_an_age_far_off_moves_the_prediction_much_less_than_the_mean(
    far: float,
) -> None:
    narrow = distribution(40, 5)
    mixed = 0.92 * narrow + 0.08 * distribution(far, 3)
    assert robust_age(narrow)[0] == pytest.approx(40, abs=1e-3)
    error = abs((mixed @ np.arange(AGES))[0] - 40)
    assert error > 2.5
    assert abs(robust_age(mixed)[0] - 40) < 0.4 * error


def test_the_age_of_a_shifted_distribution_shifts_as_much() -> None:
    skewed = 0.7 * distribution(30, 4) + 0.3 * distribution(38, 6)
    older = np.roll(skewed, 12, axis=1)
    assert robust_age(older)[0] == pytest.approx(robust_age(skewed)[0] + 12, abs=1e-3)
    assert 31 < robust_age(skewed)[0] < (skewed @ np.arange(AGES))[0]


def test_the_manifest_sets_only_what_it_names() -> None:
    read = Calibration.from_manifest(
        {"age": {"calibration": {"temperature": 1.3}}, "gender": {"calibration": {"slope": 0.8}}}
    )
    assert read == Calibration(temperature=1.3, slope=0.8)
    assert Calibration.from_manifest({}) == Calibration()


RESIDUALS = ((20.0, 3.0, 6.0), (60.0, 9.0, 4.0))


def test_a_plain_age_gets_its_interval_from_residuals() -> None:
    years = np.array([[10], [20], [40], [60], [98], [130], [-4]], np.float32)
    found = estimates(years, np.full(7, 0.5, np.float32), Calibration(age_residuals=RESIDUALS))
    assert [(one.age_low, one.age, one.age_high) for one in found] == [
        (7, 10, 16),
        (17, 20, 26),
        (34, 40, 45),
        (51, 60, 64),
        (89, 98, 100),
        (91, 100, 100),
        (0, 0, 6),
    ]
    (wide,) = estimates(
        years[2:3], np.full(1, 0.5, np.float32), Calibration(age_residuals=RESIDUALS, interval_scale=2)
    )
    assert (wide.age_low, wide.age, wide.age_high) == (28, 40, 50)


@pytest.mark.parametrize(
    "residuals", [[[20, -1, 3]], [[60, 1, 1], [20, 1, 1]], [[20, 1]], [[20, 1, float("nan")]]]
)
def test_residuals_that_make_no_sense_are_refused(residuals: list[object]) -> None:
    with pytest.raises(ValueError, match=r"out of range|unpack"):
        Calibration.from_manifest({"age": {"calibration": {"version": 2, "age_residuals": residuals}}})


@pytest.mark.parametrize("residuals", [(), RESIDUALS])
def test_what_the_manifest_holds_is_read_back(residuals: tuple[tuple[float, float, float], ...]) -> None:
    calibration = Calibration(1.1, 0.8, 0.9, 1.2, -0.1, WEIGHTS, residuals)
    models = {
        "age": {"calibration": calibration.to_manifest("age")},
        "gender": {"calibration": calibration.to_manifest("gender")},
    }
    assert Calibration.from_manifest(json.loads(json.dumps(models))) == calibration


def test_manifests_of_the_first_version_are_read() -> None:
    old = {"age": {"calibration": {"temperature": 1.15, "interval": 0.8, "interval_scale": 0.86}}}
    assert Calibration.from_manifest(old) == Calibration(1.15, 0.8, 0.86)


def test_a_calibration_of_a_later_version_is_refused() -> None:
    with pytest.raises(ModelError, match="version 3"):
        Calibration.from_manifest({"age": {"calibration": {"version": 3}}})


@pytest.mark.parametrize("weights", [[[5, 1.0], [15, 0.0]], [[15, 1.0], [5, 1.0]], [5, 1.0]])
def test_weights_that_make_no_sense_are_refused(weights: list[object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Calibration.from_manifest({"age": {"calibration": {"version": 2, "age_weights": weights}}})


@pytest.mark.parametrize(
    ("task", "values"),
    [
        ("age", {"temperature": 0}),
        ("age", {"temperature": float("nan")}),
        ("age", {"temperature": "1e400"}),
        ("age", {"interval": 1.5}),
        ("age", {"interval_scale": -1}),
        ("age", {"age_weights": [[5, float("inf")]]}),
        ("age", {"age_weights": [[float("nan"), 1]]}),
        ("gender", {"slope": 1e308}),
        ("gender", {"intercept": float("-inf")}),
    ],
)
def test_values_that_make_no_estimate_are_refused(task: str, values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        Calibration.from_manifest({task: {"calibration": values}})
