"""Read labelled face images from a folder or a zip, in either of two layouts.

- **Names as in UTKFace**: ``age_gender_race_date.jpg`` (gender 0 male, 1 female; Zhang, Song, Qi, "Age
  Progression/Regression by Conditional Adversarial Autoencoder", CVPR 2017).
- **A table** ``labels.csv`` with the columns ``file,age,gender`` and, if known, ``race`` and ``person``. Age
  is a number of years, a range such as ``30-39`` or ``70+``, a bound (``<=60``, ``>=45``), or empty, and what
  is not quite certain has a standard deviation in years behind it (``45-52~3``); gender is ``male``,
  ``female`` or empty. An image without either is for distillation, where teachers alone label it. ``person``
  is any name that the images of one person share.

Entries that cannot be used are skipped, counted and listed: a data set of this size always has some.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from train.data.stores import dataset_name, open_store
from train.errors import DataError

OLDEST: Final = 120
"""Years; labels above are mistakes."""

IMAGE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
_UTKFACE_RACES: Final = ("White", "Black", "Asian", "Indian", "Other")
_UTKFACE_NAME: Final = re.compile(r"(\d{1,3})_([01])_([0-4])_\d+\.")
_RANGE: Final = re.compile(r"(\d+)\s*-\s*(\d+)")
_OPEN_RANGE: Final = re.compile(r"(\d+)\s*\+|>=\s*(\d+)")
_UPPER_BOUND: Final = re.compile(r"<=\s*(\d+)")


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled image.

    ``age_low..age_high`` is the inclusive range of ages in years, both the same where the age is exact, both
    ``None`` where it is unknown; ``age_edge`` is the standard deviation in years of its ends, where the label
    says one. ``person`` is unique within the data set, empty where it is unknown. ``file`` is the path within
    the data set, with forward slashes.
    """

    dataset: str
    file: str
    age_low: float | None
    age_high: float | None
    female: bool | None
    race: str = ""
    age_edge: float | None = None
    person: str = ""

    @property
    def age(self) -> float | None:
        """The age in years, or ``None`` where only a range or nothing is known."""
        return self.age_low if self.age_low == self.age_high else None


@dataclass(frozen=True, slots=True)
class Skipped:
    """An image that is not used, and why."""

    dataset: str
    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """All usable samples of one folder or zip in the order of their names, and what was skipped."""

    name: str
    path: Path
    samples: tuple[Sample, ...]
    skipped: tuple[Skipped, ...]


def read_dataset(path: Path) -> Dataset:
    """Read the labels of all images of a folder or zip; the images themselves are not opened.

    Raises :class:`DataError` when there is no usable image in it.
    """
    store = open_store(path)
    names = store.names()
    name = dataset_name(path)
    table = next((n for n in names if PurePosixPath(n).name == "labels.csv"), None)
    if table is None:
        samples, skipped = _read_names(name, names)
    else:
        samples, skipped = _read_table(name, table, store.read(table), names)
    if not samples:
        raise DataError(f"{path} has no labelled image: it needs labels.csv or names as in UTKFace.")
    return Dataset(name, path, tuple(samples), tuple(skipped))


def _read_names(dataset: str, names: list[str]) -> tuple[list[Sample], list[Skipped]]:
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    for name in names:
        path = PurePosixPath(name)
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        match = _UTKFACE_NAME.match(path.name)
        if match is None:
            skipped.append(Skipped(dataset, name, "name is not age_gender_race_date"))
        elif (age := float(match[1])) > OLDEST:
            skipped.append(Skipped(dataset, name, f"age {age:.0f} is above {OLDEST}"))
        else:
            race = _UTKFACE_RACES[int(match[3])]
            samples.append(Sample(dataset, name, age, age, match[2] == "1", race))
    return samples, skipped


def _read_table(
    dataset: str, table: str, content: bytes, names: list[str]
) -> tuple[list[Sample], list[Skipped]]:
    text = io.StringIO(content.decode("utf-8-sig", errors="replace"), newline="")
    try:
        reader = csv.DictReader(text)
        missing = {"file", "age", "gender"} - set(reader.fieldnames or ())
        rows = [] if missing else list(reader)
    except csv.Error as error:
        raise DataError(f"{table} is not a table that can be read ({error}).") from error
    if missing:
        raise DataError(f"{table} lacks the column {', '.join(sorted(missing))}.")
    folder = PurePosixPath(table).parent
    present = set(names)
    seen: set[str] = set()
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    for row in rows:
        name = (folder / (row["file"] or "").strip()).as_posix()
        try:
            if name not in present:
                raise ValueError("there is no such file")
            if name in seen:
                raise ValueError("listed twice")
            samples.append(_read_row(dataset, name, row))
        except ValueError as error:
            skipped.append(Skipped(dataset, name, str(error)))
        else:
            seen.add(name)
    return sorted(samples, key=lambda sample: sample.file), skipped


def _read_row(dataset: str, name: str, row: dict[str, str]) -> Sample:
    """Raises :class:`ValueError` with what is wrong."""
    age, uncertain, deviation = (row["age"] or "").partition("~")
    low, high = parse_age(age)
    edge = _parse_deviation(deviation) if uncertain else None
    female = parse_gender(row["gender"] or "")
    race, person = ((row.get(column) or "").strip() for column in ("race", "person"))
    return Sample(dataset, name, low, high, female, race, edge, person)


def _parse_deviation(text: str) -> float:
    try:
        deviation = float(text)
    except ValueError:
        deviation = -1.0
    if not 0 < deviation <= OLDEST:
        raise ValueError(f"{text.strip()!r} behind ~ is no number of years")
    return deviation


def parse_age(text: str) -> tuple[float | None, float | None]:
    """Lowest and highest age meant by ``23``, ``20-29``, ``70+``, ``<=60`` or an empty text, in years.

    Raises :class:`ValueError` when it is none of these or not an age.
    """
    text = text.strip()
    if not text:
        return None, None
    if match := _RANGE.fullmatch(text):
        low, high = float(match[1]), float(match[2])
    elif match := _OPEN_RANGE.fullmatch(text):
        low, high = float(match[1] or match[2]), 100.0
    elif match := _UPPER_BOUND.fullmatch(text):
        low, high = 0.0, float(match[1])
    else:
        try:
            low = high = float(text)
        except ValueError:
            raise ValueError(f"age {text!r} is neither a number nor a range") from None
    if not 0 <= low <= high <= OLDEST:
        raise ValueError(f"age {text!r} is not between 0 and {OLDEST}")
    return low, high


def parse_gender(text: str) -> bool | None:
    """Whether ``female`` (``f``) or ``male`` (``m``) is written; ``None`` for an empty text.

    Raises :class:`ValueError` for anything else.
    """
    text = text.strip().lower()
    if text not in {"", "f", "m", "female", "male"}:
        raise ValueError(f"gender {text!r} is neither male nor female")
    return text.startswith("f") if text else None
