"""Age groups of many ages at once: what splits are balanced over and metrics are given for."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.vision.age_groups import AGE_GROUP_STARTS, age_group


def _name(start: int) -> str:
    _, last = age_group(start)
    return f"{start}+" if last is None else f"{start}-{last}"


AGE_GROUP_NAMES: Final = tuple(_name(start) for start in AGE_GROUP_STARTS)
"""By index: "0-2", "3-9", "10-19", ... "60-69", "70+"."""


def age_group_index(age: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index of the age group of each age in years; -1 where it is NaN."""
    # Ages are rounded first: 2.6 years is nearer to the label 3 than to the label 2.
    index = np.searchsorted(AGE_GROUP_STARTS, np.round(age), side="right") - 1
    return np.where(np.isnan(age), -1, np.maximum(index, 0))
