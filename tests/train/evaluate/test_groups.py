"""Groups, gaps and confusions agree with an example by hand."""

import numpy as np
import pytest

from agecam.vision.calibration import Calibration
from tests.train.samples import peaks, table_of_samples
from train.data.readers import Sample
from train.evaluate.groups import all_metrics, summary


def test_groups_gaps_and_confusions_agree_with_an_example_by_hand() -> None:
    young = [Sample("set", f"y{i}", 25, 25, True, "A") for i in range(30)]
    old = [Sample("set", f"o{i}", 65, 65, False, "B") for i in range(90)]
    predictions = {"age": peaks(*[27.0] * 30, *[59.0] * 90), "gender": np.full(120, 0.9, np.float32)}
    metrics = all_metrics(predictions, table_of_samples([*young, *old]), Calibration())
    assert metrics["age"]["mae"] == pytest.approx((30 * 2 + 90 * 6) / 120, abs=0.01)
    assert metrics["balanced"]["age_mae"] == pytest.approx(4, abs=0.01)
    assert metrics["balanced"]["gender_accuracy"] == 0.5
    assert metrics["gaps"]["race"]["age_mae"] == pytest.approx(4, abs=0.01)
    assert metrics["gaps"]["age"]["gender_accuracy"] == 1
    assert metrics["confusion"]["gender"] == [[0, 90], [0, 30]]
    assert metrics["confusion"]["age"][7][6] == 90
    assert np.sum(metrics["confusion"]["age"]) == 120
    assert set(summary(metrics)) == {"age", "gender", "balanced"}
    assert metrics["age"]["loss"] > metrics["groups"]["decade"]["20-29"]["age"]["loss"] > 0
