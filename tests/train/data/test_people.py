"""Nobody stands on two sides of a split, and what labels and earlier splits say is followed."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.train.samples import NO_PAIRS, table_of_samples
from train.data.readers import Sample
from train.data.split import split_table
from train.data.table import SPLIT_TYPE, TEST, TRAIN, UNUSED, VALIDATION, Table, build_table


def frames(person: str, count: int, age: float = 30, split: str = "") -> list[Sample]:
    return [
        Sample("set", f"{person}{i}.jpg", age, age, True, person=person, split=split) for i in range(count)
    ]


def splits_of_people(table: Table) -> dict[str, set[str]]:
    sides: defaultdict[str, set[str]] = defaultdict(set)
    for person, split in zip(table.person.tolist(), table.split.tolist(), strict=True):
        if person:
            sides[person].add(split)
    return dict(sides)


def splits_of(table: Table) -> dict[str, str]:
    return dict(zip(table.file.tolist(), table.split.tolist(), strict=True))


def earlier(table: Table, count: int) -> NDArray[np.str_]:
    """The splits of a table, and ``count`` new images behind."""
    return np.concatenate([table.split, np.full(count, "", SPLIT_TYPE)])


@pytest.mark.parametrize("seed", range(5))
def test_three_people_with_many_frames_each_have_a_side_each(seed: int) -> None:
    table = table_of_samples([*frames("anna", 200), *frames("bob", 150, 50), *frames("carl", 180, 70)])
    sides = splits_of_people(split_table(table, test=0.12, validation=0.05, seed=seed))
    assert all(len(splits) == 1 for splits in sides.values())
    assert set.union(*sides.values()) == {TRAIN, VALIDATION, TEST}


def test_many_people_are_split_by_their_images_with_the_same_mix() -> None:
    random = np.random.default_rng(0)
    people = [
        frames(f"p{n}-", int(random.integers(1, 40)), float(age))
        for n, age in enumerate(random.integers(5, 80, 300))
    ]
    table = split_table(table_of_samples(frame for one in people for frame in one), test=0.2, validation=0.1)
    assert all(len(splits) == 1 for splits in splits_of_people(table).values())
    assert np.mean(table.split == TEST) == pytest.approx(0.2, abs=0.02)
    assert np.mean(table.split == VALIDATION) == pytest.approx(0.1, abs=0.02)
    for split in (TRAIN, VALIDATION, TEST):
        assert table.of_split(split).age_low.mean() == pytest.approx(table.age_low.mean(), abs=2)


def test_a_photograph_of_two_names_joins_them_and_names_are_of_a_data_set() -> None:
    samples = [*frames("anna", 40), *frames("ann", 40), Sample("other", "1.jpg", 30, 30, True, person="anna")]
    for seed in range(5):
        table = split_table(
            build_table(samples, np.arange(81), (np.array([0]), np.array([40]))),
            test=0.4,
            validation=0,
            seed=seed,
        )
        assert len(set(table.split[:80].tolist()) - {UNUSED}) == 1
        assert table.split[80] != table.split[0]


def test_two_people_leave_nobody_for_validation() -> None:
    table = split_table(
        table_of_samples([*frames("anna", 50), *frames("bob", 50)]), test=0.25, validation=0.15
    )
    assert Counter(table.split.tolist()) == {TRAIN: 50, TEST: 50}


def test_people_without_labels_are_measured_nowhere() -> None:
    unlabelled = [Sample("set", f"u{i}.jpg", None, None, None, person="anna") for i in range(5)]
    nobody = [Sample("set", f"n{i}.jpg", None, None, None, person="dora") for i in range(5)]
    table = split_table(
        table_of_samples([*unlabelled, *frames("anna", 5, split=TEST), *nobody]), test=0.5, validation=0.2
    )
    assert table.split.tolist() == [UNUSED] * 5 + [TEST] * 5 + [TRAIN] * 5


def test_the_split_that_labels_ask_for_is_followed() -> None:
    samples = [
        Sample("set", f"{i}.jpg", 30, 30, True, split=split)
        for i, split in enumerate([TEST, TRAIN, VALIDATION, TRAIN] * 10)
    ]
    table = split_table(table_of_samples(samples), test=0.9, validation=0.0)
    assert table.split.tolist() == [sample.split for sample in samples]


def test_labels_that_set_one_person_or_photograph_apart_leak_nothing() -> None:
    samples = [
        *(*frames("anna", 6, split=TRAIN), *frames("anna", 2, split=TEST)),
        Sample("set", "copy.jpg", 30, 30, True, split=TRAIN),
        Sample("set", "original.jpg", 30, 30, True, split=VALIDATION),
    ]
    pairs = (np.array([8]), np.array([9]))
    table = split_table(build_table(samples, np.arange(10), pairs), test=0.1, validation=0.1)
    assert table.split.tolist() == [UNUSED] * 6 + [TEST] * 2 + [UNUSED, VALIDATION]


def test_images_keep_their_split_when_others_come_and_go() -> None:
    samples = [Sample("set", f"{i}.jpg", 20 + i % 50, 20 + i % 50, i % 2 == 0) for i in range(400)]
    first = split_table(table_of_samples(samples), test=0.2, validation=0.1)
    new = [Sample("set", f"new{i}.jpg", 20 + i % 50, 20 + i % 50, True) for i in range(100)]
    grown = table_of_samples([*samples[50:], *new])
    second = split_table(
        grown, test=0.2, validation=0.1, earlier=earlier(first.take(np.arange(50, 400)), 100)
    )
    assert second.split[:350].tolist() == first.split[50:].tolist()
    assert np.mean(second.split == TEST) == pytest.approx(0.2, abs=0.03)
    assert (second.split[350:] == TEST).any()


def test_a_new_image_goes_where_its_person_is_and_a_copy_where_its_original_is() -> None:
    samples = [*frames("anna", 20), *frames("bob", 20), *frames("carl", 20)]
    first = split_table(table_of_samples(samples), test=0.3, validation=0.3)
    new = [
        Sample("set", f"0{n}.jpg", 30, 30, True, person=name)
        for n, name in enumerate(("anna", "bob", "carl"))
    ]
    copy = Sample("set", "00.jpg", 30, 30, True)
    tested = int(np.flatnonzero(first.split == TEST)[0])
    # Before its original, as its name may be: what was measured still is.
    grown = build_table([copy, *samples, *new], np.arange(64), (np.array([0]), np.array([tested + 1])))
    second = split_table(
        grown, test=0.3, validation=0.3, earlier=np.concatenate([[""], earlier(first, 3)]).astype(SPLIT_TYPE)
    )
    assert second.split[1:61].tolist() == first.split.tolist()
    assert second.split[61:].tolist() == [first.split[0], first.split[20], first.split[40]]
    assert second.split[0] == UNUSED


def test_people_who_were_on_two_sides_are_decided_anew() -> None:
    nameless = [Sample("set", f"{i}.jpg", 30, 30, True) for i in range(90)]
    first = split_table(table_of_samples(nameless), test=0.3, validation=0.3)
    named = [Sample("set", f"{i}.jpg", 30, 30, True, person="abc"[i // 30]) for i in range(90)]
    second = split_table(table_of_samples(named), test=0.3, validation=0.3, earlier=first.split)
    assert [len(sides) for sides in splits_of_people(second).values()] == [1, 1, 1]
    assert set(second.split.tolist()) == {TRAIN, VALIDATION, TEST}


def test_new_images_may_all_be_for_training() -> None:
    samples = [*frames("anna", 20), *frames("bob", 20), *frames("carl", 20)]
    first = split_table(table_of_samples(samples), test=0.3, validation=0.3)
    side = {name: str(first.split[place]) for name, place in (("anna", 0), ("bob", 20), ("carl", 40))}
    new = [*(Sample("set", f"0{name}.jpg", 30, 30, True, person=name) for name in side), *frames("dora", 9)]
    second = split_table(
        build_table([*samples, *new], np.arange(72), NO_PAIRS),
        test=0.3,
        validation=0.3,
        earlier=earlier(first, 12),
        is_test_closed=True,
    )
    assert second.split[:60].tolist() == first.split.tolist()
    of_new = splits_of(second)
    assert [of_new[f"0{name}.jpg"] for name in side] == [s if s == TRAIN else UNUSED for s in side.values()]
    assert second.split[63:].tolist() == [TRAIN] * 9
