"""Add prepared images to a prepared folder: its own stay as they are, the new ones are all for training.

What :mod:`train.data.prepare` has made of two sets of images becomes one folder that training reads as
any other. No face is detected again, and no image of the first set moves to another row or split, so that
metrics before and after are of the same images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.files import atomic_write
from train.data.arrays import create_array
from train.data.config import ExtendConfig
from train.data.crops import CROPS_FILE, center_crop, load_crops
from train.data.duplicates import find_known
from train.data.keypoints import KEYPOINTS_FILE, KEYPOINTS_SHAPE, load_keypoints
from train.data.table import TABLE_FILE, TRAIN, Table
from train.errors import DataError

_COPIED_ROWS: Final = 4096
"""In memory at a time."""


@dataclass(frozen=True, slots=True)
class Extended:
    """The table of all images, and of each added data set how many were duplicates and left out."""

    table: Table
    added: Mapping[str, int]
    duplicates: Mapping[str, int]


def extend(config: ExtendConfig) -> Extended:
    """Write the images of ``config.base`` and, behind them, those of ``config.more`` to ``config.out``.

    A new image that shows a photograph of ``base``, whatever its split, is left out, and so are all that
    show the same photograph as it. Raises :class:`DataError` where a folder holds nothing prepared, and where
    ``out`` holds something already.
    """
    if (config.out / TABLE_FILE).exists() or (config.out / CROPS_FILE).exists():
        raise DataError(f"{config.out} holds prepared images already: give another folder.")
    base, more = Table.load(config.base), Table.load(config.more)
    base_crops, more_crops = load_crops(config.base), load_crops(config.more)
    known = find_known(center_crop(more_crops), more.row, center_crop(base_crops), base.row)
    known = np.isin(more.group, more.group[known])
    new = more.take(~known)
    config.out.mkdir(parents=True, exist_ok=True)
    _append(config.out / CROPS_FILE, base_crops, more_crops, new.row)
    _append(
        config.out / KEYPOINTS_FILE,
        _keypoints(config.base, len(base_crops)),
        _keypoints(config.more, len(more_crops)),
        new.row,
    )
    table = _joined(base, new, len(base_crops))
    table.save(config.out)
    return Extended(table, _counts(new.dataset), _counts(more.dataset[known]))


def _joined(base: Table, new: Table, first_row: int) -> Table:
    """Both tables, the new rows from ``first_row`` on, groups with names that ``base`` does not use."""
    first_group = int(base.group.max()) + 1 if len(base) else 0
    new = replace(
        new,
        row=first_row + np.arange(len(new)),
        group=first_group + np.unique(new.group, return_inverse=True)[1],
        split=np.full(len(new), TRAIN),
    )
    columns = (
        np.concatenate([getattr(base, field.name), getattr(new, field.name)]) for field in fields(Table)
    )
    return Table(*columns)


def _append(
    path: Path, base: NDArray[np.generic], more: NDArray[np.generic], rows: NDArray[np.int64]
) -> None:
    """Write ``base`` and ``more[rows]`` as one array, piece by piece: crops are larger than memory may be."""
    shape = (len(base) + len(rows), *base.shape[1:])
    with atomic_write(path) as partial:
        create_array(partial, base.dtype, shape)
        joined = np.lib.format.open_memmap(partial, mode="r+")
        for start in range(0, len(base), _COPIED_ROWS):
            joined[start : min(start + _COPIED_ROWS, len(base))] = base[start : start + _COPIED_ROWS]
        for start in range(0, len(rows), _COPIED_ROWS):
            copied = more[rows[start : start + _COPIED_ROWS]]
            joined[len(base) + start : len(base) + start + len(copied)] = copied
        joined.flush()


def _keypoints(folder: Path, images: int) -> NDArray[np.float32]:
    """Keypoints of all rows, NaN in folders that earlier releases prepared without."""
    try:
        return load_keypoints(folder)
    except OSError:
        return np.full((images, *KEYPOINTS_SHAPE), np.nan, np.float32)


def _counts(datasets: NDArray[np.str_]) -> dict[str, int]:
    names, counts = np.unique(datasets, return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))
