"""Whether people are judged too old or too young, by decade: overall errors hide a pull to the middle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agecam.vision.calibration import AGES, predicted_age
from train.data.age_groups import by_age
from train.data.table import Table
from train.evaluate.metrics import MIN_GROUP, label_decades, signed_distance

BiasByDecade = Mapping[str, Mapping[str, float]]
"""By decade of the label, such as "20-29" or "70+": ``count`` of images and ``bias`` in years."""


class DecadeBias(NamedTuple):
    """The bias of one decade, years."""

    decade: str
    years: float


def bias_by_decade(age_output: NDArray[np.float32], table: Table) -> dict[str, dict[str, float]]:
    """The mean of predicted age minus label, of ranges the mean signed distance, for each decade of labels.

    ``age_output`` is ``(n, 101)`` or ``(n, 1)``. Decades of fewer than :data:`MIN_GROUP` images are left out.
    """
    low, high = (np.minimum(ages, AGES - 1) for ages in (table.age_low, table.age_high))
    off = signed_distance(predicted_age(age_output), low, high)
    decades = label_decades(table)
    counted = {name: off[decades == name] for name in by_age(decades)}
    return {
        name: {"count": float(len(years)), "bias": float(years.mean())}
        for name, years in counted.items()
        if len(years) >= MIN_GROUP
    }


def largest_bias(biases: BiasByDecade) -> DecadeBias | None:
    """The decade that is misjudged most to one side; ``None`` without any."""
    if not biases:
        return None
    decade = max(biases, key=lambda name: abs(biases[name]["bias"]))
    return DecadeBias(decade, biases[decade]["bias"])
