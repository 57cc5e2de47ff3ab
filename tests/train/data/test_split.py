"""No photograph stands on two sides of a split, and all splits have the same mix."""

import numpy as np
import pytest

from train.data.readers import Sample
from train.data.split import split_table
from train.data.table import TEST, TRAIN, UNUSED, VALIDATION, Table, build_table


def many_samples(count: int = 600) -> list[Sample]:
    random = np.random.default_rng(3)
    return [
        Sample("set", f"{i}.jpg", age, age, bool(random.random() < 0.5))
        for i, age in enumerate(random.integers(0, 90, count).astype(float).tolist())
    ]


def table_with_pairs(count: int = 600, pairs: int = 100) -> Table:
    firsts = np.arange(pairs) * 2
    return build_table(many_samples(count), np.arange(count), (firsts, firsts + 1))


def test_no_group_stands_on_two_sides_and_none_is_measured_twice() -> None:
    table = split_table(table_with_pairs(), test=0.2, validation=0.2)
    for group in np.unique(table.group):
        splits = table.split[table.group == group].tolist()
        assert len(set(splits) - {UNUSED}) == 1
        if len(splits) > 1:
            assert splits == [TRAIN, TRAIN] or splits.count(UNUSED) == len(splits) - 1
    assert (table.split == UNUSED).any()


def test_split_is_the_same_for_a_seed_and_another_for_another() -> None:
    table = table_with_pairs()
    first, again, other = (
        split_table(table, test=0.2, validation=0.2, seed=seed).split for seed in (0, 0, 1)
    )
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_every_split_has_the_same_mix_of_ages_and_genders() -> None:
    table = split_table(table_with_pairs(6000, 0), test=0.2, validation=0.1)
    assert np.mean(table.split == TEST) == pytest.approx(0.2, abs=0.01)
    assert np.mean(table.split == VALIDATION) == pytest.approx(0.1, abs=0.01)
    for split in (TRAIN, VALIDATION, TEST):
        chosen = table.of_split(split)
        assert chosen.female.mean() == pytest.approx(table.female.mean(), abs=0.02)
        assert chosen.age_low.mean() == pytest.approx(table.age_low.mean(), abs=1)


def test_images_without_any_label_are_for_training() -> None:
    unlabelled = [Sample("set", f"u{i}.jpg", None, None, None) for i in range(50)]
    half = [Sample("set", f"h{i}.jpg", None, None, True) for i in range(50)]
    table = build_table([*unlabelled, *half], np.arange(100), (np.array([0]), np.array([1])))
    split = split_table(table, test=0.5, validation=0.5).split
    assert (split[:50] == TRAIN).all()
    assert set(split[50:].tolist()) == {TEST, VALIDATION}
