"""Read the labels of the face images in a folder or a zip.

An image has its labels from the first of these that says something of it:

- **A table** in its folder or one above, the nearest: ``labels.csv`` (or ``.tsv``, ``.txt``), or any other
  ``.csv`` or ``.tsv`` whose columns name files and labels; see :mod:`train.data.label_table`.
- **Its name**, as in UTKFace: ``age_gender_race_date.jpg`` (gender 0 male, 1 female; Zhang, Song, Qi, "Age
  Progression/Regression by Conditional Adversarial Autoencoder", CVPR 2017).
- **The folders** it is in, one a class: ``female/``, ``20-29/``, ``25/``, nested or not, below ``train/``,
  ``validation/`` and ``test/`` or not; as torchvision's ``ImageFolder`` and Keras's
  ``image_dataset_from_directory`` have it.

An image of a table without age and gender is for distillation, where teachers alone label it. What cannot be
used, rows and images, is listed with its reason: a data set of some size always has some.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from train.data.dates import Period, exif_date
from train.data.file_names import FileNames, is_image, is_raw, is_spreadsheet
from train.data.label_table import LabelTable, meanings, read_table, row_labels
from train.data.labels import OLDEST, LabelOptions, Labels, folder_labels
from train.data.stores import ImageStore, dataset_name, open_store
from train.errors import DataError

_UTKFACE_RACES: Final = ("White", "Black", "Asian", "Indian", "Other")
_UTKFACE_NAME: Final = re.compile(r"(\d{1,3})_([01])_([0-4])_\d+\.")
_TABLE_SUFFIXES: Final = frozenset({".csv", ".tsv", ".txt"})
_GUESSED_SUFFIXES: Final = frozenset({".csv", ".tsv"})
"""Of tables that are not called labels."""
_NAMED: Final = "labels"
_NO_NAME: Final = "name is not age_gender_race_date"
_NO_LABEL: Final = "no label in a table, in its name or in its folders' names"


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled image.

    ``age_low..age_high`` is the inclusive range of ages in years, both the same where the age is exact, both
    ``None`` where it is unknown; ``age_edge`` is the standard deviation in years of its ends, where the label
    says one. ``person`` is unique within the data set, empty where it is unknown; ``split`` is that which the
    label asks for ("train", "validation", "test"), else empty. ``file`` is the path within the data set, with
    forward slashes.
    """

    dataset: str
    file: str
    age_low: float | None
    age_high: float | None
    female: bool | None
    race: str = ""
    age_edge: float | None = None
    person: str = ""
    split: str = ""

    @property
    def age(self) -> float | None:
        """The age in years, or ``None`` where only a range or nothing is known."""
        return self.age_low if self.age_low == self.age_high else None


@dataclass(frozen=True, slots=True)
class Skipped:
    """An image or a row of a table that is not used, and why: a kind and, behind a colon, its instance."""

    dataset: str
    file: str
    reason: str

    @property
    def kind(self) -> str:
        """The reason without its instance, to count by."""
        return self.reason.partition(":")[0]

    @property
    def instance(self) -> str:
        """What the reason is about in this one case, empty where that is all the same."""
        return self.reason.partition(":")[2].strip()


@dataclass(frozen=True, slots=True)
class Dataset:
    """All usable samples of one folder or zip in the order of their names, and what was skipped.

    ``notes`` say where the labels are from, one sentence each.
    """

    name: str
    path: Path
    samples: tuple[Sample, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...] = ()


def read_dataset(path: Path, options: LabelOptions | None = None) -> Dataset:
    """Read the labels of all images of a folder or zip, which may be none.

    The images themselves are opened only where an age depends on when they were taken.

    Raises :class:`DataError` when the folder, the zip or a table cannot be read.
    """
    reading = _Reading(path, options or LabelOptions())
    reading.read_tables()
    reading.read_others()
    samples = tuple(sorted(reading.samples, key=lambda sample: sample.file))
    return Dataset(reading.name, path, samples, tuple(reading.skipped), tuple(reading.notes))


class _Reading:
    """Samples of one data set, as they are found."""

    def __init__(self, path: Path, options: LabelOptions) -> None:
        self.name = dataset_name(path)
        self.samples: list[Sample] = []
        self.skipped: list[Skipped] = []
        self.notes: list[str] = []
        self._store = open_store(path)
        self._options = options
        self._names = list(filter(self._is_usable, self._store.names()))
        self._files = FileNames(self.name, self._names)
        self._tables = dict(_tables(self._store, self._names))
        self._used: dict[str, Labels] = {}
        self._named: set[str] = set()

    def _is_usable(self, name: str) -> bool:
        try:
            name.encode()
        except UnicodeEncodeError:  # bytes in another encoding than that of the system
            self._skip(name.encode(errors="backslashreplace").decode(), "file name that is no text")
            return False
        if is_raw(name):
            self._skip(name, "raw photograph, to be saved as JPEG")
            return False
        if is_spreadsheet(name):
            self._skip(name, "spreadsheet, to be saved as CSV")
            return False
        return True

    def read_tables(self) -> None:
        """Samples of all tables, and the images that the table of their folder does not name."""
        for folder, names in self._tables.items():
            for name in names:
                shown = f"{self.name}/{name}"
                table = read_table(shown, self._store.read(name), self._options)
                self.notes.append(f"{shown}: {table.described()}")
                self._read_rows(table, name, PurePosixPath(folder))
        for image in filter(is_image, self._names):
            above = self._table_folder(image)
            if image not in self._named and above is not None:
                self._named.add(image)
                self._skip(image, f"not in {' or '.join(map(_file_name, self._tables[above]))}")

    def _read_rows(self, table: LabelTable, name: str, folder: PurePosixPath) -> None:
        for row in table.rows:
            file = row.cells["file"] or f"{name}, line {row.line}"
            try:
                file = self._files.find(folder, row.cells["file"])
                self._named.add(file)
                if row.problem:
                    raise ValueError(row.problem)
                labels = row_labels(row, table, self._options, partial(self._photographed, file))
                if file in self._used:
                    same = labels == self._used[file]
                    raise ValueError("listed twice" if same else "listed before, with other labels")
            except ValueError as error:
                self._skip(file, str(error))
            else:
                self._add(file, labels)

    def _photographed(self, file: str) -> Period | None:
        try:
            return exif_date(self._store.read(file))
        except DataError:  # one damaged member of a zip costs no other
            return None

    def read_others(self) -> None:
        """Samples of the images that no table is for: by name, else by folder."""
        images = [n for n in self._names if is_image(n) and n not in self._named]
        is_utkface = any(_UTKFACE_NAME.match(_file_name(image)) for image in images)
        classes: set[str] = set()
        for image in images:
            folders = PurePosixPath(image).parts[:-1]
            try:
                labels = _name_labels(_file_name(image)) or folder_labels(folders, self._options.genders)
            except ValueError as error:
                self._skip(image, str(error))
                continue
            if labels is None:
                self._skip(image, _NO_NAME if is_utkface else _NO_LABEL)
                continue
            self._add(image, labels)
            if not _UTKFACE_NAME.match(_file_name(image)):
                classes.add("/".join(folders))
        if classes:
            self.notes.append(f"{self.name}: labels by folder, {', '.join(sorted(classes))}")

    def _table_folder(self, image: str) -> str | None:
        """The nearest folder above an image that has a table."""
        return next((f for f in map(str, PurePosixPath(image).parents) if f in self._tables), None)

    def _add(self, file: str, labels: Labels) -> None:
        self._used[file] = labels
        self.samples.append(Sample(self.name, file, *astuple(labels)))

    def _skip(self, file: str, reason: str) -> None:
        self.skipped.append(Skipped(self.name, file, reason))


def _tables(store: ImageStore, names: Sequence[str]) -> Iterator[tuple[str, Collection[str]]]:
    """The tables of each folder that has any, the innermost folders first."""
    by_folder: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        path = PurePosixPath(name)
        if path.suffix.lower() in _TABLE_SUFFIXES and not path.name.startswith("."):
            by_folder[str(path.parent)].append(name)
    for folder in sorted(by_folder, key=lambda folder: (-folder.count("/"), folder == ".", folder)):
        named = [name for name in by_folder[folder] if PurePosixPath(name).stem.casefold() == _NAMED]
        tables = named or [
            name
            for name in by_folder[folder]
            if PurePosixPath(name).suffix.lower() in _GUESSED_SUFFIXES and _is_table(store, name)
        ]
        if tables:
            yield folder, tables


def _is_table(store: ImageStore, name: str) -> bool:
    try:
        found = meanings(store.read(name))
    except DataError:
        return False
    return "file" in found and bool(found & {"age", "gender", "birth"})


def _file_name(path: str) -> str:
    return PurePosixPath(path).name


def _name_labels(name: str) -> Labels | None:
    """The labels in a name as in UTKFace. Raises :class:`ValueError` where its age is none."""
    match = _UTKFACE_NAME.match(name)
    if match is None:
        return None
    age = float(match[1])
    if age > OLDEST:
        raise ValueError(f"age is above {OLDEST}: {age:.0f}")
    return Labels(age, age, match[2] == "1", _UTKFACE_RACES[int(match[3])])
