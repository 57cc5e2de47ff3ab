"""What must not stand on two sides of a split."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from train.data.duplicates import group_pairs
from train.data.table import Table


def unit_ids(table: Table) -> NDArray[np.int64]:
    """The place of the first image of each image's unit: ``(n,)`` int64.

    A unit is all images of one photograph and of one person in one data set, and of those that they are
    joined to by others.
    """
    firsts, seconds = [], []
    first_of: dict[object, int] = {}
    keys = zip(table.group.tolist(), table.dataset.tolist(), table.person.tolist(), strict=True)
    for place, (group, dataset, person) in enumerate(keys):
        for key in (group, (dataset, person)) if person else (group,):
            firsts.append(first_of.setdefault(key, place))
            seconds.append(place)
    return group_pairs(len(table), np.array(firsts, np.int64), np.array(seconds, np.int64))


def rank(seed: int, name: str) -> int:
    """A number that is as good as random and always the same for one image or person and seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big")
