"""From folders and zips of labelled images to a prepared folder: crops, labels, split, contact sheet.

A prepared folder holds ``crops.npy`` ``(n, 160, 160)`` uint8, ``keypoints.npy`` (of each face in its image,
see :mod:`train.data.keypoints`), ``status.npy`` (one byte an image, for resuming), ``images.csv`` and
``prepared.json`` (see :mod:`train.data.collection`), ``table.csv`` (one row an image in use),
``skipped.csv`` and ``sheet.png``. Preparing it again takes what has come, changed and gone since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from train.data.collection import SplitSettings, load_split_settings, save_split_settings
from train.data.config import TO_TRAINING, PrepareConfig
from train.data.crops import center_crop, load_crops
from train.data.describe import describe, write_statistics
from train.data.duplicates import find_duplicates, find_known, group_pairs
from train.data.keypoints import load_keypoints
from train.data.labels import LabelOptions
from train.data.make_crops import Crops, forget_removed, prepare_crops
from train.data.readers import Skipped, read_dataset
from train.data.sheet import write_sheet
from train.data.skipped import SKIPPED_FILE, counted, write_skipped
from train.data.split import split_table
from train.data.table import SPLIT_TYPE, TABLE_FILE, TEST, UNUSED, Table, build_table
from train.errors import DataError
from train.say import Say, silent

_ALREADY_THERE: Final = "shows a photograph that was there"
_FEW_PEOPLE: Final = (
    "All images are of one or two people: too few to keep each on one side of the split, which is made image "
    "by image. Errors then tell how well these people are known, and nothing of others."
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of the images: those in use, pairs of duplicates, and how many are not used."""

    table: Table
    duplicates: int
    skipped: int


def prepare(config: PrepareConfig, say: Say = silent, *, least_people: int = 0) -> Prepared:
    """Find and align faces, merge duplicates, split, and write all of it to ``config.out``.

    What earlier calls have done is kept: crops of images that are the same, and the split of all that are
    still there, unless ``config`` asks for another. ``say`` is told where labels are from, what has come and
    gone, and what is not used. Where all images are of fewer than ``least_people`` named people, there would
    be nobody for some split: they are split one by one, and ``say`` is told what that means.

    Raises :class:`DataError` when a source cannot be read, when no face is found, when the folder holds
    other images, and when the shares are more than the whole.
    """
    if config.test + config.validation > 1:
        raise DataError(
            f"--test {config.test:g} and --validation {config.validation:g} are more than all the images."
        )
    out = config.out
    options = LabelOptions.parse(config.genders, config.date_order)
    earlier = Table.load(out) if (out / TABLE_FILE).exists() else None
    crops = _crops(config.sources, out, options, config.jobs, say)
    if earlier is not None and config.added == TO_TRAINING:
        crops = _without_known(crops, out, earlier)
    table, duplicates = _table(crops, config.sources, out, say)
    settings = SplitSettings(config.seed, config.test, config.validation)
    before = None if earlier is None else _earlier_splits(table, earlier, settings, out, say)
    few = _are_few_people(table, least_people)
    if few:
        say(_FEW_PEOPLE)
    labelled = table
    table = split_table(
        _one_by_one(table) if few else table,
        test=config.test,
        validation=config.validation,
        seed=config.seed,
        earlier=before,
        is_test_closed=before is not None and config.added == TO_TRAINING,
    )
    table = replace(labelled, split=table.split)
    table.save(out)
    write_statistics(out, describe(table))
    save_split_settings(out, settings)
    forget_removed(out)
    write_sheet(out, table, config.seed)
    return Prepared(table, duplicates, len(crops.skipped))


def prepare_unsplit(
    source: Path, out: Path, say: Say = silent, *, options: LabelOptions | None = None, jobs: int = 1
) -> None:
    """Prepare a folder or zip without a split: the first of duplicates is "test", the others are unused.

    So are images without any label. Raises :class:`DataError` as :func:`prepare` does.
    """
    crops = _crops([source], out, options or LabelOptions(), jobs, say)
    table, _ = _table(crops, [source], out, say)
    splits = np.full(len(table), UNUSED, SPLIT_TYPE)
    _, first = np.unique(table.group, return_index=True)
    splits[first] = TEST
    splits[np.isnan(table.age_low) & np.isnan(table.female)] = UNUSED
    replace(table, split=splits).save(out)
    forget_removed(out)


def _crops(sources: Sequence[Path], out: Path, options: LabelOptions, jobs: int, say: Say) -> Crops:
    datasets = [read_dataset(source, options) for source in sources]
    for note in (note for dataset in datasets for note in dataset.notes):
        say(note)
    if not any(dataset.samples for dataset in datasets):
        skipped = [skip for dataset in datasets for skip in dataset.skipped]
        _tell_skipped(out, skipped, say)
        needed = "it needs labels.csv, a folder for each class, or names as in UTKFace"
        if any(dataset.notes for dataset in datasets):
            needed = f"{out / SKIPPED_FILE} says why"
        raise DataError(f"{_named(sources)} has no image with a label that can be used: {needed}.")
    crops = prepare_crops(datasets, out, jobs=jobs)
    if crops.growth is not None:
        growth = crops.growth
        say(
            f"Images: added {growth.added:,}, changed {growth.changed:,}, removed {growth.removed:,}, "
            f"kept {growth.kept:,}"
        )
    return crops


def _table(crops: Crops, sources: Sequence[Path], out: Path, say: Say) -> tuple[Table, int]:
    """The table before its split, and how many pairs of duplicates there are."""
    _tell_skipped(out, crops.skipped, say)
    if not crops.usable.any():
        raise DataError(f"No face was found in the images of {_named(sources)}.")
    samples = [sample for sample, usable in zip(crops.samples, crops.usable, strict=True) if usable]
    rows = crops.rows[crops.usable]
    pairs = find_duplicates(center_crop(load_crops(out)), rows)
    return build_table(samples, rows, pairs, load_keypoints(out)), len(pairs[0])


def _are_few_people(table: Table, least: int) -> bool:
    return bool((table.person != "").all()) and len(np.unique(table.person)) < least


def _one_by_one(table: Table) -> Table:
    """The same images without what joins them."""
    return replace(table, person=np.full_like(table.person, ""), group=np.arange(len(table)))


def _tell_skipped(out: Path, skipped: Sequence[Skipped], say: Say) -> None:
    write_skipped(out, skipped)
    if skipped:
        say(f"Not used, and listed in {out / SKIPPED_FILE}:")
    for line in counted(skipped):
        say(f"  {line}")


def _named(sources: Sequence[Path]) -> str:
    return ", ".join(map(str, sources))


def _earlier_splits(
    table: Table, earlier: Table, settings: SplitSettings, out: Path, say: Say
) -> NDArray[np.str_] | None:
    """The split that each image had, empty for new ones; ``None`` where all are to be split anew."""
    if (load_split_settings(out) or settings) != settings:
        say("Another --seed, --test or --validation than before: all images are split anew.")
        return None
    by_row = dict(zip(earlier.row.tolist(), earlier.split.tolist(), strict=True))
    names = zip(earlier.dataset.tolist(), earlier.file.tolist(), strict=True)
    by_name = dict(zip(names, earlier.split.tolist(), strict=True))
    columns = zip(table.row.tolist(), table.dataset.tolist(), table.file.tolist(), strict=True)
    splits = [by_row.get(row) or by_name.get((dataset, file), "") for row, dataset, file in columns]
    return np.array(splits, dtype=SPLIT_TYPE)


def _without_known(crops: Crops, out: Path, earlier: Table) -> Crops:
    """Leave out new images that may show a photograph of ``earlier``, and all that show the same as they."""
    places = np.flatnonzero(crops.usable & ~np.isin(crops.rows, earlier.row))
    images = center_crop(load_crops(out))
    known = find_known(images, crops.rows[places], images, earlier.row)
    group = group_pairs(len(places), *find_duplicates(images, crops.rows[places]))
    left_out = places[np.isin(group, group[known])]
    usable = crops.usable.copy()
    usable[left_out] = False
    skipped = (Skipped(crops.samples[i].dataset, crops.samples[i].file, _ALREADY_THERE) for i in left_out)
    return replace(crops, usable=usable, skipped=(*crops.skipped, *skipped))
