"""Folds for cross-validation: every labelled image is in the test of one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from train.data.age_groups import age_group_index
from train.data.duplicates import group_pairs
from train.data.table import TEST, TRAIN, UNUSED, VALIDATION, Table


def fold_tables(table: Table, folds: int, seed: int) -> Iterator[Table]:
    """The images of a table with the splits of each fold in turn, whatever splits they had.

    A fold's test are its own images, its validation half of those of the next fold. Images of one person or
    photograph stay together, and each fold gets its share of each data set, age group and gender. Of
    duplicates the test and the validation keep the first; images without any label are for training.
    """
    unit = _units(table)
    _, first = np.unique(unit, return_index=True)
    middle = (table.age_low + np.minimum(table.age_high, 100)) / 2
    band = age_group_index(middle)
    order = sorted(
        first.tolist(),
        key=lambda i: (str(table.dataset[i]), int(band[i]), str(table.female[i]), _rank(seed, table, i)),
    )
    place_of_unit = {int(unit[index]): place for place, index in enumerate(order)}
    place = np.array([place_of_unit[one] for one in unit.tolist()], np.int64)
    fold, turn = place % folds, place // folds
    unlabelled = np.isnan(table.age_low) & np.isnan(table.female)
    is_first = np.zeros(len(table), bool)
    is_first[np.unique(table.group, return_index=True)[1]] = True
    for number in range(folds):
        splits = np.full(len(table), TRAIN, f"U{max(map(len, (TRAIN, VALIDATION, TEST, UNUSED)))}")
        splits[(fold == (number + 1) % folds) & (turn % 2 == 0)] = VALIDATION
        splits[fold == number] = TEST
        splits[unlabelled] = TRAIN
        splits[(splits != TRAIN) & ~is_first] = UNUSED
        yield replace(table, split=splits)


def _units(table: Table) -> NDArray[np.int64]:
    """What must stay together: images of one photograph, and of one person in one data set."""
    named = np.flatnonzero(table.person != "")
    people = [f"{table.dataset[i]}\0{table.person[i]}" for i in named]
    ties = (_ties(np.arange(len(table)), table.group), _ties(named, np.array(people, np.str_)))
    firsts, seconds = (np.concatenate(sides) for sides in zip(*ties, strict=True))
    return group_pairs(len(table), firsts, seconds)


def _ties(
    places: NDArray[np.int64], names: NDArray[np.generic]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each place with the first one of the same name."""
    if not len(places):
        return places, places
    _, first, inverse = np.unique(names, return_index=True, return_inverse=True)
    return places[first[inverse]], places


def _rank(seed: int, table: Table, index: int) -> str:
    """As good as random, and always the same for one image and seed."""
    return hashlib.sha256(f"{seed}/{table.file[index]}".encode()).hexdigest()
