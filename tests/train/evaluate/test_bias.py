"""Bias is told decade by decade, of exact ages and of ranges."""

import pytest

from tests.train.samples import peaks, table_of
from train.evaluate.bias import bias_by_decade, largest_bias
from train.evaluate.metrics import range_metrics


def test_a_pull_to_the_middle_shows_at_both_ends() -> None:
    table = table_of(*[(15, 15, None)] * 30, *[(45, 45, None)] * 30, *[(75, 75, None)] * 30)
    biases = bias_by_decade(peaks(*[18.0] * 30, *[44.0, 46.0] * 15, *[69.0] * 30), table)
    assert {name: values["count"] for name, values in biases.items()} == {
        "10-19": 30,
        "40-49": 30,
        "70-79": 30,
    }
    assert [values["bias"] for values in biases.values()] == pytest.approx([3, 0, -6], abs=0.05)
    largest = largest_bias(biases)
    assert largest is not None
    assert largest.decade == "70-79"
    assert largest.years == pytest.approx(-6, abs=0.05)


def test_a_range_counts_by_the_distance_from_it_with_its_sign() -> None:
    table = table_of(*[(30, 39, None)] * 20, *[(70, 100, None)] * 20)
    ages = peaks(*[35.0] * 10, *[43.0] * 10, *[60.0] * 20)
    biases = bias_by_decade(ages, table)
    assert biases["30-39"]["bias"] == pytest.approx(2, abs=0.05)
    assert biases["70+"]["bias"] == pytest.approx(-10, abs=0.05)
    assert range_metrics(ages, table)["bias"] == pytest.approx((10 * 4 - 20 * 10) / 40, abs=0.05)


def test_a_bound_alone_is_in_no_decade_no_group_and_no_range_metric() -> None:
    table = table_of(*[(0, 60, None)] * 30, *[(0, 9, None)] * 30)
    ages = peaks(*[70.0] * 30, *[8.0] * 30)
    assert bias_by_decade(ages, table) == {"0-9": {"count": 30, "bias": 0}}
    assert range_metrics(ages, table)["count"] == 30
    assert table.label_group().tolist() == [-1] * 30 + [1] * 30


def test_few_images_and_unknown_ages_have_no_bias() -> None:
    table = table_of(*[(30, 30, None)] * 19, *[(None, None, True)] * 30)
    assert bias_by_decade(peaks(*[30.0] * 49), table) == {}
    assert largest_bias({}) is None
