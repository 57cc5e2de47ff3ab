"""Divide images into training, validation and test: whole groups, same mix everywhere, same for a seed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final

import numpy as np

from train.data.age_groups import age_group_index
from train.data.table import TEST, TRAIN, UNUSED, VALIDATION, Table

_SPLIT: Final = np.dtype(f"U{max(map(len, (TEST, TRAIN, UNUSED, VALIDATION)))}")
"""Room for each name, also where the longest is not among the first."""
_NO_AGE: Final = -1
"""As :func:`train.data.age_groups.age_group_index` says."""
_NO_GENDER: Final = -1.0
"""In place of NaN, which equals nothing."""


def split_table(table: Table, *, test: float, validation: float, seed: int = 0) -> Table:
    """Assign every image its split.

    Groups of duplicates stay together. Training keeps all members of its groups; validation and test keep the
    first and mark the others "unused", so that nothing is measured twice. Fractions hold within each
    combination of data set, age group and gender. Images without any label are for training, as nothing can
    be measured on them.

    Who goes where follows from a hash of the file's name, so that an image more or less moves hardly any
    other: what was training stays training when the same data are prepared again.
    """
    _, first = np.unique(table.group, return_index=True)
    representatives = np.sort(first)
    middle = (table.age_low + np.minimum(table.age_high, 100)) / 2
    strata: dict[tuple[str, int, float], list[int]] = {}
    for index in representatives.tolist():
        gender = float(np.nan_to_num(table.female[index], nan=_NO_GENDER))
        key = (str(table.dataset[index]), int(age_group_index(middle[index : index + 1])[0]), gender)
        strata.setdefault(key, []).append(index)

    split_of_group: dict[int, str] = {}
    for key in sorted(strata):
        if key[1:] == (_NO_AGE, _NO_GENDER):
            split_of_group.update((int(table.group[index]), TRAIN) for index in strata[key])
            continue
        members = sorted(strata[key], key=lambda index: _rank(seed, table, index))
        random = np.random.default_rng(_rank(seed, table, members[0]))
        test_count = _round(len(members) * test, random)
        validation_count = _round(len(members) * validation, random)
        for place, index in enumerate(members):
            split = (
                TEST if place < test_count else VALIDATION if place < test_count + validation_count else TRAIN
            )
            split_of_group[int(table.group[index])] = split

    splits = np.array([split_of_group[int(group)] for group in table.group], dtype=_SPLIT)
    is_first = np.zeros(len(table), bool)
    is_first[representatives] = True
    splits[(splits != TRAIN) & ~is_first] = UNUSED
    return replace(table, split=splits)


def _rank(seed: int, table: Table, index: int) -> int:
    """A number that is as good as random and always the same for one image and seed."""
    name = f"{seed}/{table.file[index]}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def _round(expected: float, random: np.random.Generator) -> int:
    """Round up or down at random, right on average: small strata would otherwise never be tested."""
    return int(expected + random.random())
