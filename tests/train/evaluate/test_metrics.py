"""Metrics agree with examples by hand."""

import numpy as np
import pytest

from agecam.vision.calibration import Calibration
from tests.train.samples import peaks, table_of
from train.evaluate.metrics import (
    age_metrics,
    expected_calibration_error,
    gender_metrics,
    interval_holds,
    range_metrics,
)


def test_an_interval_holds_the_part_of_the_labelled_year_that_it_covers() -> None:
    low, high = np.array([20.0, 29.75, 30.25, 31, 0]), np.array([40.0, 40, 40, 40, 0.25])
    held = interval_holds(low, high, np.array([30.0, 30, 30, 30, 0]))
    np.testing.assert_allclose(held, [1, 0.75, 0.25, 0, 0.5])


def test_a_range_of_any_kind_is_met_inside_it() -> None:
    table = table_of((25, 34, None), (25, 34, None))
    metrics = range_metrics(peaks(33, 36), table)
    assert (metrics["accuracy"], metrics["one_off_accuracy"]) == (0.5, 1)
    years = range_metrics(np.array([[33], [36]], np.float32), table)
    assert years["accuracy"] == 0.5
    assert "loss" not in years


def test_printed_ages_count_as_the_whole_years_that_they_are() -> None:
    table = table_of((20, 20, True), (40, 40, True))
    years = np.array([[25.4], [45.6]], np.float32)
    ages = age_metrics(years, table, Calibration())
    assert (ages["within_5"], ages["within_5_printed"]) == (0, 0.5)


def test_metrics_agree_with_a_small_example_by_hand() -> None:
    table = table_of((20, 20, True), (40, 40, True), (60, 60, False), (30, 39, False), (70, 100, None))
    p = peaks(21, 44, 70, 42, 90)
    ages = age_metrics(p, table, Calibration())
    assert ages["mae"] == pytest.approx(5, abs=0.01)
    assert ages["median_error"] == pytest.approx(4, abs=0.01)
    assert ages["within_5"] == pytest.approx(2 / 3)
    assert ages["within_5_printed"] == pytest.approx(2 / 3)
    ranges = range_metrics(p, table)
    assert (ranges["count"], ranges["accuracy"], ranges["one_off_accuracy"]) == (2, 0.5, 1)
    genders = gender_metrics(np.array([0.9, 0.4, 0.2, 0.1, 0.9], np.float32), table, Calibration())
    assert (genders["count"], genders["accuracy"], genders["precision"]) == (4, 0.75, 1)
    assert genders["recall"] == 0.5
    assert genders["auc"] == 1


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    p, truth = np.full(10, 0.8), np.arange(10) < 6
    assert expected_calibration_error(p, truth) == pytest.approx(0.2)


def test_without_labels_there_are_no_metrics() -> None:
    table = table_of((None, None, None))
    assert age_metrics(peaks(30), table, Calibration()) == {}
    assert range_metrics(peaks(30), table) == {}
    assert gender_metrics(np.array([0.5], np.float32), table, Calibration()) == {}
