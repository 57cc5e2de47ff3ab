"""Divide images into training, validation and test: whole units, same mix everywhere, same for a seed.

A unit is what must not stand on two sides: all images of one person, and all that show one photograph.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from train.data.age_groups import middle_group_index
from train.data.table import SPLIT_TYPE, TEST, TRAIN, UNUSED, VALIDATION, Table
from train.data.units import rank, unit_ids

_STRONGEST_FIRST: Final = (TEST, VALIDATION, TRAIN)
_NO_AGE: Final = -1
"""As :func:`train.data.age_groups.age_group_index` says."""
_NO_GENDER: Final = -1.0
"""In place of NaN, which equals nothing."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """Images that stay together: their places, the first with a label in front."""

    members: tuple[int, ...]
    stratum: tuple[str, int, float]
    """Data set, age group and gender of the first."""
    rank: int
    """As good as random, and always the same for one image or person and seed."""
    has_person: bool

    @property
    def is_labelled(self) -> bool:
        return self.stratum[1:] != (_NO_AGE, _NO_GENDER)


def split_table(
    table: Table,
    *,
    test: float,
    validation: float,
    seed: int = 0,
    earlier: NDArray[np.str_] | None = None,
    is_test_closed: bool = False,
) -> Table:
    """Assign every image its split.

    Training keeps all images of its units; validation and test keep one of each photograph and mark the
    others "unused", so that nothing is measured twice. Fractions hold within each combination of data set,
    age group and gender. Images without any label are for training, as nothing can be measured on them.

    What the table's column says already is followed, and where that sets images of one unit apart, the
    smaller split keeps its own and the others are unused. ``earlier`` are the splits that images had before,
    empty for new ones: they keep them, and new images join their unit, unless ``is_test_closed``: then those
    are unused, and all other new ones are for training. A unit that was on two sides is decided anew.

    Who goes where follows from a hash of the file's name, or the person's, so that an image more or less
    moves hardly any other: what was training stays training when the same data are prepared again.
    """
    units = _units(table, seed)
    before = np.full(len(table), "", SPLIT_TYPE) if earlier is None else earlier.astype(SPLIT_TYPE)
    sides = _decided(units, table.split, before)
    if is_test_closed:
        sides |= {place: TRAIN for place in range(len(units)) if place not in sides}
    sides |= {i: TRAIN for i, unit in enumerate(units) if i not in sides and not unit.is_labelled}
    people = {i: unit for i, unit in enumerate(units) if unit.has_person}
    others = {i: unit for i, unit in enumerate(units) if not unit.has_person}
    sides = _split_images(others, sides, test, validation)
    sides = _split_people(people, sides, {TRAIN: 1 - test - validation, VALIDATION: validation, TEST: test})
    splits = np.full(len(table), UNUSED, SPLIT_TYPE)
    for place, unit in enumerate(units):
        splits[list(unit.members)] = sides[place]
    splits[(table.split != UNUSED) & (table.split != splits)] = UNUSED
    if is_test_closed:
        splits[(before == "") & (splits != TRAIN)] = UNUSED
    _measure_once(splits, table, before)
    return replace(table, split=splits)


def _units(table: Table, seed: int) -> list[_Unit]:
    """All units, in the order of their first images."""
    members: defaultdict[int, list[int]] = defaultdict(list)
    for place, first in enumerate(unit_ids(table).tolist()):
        members[first].append(place)
    age_groups, genders = (
        middle_group_index(table.age_low, table.age_high).tolist(),
        np.nan_to_num(table.female, nan=_NO_GENDER).tolist(),
    )

    def made(places: list[int]) -> _Unit:
        places.sort(key=lambda place: (age_groups[place], genders[place]) == (_NO_AGE, _NO_GENDER))
        first = places[0]
        person = next((str(table.person[place]) for place in places if table.person[place]), "")
        stratum = (str(table.dataset[first]), age_groups[first], genders[first])
        return _Unit(tuple(places), stratum, rank(seed, person or str(table.file[first])), bool(person))

    return [made(members[first]) for first in sorted(members)]


def _decided(units: list[_Unit], told: NDArray[np.str_], before: NDArray[np.str_]) -> dict[int, str]:
    """The splits of the units that labels or earlier splits decide, by their places."""
    sides: dict[int, str] = {}
    for place, unit in enumerate(units):
        members = list(unit.members)
        wanted = set(told[members].tolist()) - {UNUSED}
        known = set(before[members].tolist()) - {UNUSED, ""}
        if wanted:
            sides[place] = next(split for split in _STRONGEST_FIRST if split in wanted)
        elif len(known) == 1:
            sides[place] = known.pop()
    return sides


def _split_images(
    units: Mapping[int, _Unit], sides: Mapping[int, str], test: float, validation: float
) -> dict[int, str]:
    """``sides`` and those of the units that nobody has decided, stratum by stratum."""
    split = dict(sides)
    strata: defaultdict[tuple[str, int, float], list[int]] = defaultdict(list)
    for place, unit in units.items():
        if unit.is_labelled:
            strata[unit.stratum].append(place)
    for stratum in sorted(strata):
        members = sorted(strata[stratum], key=lambda place: units[place].rank)
        random = np.random.default_rng(units[members[0]].rank)
        wanted = {
            s: _round(len(members) * share, random) for s, share in ((TEST, test), (VALIDATION, validation))
        }
        have = Counter(split[place] for place in members if place in split)
        for place in members:
            if place not in split:
                split[place] = next((s for s in wanted if have[s] < wanted[s]), TRAIN)
                have[split[place]] += 1
    return split


def _split_people(
    people: Mapping[int, _Unit], sides: Mapping[int, str], shares: Mapping[str, float]
) -> dict[int, str]:
    """``sides`` and those of the people whom nobody has decided: each goes where most images are missing.

    People of one stratum follow one another, so that every split has some of each. Of few people, validation
    and test have one each, as long as one is left for training.
    """
    split = dict(sides)
    have: Counter[str] = Counter()
    for place, unit in people.items():
        if place in split:
            have[split[place]] += len(unit.members)
    new = sorted(people.keys() - split.keys(), key=lambda place: (people[place].stratum, people[place].rank))
    for place in new:
        images = have.total() + len(people[place].members)
        split[place] = max(shares, key=lambda s: shares[s] * images - have[s])
        have[split[place]] += len(people[place].members)
    for lacking in (TEST, VALIDATION):
        training = [place for place in new if split[place] == TRAIN]
        if shares[lacking] > 0 and lacking not in split.values() and list(split.values()).count(TRAIN) > 1:
            smallest = min(
                training, key=lambda place: (len(people[place].members), people[place].rank), default=None
            )
            if smallest is not None:
                split[smallest] = lacking
    return split


def _measure_once(splits: NDArray[np.str_], table: Table, before: NDArray[np.str_]) -> None:
    """Leave one image of each photograph in validation and test, the one that was there before if any.

    Images without a label are not measured at all.
    """
    measured = (splits == TEST) | (splits == VALIDATION)
    splits[measured & np.isnan(table.age_low) & np.isnan(table.female)] = UNUSED
    places = np.flatnonzero((splits == TEST) | (splits == VALIDATION))
    places = places[np.argsort(before[places] != splits[places], kind="stable")]
    _, first = np.unique(table.group[places], return_index=True)
    repeated = np.ones(len(places), bool)
    repeated[first] = False
    splits[places[repeated]] = UNUSED


def _round(expected: float, random: np.random.Generator) -> int:
    """Round up or down at random, right on average: small strata would otherwise never be tested."""
    return int(expected + random.random())
