"""Age groups and decades of many ages at once: what splits are balanced over and metrics are given for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.vision.age_groups import AGE_GROUP_STARTS, age_group
from agecam.vision.calibration import AGES


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


def middle_group_index(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index of the age group of the middle of each label ``low..high`` in years; -1 where it is unknown."""
    return age_group_index((low + np.minimum(high, AGES - 1)) / 2)


_LONGEST_RANGE_YEARS: Final = 20
"""Longer ones that begin at birth are bounds."""


def upper_bounds(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where labels ``low..high`` in years say only how old somebody is at most: ``(n,)``."""
    return np.asarray((low == 0) & (high - low > _LONGEST_RANGE_YEARS))


def decade_names(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.str_]:
    """The decade of each label ``low..high`` in years, such as "20-29": ``(n,)``, empty where it is unknown.

    A range of more than one decade counts in that of its middle, but one without an upper end is a group of
    its own, such as "70+".
    """
    names = [_decade(one, other) for one, other in zip(low.tolist(), high.tolist(), strict=True)]
    return np.array(names, dtype=np.str_)


def _decade(low: float, high: float) -> str:
    if np.isnan(low):
        return ""
    if low < AGES - 1 <= high:
        return f"{low:.0f}+"
    start = int((low + high) / 2) // 10 * 10
    return f"{start}-{start + 9}"


def by_age(names: Iterable[str]) -> list[str]:
    """Names of decades or age groups without repetition, the youngest first."""
    return sorted(
        {name for name in names if name}, key=lambda name: (int(name.split("-")[0].rstrip("+")), name)
    )
