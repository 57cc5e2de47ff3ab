"""The interval of a data set is measured with a calibration that has not seen it."""

from dataclasses import replace

import numpy as np
import pytest

from tests.train.samples import peaks, table_of
from train.data.table import Table
from train.evaluate.held_out import held_out_intervals
from train.evaluate.predictions import Predictions


def two_sets(random: np.random.Generator) -> tuple[Predictions, Table]:
    """200 images of "easy", as far off as their predictions say, and 200 of "hard", three times as far."""
    off = random.normal(0, np.repeat([3.0, 9.0], 200))
    table = table_of(*[(50, 50, None)] * 400)
    return {"age": peaks(*(50 + off), width=3)}, replace(table, dataset=np.repeat(["easy", "hard"], 200))


def test_a_set_unlike_the_others_is_held_too_seldom_and_an_easier_one_too_often() -> None:
    random = np.random.default_rng(0)
    found = held_out_intervals(*two_sets(random), *two_sets(random))
    assert found["easy"]["calibrated_on"] == ["hard"]
    assert found["easy"]["count"] == 200
    assert found["easy"]["interval_coverage"] > 0.95
    assert found["hard"]["interval_coverage"] < 0.5
    assert found["easy"]["interval_width"] == pytest.approx(3 * found["hard"]["interval_width"], rel=0.25)


def test_without_another_set_of_exact_ages_nothing_can_be_said() -> None:
    predictions, table = two_sets(np.random.default_rng(0))
    alone = table.dataset == "easy"
    assert held_out_intervals(
        predictions, table, {"age": predictions["age"][alone]}, table.take(alone)
    ).keys() == {"hard"}
    assert held_out_intervals({"gender": np.zeros(400, np.float32)}, table, predictions, table) == {}
