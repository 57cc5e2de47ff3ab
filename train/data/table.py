"""The table of prepared images: labels, groups of duplicates and split, as columns."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from train.data.age_groups import middle_group_index, upper_bounds
from train.data.crops import CROPS_FILE, load_crops
from train.data.csv_file import write_csv
from train.data.duplicates import group_pairs, reconcile_ages, reconcile_gender
from train.data.labels import SPLITS
from train.data.pose import pose_and_size
from train.data.readers import Sample
from train.errors import DataError

TRAIN, VALIDATION, TEST = SPLITS
UNUSED: Final = "unused"
SPLIT_TYPE: Final = np.dtype(f"U{max(map(len, (*SPLITS, UNUSED)))}")
"""Room for each name, also where the longest is not among the first."""
TABLE_FILE: Final = "table.csv"
_OLD_NAMES: Final = {"split": "part"}
"""Of columns in tables that earlier releases wrote."""
_NUMBERS: Final = ("age_low", "age_high", "female", "yaw_deg", "pitch_deg", "face_px", "age_edge")
"""Columns that may be empty."""
_DIGITS: Final = 1
"""After the point, of angles and pixels."""


@dataclass(frozen=True, slots=True)
class Table:
    """One entry an image in every column, all of length ``n``.

    ``row`` is the row of the image in ``crops.npy``; ``age_low``/``age_high`` (years) and ``female`` (0 or 1)
    are float64 with NaN for "unknown"; ``group`` is shared by duplicates; ``split`` is one of
    "train", "validation", "test", "unused". ``yaw_deg``, ``pitch_deg`` and ``face_px`` are what
    :func:`train.data.pose.pose_and_size` says, NaN where it is unknown, as in tables of earlier releases.
    ``age_edge`` is the standard deviation in years of a range's ends, or of an exact age, where the label
    says one. ``person`` is a name that images of one person in one data set share, empty where it is unknown.
    """

    row: NDArray[np.int64]
    dataset: NDArray[np.str_]
    file: NDArray[np.str_]
    age_low: NDArray[np.float64]
    age_high: NDArray[np.float64]
    female: NDArray[np.float64]
    race: NDArray[np.str_]
    group: NDArray[np.int64]
    split: NDArray[np.str_]
    yaw_deg: NDArray[np.float64]
    pitch_deg: NDArray[np.float64]
    face_px: NDArray[np.float64]
    age_edge: NDArray[np.float64]
    person: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.row)

    @property
    def exact(self) -> NDArray[np.bool_]:
        """Where the age is a number of years and not a range."""
        return np.asarray(self.age_low == self.age_high)

    @property
    def at_most(self) -> NDArray[np.bool_]:
        """Where an upper bound is all that is known of an age: no group and no metric has a place for it."""
        return upper_bounds(self.age_low, self.age_high)

    def take(self, index: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """The same columns at a mask or at places."""
        return type(self)(*(getattr(self, field.name)[index] for field in fields(self)))

    def of_split(self, split: str) -> Self:
        """The images of one split, which may be none."""
        return self.take(self.split == split)

    def require_split(self, split: str, folder: Path) -> Self:
        """The images of one split of ``folder``. Raises :class:`DataError` when there are none."""
        images = self.of_split(split)
        if not len(images):
            raise DataError(f"{folder} has no images in its {split} split: prepare more images.")
        return images

    def label_group(self) -> NDArray[np.int64]:
        """Index of the age group of each label, of its middle for a range: ``(n,)``.

        -1 where the age is unknown, or only its bound known.
        """
        return np.where(self.at_most, -1, middle_group_index(self.age_low, self.age_high))

    def save(self, folder: Path) -> None:
        """Write ``table.csv``."""
        names = [field.name for field in fields(self)]
        rows = (
            ["" if isinstance(v, float) and np.isnan(v) else v for v in values]
            for values in zip(*(getattr(self, name) for name in names), strict=True)
        )
        write_csv(folder / TABLE_FILE, names, rows)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read ``table.csv`` of a prepared folder. Raises :class:`DataError` when there is none that fits."""
        path = folder / TABLE_FILE
        if not path.is_file():
            raise DataError(f"{folder} holds no prepared images: run `python -m train prepare` first.")
        try:
            with path.open(newline="", encoding="utf-8") as stream:
                table = cls._from_rows(list(csv.DictReader(stream)))
            table._check(folder)
        except (LookupError, OSError, OverflowError, TypeError, ValueError, csv.Error) as error:
            raise DataError(
                f"{path} is damaged ({error}): prepare the images again, into an empty folder."
            ) from error
        return table

    @classmethod
    def _from_rows(cls, rows: Sequence[Mapping[str, str]]) -> Self:
        """Raises :class:`LookupError`, :class:`TypeError` or :class:`ValueError` where it is none."""
        columns: dict[str, NDArray[Any]] = {}
        for field in fields(cls):
            name = field.name if not rows or field.name in rows[0] else _OLD_NAMES.get(field.name, "")
            texts = [row[name] if name else "" for row in rows]
            if field.name in ("row", "group"):
                columns[field.name] = np.array(texts, dtype=np.int64)
            elif field.name in _NUMBERS:
                columns[field.name] = np.array([float(text or "nan") for text in texts])
            else:
                columns[field.name] = np.array(texts, dtype=np.str_)
        return cls(**columns)

    def _check(self, folder: Path) -> None:
        """Raises :class:`ValueError` for labels that are none and rows that ``crops.npy`` does not have."""
        if not (np.isnan(self.female) | (self.female == 0) | (self.female == 1)).all():
            raise ValueError("a gender that is neither 0 nor 1")
        known = ~np.isnan(self.age_low)
        low, high = self.age_low[known], self.age_high[known]
        if np.isnan(self.age_high[~known]).sum() != (~known).sum() or not ((low >= 0) & (low <= high)).all():
            raise ValueError("a range of ages that is none")
        if not np.isfinite(high).all():
            raise ValueError("an age without end")
        if len(self) and (folder / CROPS_FILE).is_file():
            count = len(load_crops(folder))
            if self.row.min() < 0 or self.row.max() >= count:
                raise ValueError("a row of an image that is not there")


def build_table(
    samples: Sequence[Sample],
    rows: NDArray[np.int64],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    keypoints: NDArray[np.float32] | None = None,
) -> Table:
    """Table of ``samples``, labels of duplicates reconciled, not yet split.

    ``rows`` are their rows in ``crops.npy`` and in ``keypoints`` ``(m, 4, 2)``, without which pose and size
    are unknown; ``pairs`` are places of samples that show one photograph. ``split`` is what a sample asks
    for, else "unused".
    """

    def number(value: float | bool | None) -> float:
        return np.nan if value is None else float(value)

    low = np.array([number(sample.age_low) for sample in samples])
    high = np.array([number(sample.age_high) for sample in samples])
    female = np.array([number(sample.female) for sample in samples])
    group = group_pairs(len(samples), *pairs)
    edge = np.array([number(sample.age_edge) for sample in samples])
    for members in _members(group):
        edge[members] = np.nan  # of labels that are no longer those of the image
        low[members], high[members] = reconcile_ages(low[members], high[members])
        female[members] = reconcile_gender(female[members])
    of_faces = np.full((len(samples), 4, 2), np.nan, np.float32) if keypoints is None else keypoints[rows]
    yaw, pitch, width = (np.round(values, _DIGITS) for values in pose_and_size(of_faces))
    return Table(
        row=np.asarray(rows, dtype=np.int64),
        dataset=np.array([sample.dataset for sample in samples], dtype=np.str_),
        file=np.array([sample.file for sample in samples], dtype=np.str_),
        age_low=low,
        age_high=high,
        female=female,
        race=np.array([sample.race for sample in samples], dtype=np.str_),
        group=group,
        split=np.array([sample.split or UNUSED for sample in samples], dtype=SPLIT_TYPE),
        yaw_deg=yaw,
        pitch_deg=pitch,
        face_px=width,
        age_edge=edge,
        person=np.array([sample.person for sample in samples], dtype=np.str_),
    )


def _members(group: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Places of each group that has more than one member."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order])) + 1
    return [members for members in np.split(order, starts) if len(members) > 1]
