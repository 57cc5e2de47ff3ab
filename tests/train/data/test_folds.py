"""Folds test every labelled image once, and keep people and photographs together."""

from dataclasses import replace

import numpy as np
import pytest

from tests.train.samples import table_of_samples
from train.data.folds import fold_tables
from train.data.readers import Sample
from train.data.table import TEST, TRAIN, UNUSED, VALIDATION, Table


@pytest.fixture
def table() -> Table:
    """120 images of 40 people, some photographs twice, the last ten without any label."""
    samples = [
        Sample("set", f"{i}.jpg", age, age, None if age is None else i % 3 == 0, person=f"p{i // 3}")
        for i, age in enumerate([*(20.0 + np.arange(110) % 50).tolist(), *[None] * 10])
    ]
    table = table_of_samples(samples)
    group = np.arange(120)
    group[[1, 31, 61]] = group[[0, 30, 60]]
    return replace(table, group=group)


@pytest.mark.parametrize("folds", [2, 5])
def test_every_labelled_image_is_tested_once(table: Table, folds: int) -> None:
    splits = np.array([fold.split for fold in fold_tables(table, folds, 0)])
    assert splits.shape == (folds, 120)
    tested = (splits == TEST).sum(axis=0)
    assert tested[:110].sum() == 110 - 3, "of duplicates the first"
    assert tested.max() == 1
    assert tested[[1, 31, 61]].sum() == 0
    assert (splits[:, 110:] == TRAIN).all(), "what has no label cannot be tested"
    for fold in splits:
        assert abs((fold == TEST).sum() - 107 / folds) <= 8
        assert (fold == VALIDATION).sum() >= 5
        assert (fold == TRAIN).sum() >= 30


def test_people_and_photographs_are_on_one_side(table: Table) -> None:
    for fold in fold_tables(table, 4, 0):
        labelled = fold.take(np.arange(110))
        for names in (labelled.person, labelled.group):
            for name in np.unique(names):
                assert len(set(labelled.split[names == name].tolist()) - {UNUSED}) <= 1


def test_folds_are_alike_and_follow_the_seed(table: Table) -> None:
    splits = [[fold.split.tolist() for fold in fold_tables(table, 3, seed)] for seed in (0, 0, 1)]
    assert splits[0] == splits[1] != splits[2]
    unnamed = replace(table, person=np.full(120, ""))
    females = [np.nansum(fold.of_split(TEST).female) for fold in fold_tables(unnamed, 3, 0)]
    assert max(females) - min(females) <= 2, "each has its share of both genders"
