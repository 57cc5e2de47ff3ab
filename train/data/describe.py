"""What prepared images are, told before anything is trained: counts, duplicates, leaks, and what to mind.

``prepare`` writes it to ``statistics.json`` and ``statistics.png`` in the prepared folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.files import write_atomically
from train.data.age_groups import AGE_GROUP_NAMES
from train.data.labels import SPLITS
from train.data.table import TEST, TRAIN, UNUSED, VALIDATION, Table
from train.plotting import BLUE, GRAY, ORANGE, save_png

STATISTICS_FILE: Final = "statistics.json"
PLOT_FILE: Final = "statistics.png"

FEW_IMAGES: Final = 1000
"""Fewer are not enough to train a network from nothing: 741 reach an error of 13 years, and 4.2 from the
models that ship. Of fewer, one test split is also too small to compare models by."""
_SMALL_VALIDATION: Final = 50
"""Images. The mean error of so many has a standard error of 0.7 years, where errors scatter by 5; epochs
differ by less."""
_FEW_PEOPLE: Final = 20
"""Of fewer people a network learns who they are: a quarter of them, in the test, are five."""
_NO_AGE: Final = "no age"
_NO_GENDER: Final = "no gender"

Counts = Mapping[str, Mapping[str, int]]
"""Images by name of a group, then by split."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of a prepared folder; images that are in no split count as such alone.

    ``people`` are those that labels name, by split, ``images_of_people`` their images; ``duplicates`` images
    that show a photograph another one shows too; ``leaks`` how many photographs and people are in more than
    one split; ``unlabelled`` images have neither age nor gender; ``warnings`` are sentences.
    """

    images: Mapping[str, int]
    ages: Counts
    genders: Counts
    datasets: Counts
    people: Mapping[str, int]
    images_of_people: int
    duplicates: int
    leaks: Mapping[str, int]
    unlabelled: int
    warnings: tuple[str, ...]


def describe(table: Table) -> Statistics:
    """Count the images of a table that has been split."""
    bands = table.label_group()
    ages = {name: bands == index for index, name in enumerate(AGE_GROUP_NAMES)} | {_NO_AGE: bands < 0}
    genders = {
        "female": table.female == 1,
        "male": table.female == 0,
        _NO_GENDER: np.isnan(table.female),
    }
    named = table.take(table.person != "")
    people = np.array([f"{one}\0{person}" for one, person in zip(named.dataset, named.person, strict=True)])
    _, sizes = np.unique(table.group, return_counts=True)
    statistics = Statistics(
        images={split: int((table.split == split).sum()) for split in (*SPLITS, UNUSED)},
        ages=_counts(table, ages),
        genders=_counts(table, genders),
        datasets=_counts(table, {str(name): table.dataset == name for name in np.unique(table.dataset)}),
        people={split: len(np.unique(people[named.split == split])) for split in SPLITS}
        | {"all": len(set(people))},
        images_of_people=len(named),
        duplicates=int(sizes[sizes > 1].sum()),
        leaks={
            "photographs": _in_several_splits(table.group, table.split),
            "people": _in_several_splits(people, named.split),
        },
        unlabelled=int((np.isnan(table.age_low) & np.isnan(table.female)).sum()),
        warnings=(),
    )
    return replace(statistics, warnings=tuple(_warnings(statistics)))


def write_statistics(folder: Path, statistics: Statistics) -> None:
    """Write ``statistics.json`` and ``statistics.png``."""
    write_atomically(folder / STATISTICS_FILE, json.dumps(asdict(statistics), indent=1))
    kinds = {"age (years)": statistics.ages, "": statistics.genders, "set": statistics.datasets}

    def draw(figure: Any) -> None:
        grid = figure.subplots(1, 3, width_ratios=(9, 3, max(2, min(6, len(statistics.datasets)))))
        for axes, (title, counts) in zip(grid, kinds.items(), strict=True):
            names = list(counts)
            below = np.zeros(len(names))
            for split, colour in zip(SPLITS, (BLUE, ORANGE, GRAY), strict=True):
                values = [counts[name].get(split, 0) for name in names]
                axes.bar(names, values, bottom=below, color=colour, width=0.75, label=split)
                below += values
            axes.bar_label(axes.containers[-1], [f"{total:,.0f}" for total in below], fontsize=8)
            axes.set(xlabel=title)
            axes.tick_params(axis="x", rotation=45)
        grid[0].set_ylabel("images")
        grid[0].legend()

    save_png(folder / PLOT_FILE, (11, 3.6), draw)


def _counts(table: Table, masks: Mapping[str, NDArray[np.bool_]]) -> Counts:
    """Images of each group by split; groups of none are left out."""
    return {
        name: {split: int((mask & (table.split == split)).sum()) for split in SPLITS}
        for name, mask in masks.items()
        if mask.any()
    }


def _in_several_splits(names: NDArray[Any], splits: NDArray[np.str_]) -> int:
    """How many of ``names`` are in more than one of the splits that are used."""
    used = splits != UNUSED
    pairs = {(name, str(split)) for name, split in zip(names[used].tolist(), splits[used], strict=True)}
    seen = [name for name, _ in pairs]
    return len(seen) - len(set(seen))


def _warnings(statistics: Statistics) -> Iterator[str]:
    """What is wrong with the images, or too little of them, one sentence each."""
    total = sum(statistics.images[split] for split in SPLITS)
    if not statistics.images[TRAIN]:
        yield "The training split is empty: nothing can be learnt."
    if not statistics.images[TEST]:
        yield "The test split is empty: nothing will tell how good a model is."
    if not statistics.images[VALIDATION]:
        yield "The validation split is empty: no epoch can be chosen."
    elif statistics.images[VALIDATION] < _SMALL_VALIDATION:
        yield (
            f"The validation split has {_images(statistics.images[VALIDATION])}: too few to choose an epoch "
            "by; give more images, or a larger --validation."
        )
    yield from _one_class(statistics.ages, _NO_AGE, "ages", "age group")
    yield from _one_class(statistics.genders, _NO_GENDER, "genders", "gender")
    if statistics.unlabelled == 1:
        yield "1 image has no label at all: only a --teacher can make use of it."
    elif statistics.unlabelled:
        yield f"{statistics.unlabelled:,} images have no label at all: only a --teacher can make use of them."
    if 0 < statistics.people["all"] < _FEW_PEOPLE:
        yield (
            f"There are {statistics.people['all']} people: a model may learn who they are, and the test "
            "tells little of others."
        )
    for what, count in statistics.leaks.items():
        if count:
            yield f"{count} {what} are in more than one split: metrics on the test will be too good."
    if 0 < total < FEW_IMAGES:
        yield (
            f"{total} images are few: go on from the models that AgeCam came with (`python -m train all`, "
            "`fine-tune`), and measure by `python -m train cross-validate`."
        )


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def _one_class(counts: Counts, unknown: str, plural: str, singular: str) -> Iterator[str]:
    known = {name: splits for name, splits in counts.items() if name != unknown}
    if not known:
        yield f"No image has a label for {plural}: that model cannot be trained."
    elif len(known) == 1:
        yield f"All labels are of one {singular}, {next(iter(known))}: there is nothing to tell apart."
    else:
        for split in (TRAIN, TEST):
            present = [name for name, splits in known.items() if splits[split]]
            if len(present) == 1:
                yield f"The {split} split has labels of one {singular} alone, {present[0]}."
