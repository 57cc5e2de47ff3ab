"""Divide pictures into training, validation and test: whole groups, same mix everywhere, same for a seed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from train.table import TEST, TRAIN, UNUSED, VALIDATION, Table

BAND_EDGES: Final = (0, 3, 10, 20, 30, 40, 50, 60, 70)
"""Lower ends of the age bands, those of FairFace: 0-2, 3-9, 10-19, ... 60-69, 70+."""


def age_band(age: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index of the age band of each age in years; -1 where it is NaN."""
    # Ages are rounded first: 2.6 years is nearer to the label 3 than to the label 2.
    band = np.searchsorted(BAND_EDGES, np.round(age), side="right") - 1
    return np.where(np.isnan(age), -1, np.maximum(band, 0))


def band_name(band: int) -> str:
    if band == len(BAND_EDGES) - 1:
        return f"{BAND_EDGES[-1]}+"
    return f"{BAND_EDGES[band]}-{BAND_EDGES[band + 1] - 1}"


def split_table(table: Table, *, test: float = 0.12, validation: float = 0.05, seed: int = 0) -> Table:
    """Assign every picture its part.

    Groups of duplicates stay together. Training keeps all members of its groups; validation and test keep the
    first and mark the others "unused", so that nothing is measured twice. Fractions hold within each
    combination of data set, age band and gender.

    Who goes where follows from a hash of the file's name, so that a picture more or less moves hardly any
    other: what was training stays training when the same data are prepared again.
    """
    _, first = np.unique(table.group, return_index=True)
    representatives = np.sort(first)
    middle = (table.age_low + np.minimum(table.age_high, 100)) / 2
    strata: dict[tuple[str, int, float], list[int]] = {}
    for index in representatives.tolist():
        gender = float(np.nan_to_num(table.female[index], nan=-1))
        key = (str(table.dataset[index]), int(age_band(middle[index : index + 1])[0]), gender)
        strata.setdefault(key, []).append(index)

    part_of_group: dict[int, str] = {}
    for key in sorted(strata):
        members = sorted(strata[key], key=lambda index: _rank(seed, table, index))
        random = np.random.default_rng(_rank(seed, table, members[0]))
        test_count = _round(len(members) * test, random)
        validation_count = _round(len(members) * validation, random)
        for place, index in enumerate(members):
            part = (
                TEST if place < test_count else VALIDATION if place < test_count + validation_count else TRAIN
            )
            part_of_group[int(table.group[index])] = part

    parts = np.array([part_of_group[int(group)] for group in table.group], dtype=np.str_)
    is_first = np.zeros(len(table), bool)
    is_first[representatives] = True
    parts[(parts != TRAIN) & ~is_first] = UNUSED
    return replace(table, part=parts)


def _rank(seed: int, table: Table, index: int) -> int:
    """A number that is as good as random and always the same for one picture and seed."""
    name = f"{seed}/{table.file[index]}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def _round(expected: float, random: np.random.Generator) -> int:
    """Round up or down at random, right on average: small strata would otherwise never be tested."""
    return int(expected + random.random())
