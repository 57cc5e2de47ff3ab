"""A folder of labelled face images in the form that ``train`` reads: images, and ``labels.csv``."""

from __future__ import annotations

import csv
import io
import itertools
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.files import atomic_write, write_atomically
from agecam.output.files import write_error
from agecam.output.image import write_image
from agecam.paths import make_private_folder

LABELS_FILE: Final = "labels.csv"
_COLUMNS: Final = ("file", "age", "gender", "person")
_SUFFIX: Final = ".jpg"
_MAX_BYTES: Final = 50_000_000
"""Of a table that is read: a million images."""

Gender = Literal["female", "male"]


@dataclass(frozen=True, slots=True)
class TrueLabel:
    """What a person says of himself: either may be left out; ``name`` tells people apart in the folder."""

    name: str
    age: int | None = None
    gender: Gender | None = None


@dataclass(frozen=True, slots=True)
class CollectedPerson:
    """The images of one person that a folder holds."""

    name: str
    images: int


class Collection:
    """The labelled images in ``folder``, one folder below it for each person. One thread uses it at a time.

    The table is read anew at each call, since its owner may edit it. Every method raises
    :class:`agecam.errors.OutputError`, also where a table stands there that is not of this form: nothing is
    changed then.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def people(self) -> tuple[CollectedPerson, ...]:
        """Who is in it, in the order of their first images."""
        counts: dict[str, int] = {}
        for row in self._rows():
            counts[row[3]] = counts.get(row[3], 0) + 1
        return tuple(CollectedPerson(name, images) for name, images in counts.items())

    def add(self, label: TrueLabel, image_bgr: NDArray[np.uint8]) -> Path:
        """Keep one image ``(h, w, 3)`` uint8 of a person, and then its row; gives its path."""
        self._rows()  # not into a folder of other things
        folder = self.folder / _folder_name(label.name)
        path = folder / f"0001{_SUFFIX}"
        try:
            make_private_folder(folder)
            path = _free_name(folder)
            with atomic_write(path) as partial:
                write_image(image_bgr, partial)
        except OSError as error:
            raise write_error(path, error) from error
        age = "" if label.age is None else str(label.age)
        self._append((f"{folder.name}/{path.name}", age, label.gender or "", label.name))
        return path

    def remove(self, name: str) -> None:
        """Delete all images of a person, and his rows."""
        self._remove({name})

    def remove_all(self) -> None:
        """Delete all images of everybody, and the table; what else is in the folder stays."""
        self._remove({row[3] for row in self._rows()})

    def _remove(self, names: set[str]) -> None:
        rows = self._rows()
        kept = [row for row in rows if row[3] not in names]
        table = self.folder / LABELS_FILE
        try:
            # Images first: a row without its image does no harm, an image without a row is never found.
            for row in rows:
                if row[3] in names:
                    self._remove_image(row[0])
            for folder in {_folder_name(name) for name in names}:
                _remove_orphans(self.folder / folder, {row[0] for row in kept})
            if kept:
                write_atomically(table, _text([_COLUMNS, *kept]))
            else:
                table.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"Not all of {self.folder} could be deleted ({error.strerror}); delete it by hand."
            ) from error

    def _remove_image(self, file: str) -> None:
        path = self.folder / file
        # A row that was edited by hand must not lead out of the folder.
        if path.suffix == _SUFFIX and self.folder.resolve() in path.resolve().parents:
            path.unlink(missing_ok=True)

    def _rows(self) -> list[tuple[str, ...]]:
        """The rows of the table below its header; none where there is no table."""
        table = self.folder / LABELS_FILE
        try:
            with table.open("rb") as file:
                lines = list(csv.reader(io.StringIO(file.read(_MAX_BYTES).decode("utf-8-sig"), newline="")))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise OutputError(f"{table} cannot be read ({error.strerror}); choose another folder.") from error
        except (UnicodeDecodeError, csv.Error):
            lines = []
        rows = [tuple(line) for line in lines if line]
        if rows[:1] != [_COLUMNS] or any(len(row) != len(_COLUMNS) for row in rows):
            raise OutputError(f"{table} is not a table of AgeCam's; choose another folder.")
        return rows[1:]

    def _append(self, row: Sequence[str]) -> None:
        table = self.folder / LABELS_FILE
        try:
            with table.open("a+b") as file:
                rows: list[Sequence[str]] = [row]
                if not file.tell():
                    rows.insert(0, _COLUMNS)
                else:
                    file.seek(-1, os.SEEK_END)
                    if file.read() != b"\n":  # edited by hand
                        file.write(b"\n")
                file.write(_text(rows).encode())
        except OSError as error:
            raise write_error(table, error) from error


def _text(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _folder_name(name: str) -> str:
    """A folder's name for a person's, safe on every system."""
    return re.sub(r"\W+", "-", name.lower()).strip("-")[:60] or "person"


def _free_name(folder: Path) -> Path:
    taken = {path.name for path in folder.iterdir()}
    names = (f"{number:04d}{_SUFFIX}" for number in itertools.count(len(taken) + 1))
    return folder / next(name for name in names if name not in taken)


def _remove_orphans(folder: Path, kept: set[str]) -> None:
    """Images that a crash has left without a row, and the folder where it is empty then."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if re.fullmatch(r"\d{4,}\.jpg", path.name) and f"{folder.name}/{path.name}" not in kept:
            path.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
