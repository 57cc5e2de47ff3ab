"""Whether the interval holds on images unlike those it was calibrated on: data sets held out in turn."""

from __future__ import annotations

from typing import Any

import numpy as np

from train.data.table import Table
from train.evaluate.calibrate import fit_age
from train.evaluate.metrics import MIN_GROUP, age_metrics
from train.evaluate.predictions import Predictions


def held_out_intervals(
    predictions: Predictions, table: Table, on_validation: Predictions, validation: Table
) -> dict[str, dict[str, Any]]:
    """For each data set of ``table``, its interval when calibration has seen the other sets alone.

    ``predictions`` are for ``table``, ``on_validation`` for ``validation``; the models themselves have seen
    all sets. By name: ``calibrated_on`` (names), ``count`` of exact ages, ``interval_coverage`` and
    ``interval_width`` in years. Left out are sets with few exact ages in ``table``, or none in the others.
    """
    if "age" not in predictions:
        return {}
    found: dict[str, dict[str, Any]] = {}
    for name in map(str, np.unique(table.dataset)):
        others = validation.dataset != name
        here = table.dataset == name
        if (here & table.exact).sum() < MIN_GROUP or not (others & validation.exact).any():
            continue
        calibration = fit_age(on_validation["age"][others], validation.take(others))
        metrics = age_metrics(predictions["age"][here], table.take(here), calibration)
        found[name] = {
            "calibrated_on": [str(other) for other in np.unique(validation.dataset[others])],
            **{key: metrics[key] for key in ("count", "interval_coverage", "interval_width")},
        }
    return found
