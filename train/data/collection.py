"""Which images a prepared folder holds, by content, so that a collection may grow.

``images.csv`` has one line an image: its row in ``crops.npy``, its data set and file, and the SHA-256 of the
file's content, by which an image is known again under another name. ``prepared.json`` says how the crops were
cut and the images split.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.files import write_atomically
from agecam.vision.align import PREPROCESSING_VERSION
from train.data.csv_file import write_csv
from train.data.readers import Dataset, Sample
from train.data.stores import open_store
from train.data.table import TABLE_FILE, Table
from train.errors import DataError

_IMAGES_FILE: Final = "images.csv"
_SETTINGS_FILE: Final = "prepared.json"
_ALIGNMENT: Final = "preprocessing"
UNREADABLE: Final = "unreadable"
"""In place of the SHA-256 of a file that cannot be read; that of an image of an earlier release is empty."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of a prepared folder; ``sha256`` is that of its file, empty where it is not known."""

    row: int
    dataset: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Growth:
    """How many images came, went and stayed since a folder was prepared the last time."""

    added: int
    changed: int
    removed: int
    kept: int


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """What decides a split, beside the images."""

    seed: int
    test: float
    validation: float


def load_entries(folder: Path) -> tuple[Entry, ...]:
    """The images of a prepared folder, none of an empty one.

    Those that an earlier release prepared are known by name alone. Raises :class:`DataError` where the list
    is damaged, and where the crops were cut in another way.
    """
    _check_alignment(folder)
    path = folder / _IMAGES_FILE
    if not path.exists():
        return _entries_of_table(folder) if (folder / TABLE_FILE).exists() else ()
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        entries = tuple(Entry(int(r["row"]), r["dataset"], r["file"], r["sha256"]) for r in rows)
        if any(entry.row < 0 for entry in entries) or len({entry.row for entry in entries}) < len(entries):
            raise ValueError("two images in one row")
    except (LookupError, OSError, OverflowError, TypeError, ValueError, csv.Error) as error:
        raise DataError(f"{path} is damaged: give another folder, or empty this one.") from error
    return entries


def _entries_of_table(folder: Path) -> tuple[Entry, ...]:
    table = Table.load(folder)
    columns = zip(table.row.tolist(), table.dataset.tolist(), table.file.tolist(), strict=True)
    return tuple(Entry(row, dataset, file, "") for row, dataset, file in columns)


def save_entries(folder: Path, entries: Iterable[Entry]) -> None:
    """Write ``images.csv``."""
    write_csv(folder / _IMAGES_FILE, Entry.__dataclass_fields__, map(astuple, entries))


def load_split_settings(folder: Path) -> SplitSettings | None:
    """How the images of a folder were split, ``None`` where that is not known."""
    split = _settings(folder).get("split")
    try:
        return SplitSettings(**split) if split else None
    except TypeError:
        return None


def save_split_settings(folder: Path, settings: SplitSettings) -> None:
    """Write ``prepared.json``."""
    content = {_ALIGNMENT: PREPROCESSING_VERSION, "split": asdict(settings)}
    write_atomically(folder / _SETTINGS_FILE, json.dumps(content))


def claim(folder: Path) -> None:
    """Say in a new folder how its crops are cut."""
    if not (folder / _SETTINGS_FILE).exists():
        write_atomically(folder / _SETTINGS_FILE, json.dumps({_ALIGNMENT: PREPROCESSING_VERSION}))


def _check_alignment(folder: Path) -> None:
    settings = _settings(folder)
    if settings and settings.get(_ALIGNMENT) != PREPROCESSING_VERSION:
        raise DataError(
            f"{folder} holds crops that another release cut in another way: give another folder, or empty it."
        )


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / _SETTINGS_FILE
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_bytes())
    except (OSError, RecursionError, ValueError) as error:
        raise DataError(f"{path} is damaged: give another folder, or empty this one.") from error
    if not isinstance(found, dict) or _ALIGNMENT not in found:
        raise DataError(f"{path} is damaged: give another folder, or empty this one.")
    return found


def digests(datasets: Iterable[Dataset]) -> Iterator[str]:
    """The SHA-256 of each sample's file in turn, or :data:`UNREADABLE`."""
    for dataset in datasets:
        store = open_store(dataset.path)
        for sample in dataset.samples:
            try:
                yield hashlib.sha256(store.read(sample.file)).hexdigest()
            except DataError:  # one damaged member of a zip costs no other
                yield UNREADABLE


def place(
    samples: Sequence[Sample], sha256: Sequence[str], entries: Sequence[Entry], taken: Collection[int]
) -> tuple[NDArray[np.int64], Growth]:
    """The row of each sample ``(n,)``, and what has changed since ``entries``.

    An image that is known, by name and content or by content alone, has the row it had; others have rows that
    neither an entry nor ``taken`` has.
    """
    rows = np.full(len(samples), -1, np.int64)
    by_name = {(entry.dataset, entry.file): entry for entry in entries}
    left = dict(by_name)
    for index, (sample, digest) in enumerate(zip(samples, sha256, strict=True)):
        entry = by_name.get((sample.dataset, sample.file))
        if entry is not None and entry.sha256 in ("", digest):
            rows[index] = entry.row
            del left[sample.dataset, sample.file]
    by_content: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in left.values():
        by_content[entry.dataset, entry.sha256].append(entry)
    for index in np.flatnonzero(rows < 0).tolist():
        known = by_content.get((samples[index].dataset, sha256[index]))
        if known and sha256[index] != UNREADABLE:
            entry = known.pop(0)
            rows[index] = entry.row
            del left[entry.dataset, entry.file]
    kept = int((rows >= 0).sum())
    changed = sum((samples[i].dataset, samples[i].file) in left for i in np.flatnonzero(rows < 0).tolist())
    used = {*taken, *(entry.row for entry in entries)}
    free = (row for row in range(len(samples) + len(used)) if row not in used)
    for index in np.flatnonzero(rows < 0).tolist():
        rows[index] = next(free)
    return rows, Growth(len(samples) - kept - changed, changed, len(left) - changed, kept)


def follow_renamed(
    samples: Sequence[Sample], sha256: Sequence[str], entries: Sequence[Entry]
) -> tuple[Entry, ...]:
    """``entries`` by the new name of each missing data set, where one that is new holds most of it."""
    now: defaultdict[str, set[str]] = defaultdict(set)
    for sample, digest in zip(samples, sha256, strict=True):
        now[sample.dataset].add(digest)
    before: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        before[entry.dataset].append(entry.sha256)
    new = sorted(now.keys() - before.keys())
    names: dict[str, str] = {}
    for missing in sorted(before.keys() - now.keys()):
        known = set(before[missing]) - {"", UNREADABLE}
        best = max(new, key=lambda name: len(now[name] & known), default=None)
        if best is not None and len(now[best] & known) > len(before[missing]) / 2:
            names[missing] = best
            new.remove(best)
    return tuple(replace(entry, dataset=names.get(entry.dataset, entry.dataset)) for entry in entries)


def check_names(datasets: Sequence[Dataset]) -> None:
    """Raise :class:`DataError` where sources share a name."""
    by_name: dict[str, Dataset] = {}
    for dataset in datasets:
        if dataset.name in by_name:
            other = by_name[dataset.name].path
            raise DataError(f"{other} and {dataset.path} are both called {dataset.name}: rename one.")
        by_name[dataset.name] = dataset


def check_sources(folder: Path, datasets: Sequence[Dataset], entries: Sequence[Entry]) -> None:
    """Raise :class:`DataError` where ``entries`` are of other images."""
    if missing := sorted({entry.dataset for entry in entries} - {dataset.name for dataset in datasets}):
        raise DataError(
            f"{folder} holds crops of other images ({', '.join(missing)}): name them too, or give another "
            "folder."
        )


def check_common(
    folder: Path, samples: Sequence[Sample], rows: NDArray[np.int64], entries: Sequence[Entry]
) -> None:
    """Raise :class:`DataError` where a data set has no image in common with its namesake in ``entries``."""
    known_rows = {entry.row for entry in entries}
    names: Mapping[str, set[str]] = {entry.dataset: set() for entry in entries}
    for entry in entries:
        names[entry.dataset].add(entry.file)
    common = {s.dataset for s, row in zip(samples, rows.tolist(), strict=True) if row in known_rows}
    common |= {s.dataset for s in samples if s.file in names.get(s.dataset, ())}
    for dataset in sorted({sample.dataset for sample in samples} & names.keys() - common):
        raise DataError(
            f"{folder} holds crops of other images that are called {dataset} too: give another folder, or "
            "empty it."
        )
