"""From folders and zips of labelled photographs to a prepared folder: crops, labels, split, contact sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agecam.opencv import cv2
from train.data import DataError, read_dataset
from train.duplicates import find_duplicates
from train.prepare import central, contact_sheet, load_crops, prepare_crops, usable_rows, write_skipped
from train.split import split_table
from train.table import Table, build_table

_SHOWN = 96


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of the photographs: those in use, pairs of duplicates, and how many are not used."""

    table: Table
    duplicates: int
    skipped: int


def prepare_pictures(
    sources: Sequence[Path],
    out: Path,
    *,
    test: float = 0.12,
    validation: float = 0.05,
    seed: int = 0,
    jobs: int = 1,
) -> Prepared:
    """Find and align faces, merge duplicates, split, and write all of it to ``out``.

    What an earlier, interrupted call has done is kept. Raises :class:`DataError` when a source cannot be
    read, when no face is found, and when ``out`` holds other pictures.
    """
    datasets = [read_dataset(source) for source in sources]
    samples, skipped = prepare_crops(datasets, out, jobs=jobs)
    write_skipped(out / "skipped.csv", skipped)
    crops, rows = load_crops(out), usable_rows(out)
    if not len(rows):
        raise DataError(f"No face was found in {', '.join(str(source) for source in sources)}.")
    pairs = find_duplicates(central(crops), rows)
    table = split_table(build_table(samples, rows, pairs), test=test, validation=validation, seed=seed)
    table.save(out)
    shown = np.random.default_rng(seed).permutation(len(table))[:_SHOWN]
    captions = [f"{table.age_low[i]:.0f}-{table.age_high[i]:.0f} f={table.female[i]:.0f}" for i in shown]
    cv2.imwrite(str(out / "sheet.png"), contact_sheet(central(crops[table.row[shown]]), captions))
    return Prepared(table, len(pairs[0]), len(skipped))
