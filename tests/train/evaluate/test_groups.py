"""Groups, gaps and confusions agree with an example by hand."""

from dataclasses import replace

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
    assert set(summary(metrics)) == {"age", "gender", "balanced", "bias"}
    assert summary(metrics)["bias"] == {
        "20-29": pytest.approx(2, abs=0.01),
        "60-69": pytest.approx(-6, abs=0.01),
    }
    assert metrics["age"]["loss"] > metrics["groups"]["decade"]["20-29"]["age"]["loss"] > 0


def test_groups_of_pose_and_size_have_metrics_with_the_interval() -> None:
    table = table_of_samples(Sample("set", f"{i}", 40, 40, True) for i in range(90))
    table = replace(
        table,
        yaw_deg=np.repeat([3.0, -30.0, np.nan], 30),
        pitch_deg=np.repeat([-20.0, 0.0, 20.0], 30),
        face_px=np.repeat([20.0, 200.0, 200.0], 30),
    )
    predictions = {"age": peaks(*[41.0] * 30, *[60.0] * 30, *[41.0] * 30)}
    groups = all_metrics(predictions, table, Calibration())["groups"]
    # Faces whose pose is unknown, and poses that nobody has, are in no group.
    assert {name: values["age"]["count"] for name, values in groups["yaw"].items()} == {
        "frontal": 30,
        "half profile": 30,
    }
    assert groups["yaw"]["frontal"]["age"]["interval_coverage"] > 0.5
    assert groups["yaw"]["half profile"]["age"]["interval_coverage"] == 0
    assert groups["pitch"]["level"]["age"]["bias"] == pytest.approx(20, abs=0.1)
    assert list(groups["pitch"]) == ["looking up", "level", "looking down"]
    assert {name: values["age"]["count"] for name, values in groups["size"].items()} == {
        "below 32 px": 30,
        "128 px and more": 60,
    }
