"""Folds for cross-validation: every labelled image is in the test of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from train.data.age_groups import middle_group_index
from train.data.table import SPLIT_TYPE, TEST, TRAIN, UNUSED, VALIDATION, Table
from train.data.units import rank, unit_ids


def fold_tables(table: Table, folds: int, seed: int) -> Iterator[Table]:
    """The images of a table with the splits of each fold in turn, whatever splits they had.

    A fold's test are its own images, its validation half of those of the next fold. Images of one person or
    photograph stay together, and each fold gets its share of each data set, age group and gender. Of
    duplicates the test and the validation keep the first; images without any label are for training.
    """
    unit = unit_ids(table)
    _, first = np.unique(unit, return_index=True)
    band = middle_group_index(table.age_low, table.age_high)
    order = sorted(
        first.tolist(),
        key=lambda i: (
            str(table.dataset[i]),
            int(band[i]),
            str(table.female[i]),
            rank(seed, str(table.file[i])),
        ),
    )
    place_of_unit = {int(unit[index]): place for place, index in enumerate(order)}
    place = np.array([place_of_unit[one] for one in unit.tolist()], np.int64)
    fold, turn = place % folds, place // folds
    unlabelled = np.isnan(table.age_low) & np.isnan(table.female)
    is_first = np.zeros(len(table), bool)
    is_first[np.unique(table.group, return_index=True)[1]] = True
    for number in range(folds):
        splits = np.full(len(table), TRAIN, SPLIT_TYPE)
        splits[(fold == (number + 1) % folds) & (turn % 2 == 0)] = VALIDATION
        splits[fold == number] = TEST
        splits[unlabelled] = TRAIN
        splits[(splits != TRAIN) & ~is_first] = UNUSED
        yield replace(table, split=splits)
