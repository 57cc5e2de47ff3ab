"""From folders and zips of labelled images to a prepared folder: crops, labels, split, contact sheet.

A prepared folder holds ``crops.npy`` ``(n, 160, 160)`` uint8, ``keypoints.npy`` (of each face in its image,
see :mod:`train.data.keypoints`), ``status.npy`` (one byte an image, for resuming), ``prepared.json`` (which
images it is for), ``table.csv`` (one row an image, in the order of the crops), ``skipped.csv`` and
``sheet.png``.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from agecam.files import atomic_write, write_atomically
from agecam.opencv import cv2
from agecam.vision.align import PREPROCESSING_VERSION
from agecam.vision.detector import MediaPipeDetector
from train.data.arrays import create_array
from train.data.config import PrepareConfig
from train.data.crops import (
    CROPS_FILE,
    STORED_PX,
    align_with_margin,
    center_crop,
    find_labelled_face,
    load_crops,
    open_array,
)
from train.data.describe import describe, write_statistics
from train.data.duplicates import find_duplicates
from train.data.keypoints import KEYPOINTS_SHAPE, load_keypoints, open_keypoints
from train.data.readers import Dataset, Sample, Skipped, read_dataset
from train.data.split import split_table
from train.data.stores import ImageStore, decode, open_store
from train.data.table import TEST, UNUSED, Table, build_table
from train.errors import DataError
from train.parallel import map_in_processes

_PENDING, _DONE, _UNREADABLE, _NO_FACE = range(4)
_REASONS: Final = {_UNREADABLE: "not a readable image", _NO_FACE: "no face found"}
_STATUS_FILE: Final = "status.npy"
_CLAIM_FILE: Final = "prepared.json"
_SKIPPED_FILE: Final = "skipped.csv"
_CHUNK: Final = 64
"""Images that a process aligns before it hands them over."""
_SHEET_IMAGES: Final = 96
_SHEET_COLUMNS: Final = 12
_CAPTION_PX: Final = 16


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of the images: those in use, pairs of duplicates, and how many are not used."""

    table: Table
    duplicates: int
    skipped: int


def prepare(config: PrepareConfig) -> Prepared:
    """Find and align faces, merge duplicates, split, and write all of it to ``config.out``.

    What an earlier, interrupted call has done is kept. Raises :class:`DataError` when a source cannot be
    read, when no face is found, and when the folder holds other images.
    """
    out = config.out
    table, duplicates, skipped = _prepare_table(config.sources, out, config.jobs)
    table = split_table(table, test=config.test, validation=config.validation, seed=config.seed)
    table.save(out)
    write_statistics(out, describe(table))
    shown = np.random.default_rng(config.seed).permutation(len(table))[:_SHEET_IMAGES]
    captions = [f"{table.age_low[i]:.0f}-{table.age_high[i]:.0f} f={table.female[i]:.0f}" for i in shown]
    sheet = _contact_sheet(center_crop(load_crops(out)[table.row[shown]]), captions)
    with atomic_write(out / "sheet.png") as partial:
        cv2.imwrite(str(partial), sheet)
    return Prepared(table, duplicates, skipped)


def prepare_unsplit(source: Path, out: Path, *, jobs: int = 1) -> None:
    """Prepare a folder or zip without a split: the first of duplicates is "test", the others are unused.

    So are images without any label. Raises :class:`DataError` as :func:`prepare` does.
    """
    table, _, _ = _prepare_table([source], out, jobs)
    splits = np.full(len(table), UNUSED)
    _, first = np.unique(table.group, return_index=True)
    splits[first] = TEST
    splits[np.isnan(table.age_low) & np.isnan(table.female)] = UNUSED
    replace(table, split=splits).save(out)


def _prepare_table(sources: Sequence[Path], out: Path, jobs: int) -> tuple[Table, int, int]:
    """The table before its split, pairs of duplicates, and images skipped."""
    datasets = [read_dataset(source) for source in sources]
    samples, skipped = prepare_crops(datasets, out, jobs=jobs)
    _write_skipped(out / _SKIPPED_FILE, skipped)
    rows = usable_rows(out)
    if not len(rows):
        raise DataError(f"No face was found in the images of {', '.join(map(str, sources))}.")
    pairs = find_duplicates(center_crop(load_crops(out)), rows)
    table = build_table(samples, rows, pairs, load_keypoints(out))
    return table, len(pairs[0]), len(skipped)


def prepare_crops(
    datasets: Sequence[Dataset], folder: Path, *, jobs: int = 1
) -> tuple[list[Sample], list[Skipped]]:
    """Detect, align and store all images; what an earlier, interrupted run has stored is kept.

    Returns all samples, the row of each in ``crops.npy`` being its place among them, and what was skipped;
    :func:`usable_rows` says in which rows a face is.

    Raises :class:`DataError` when ``folder`` holds the crops of other images.
    """
    samples = [sample for dataset in datasets for sample in dataset.samples]
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, samples)
    crops = _memmap(folder / CROPS_FILE, (len(samples), STORED_PX, STORED_PX))
    status = _memmap(folder / _STATUS_FILE, (len(samples),))
    keypoints = open_keypoints(folder, len(samples))
    chunks = list(_pending_chunks(datasets, status))
    with Progress() as progress:
        bar = progress.add_task("Aligning faces", total=len(samples), completed=int((status > 0).sum()))
        for rows, new_crops, new_keypoints, new_status in map_in_processes(_CropWorker, chunks, jobs):
            crops[rows] = new_crops
            keypoints[rows] = new_keypoints
            status[rows] = new_status
            progress.advance(bar, len(rows))
    crops.flush()
    keypoints.flush()
    status.flush()
    skipped = [skip for dataset in datasets for skip in dataset.skipped]
    skipped += [
        Skipped(sample.dataset, sample.file, _REASONS[int(code)])
        for sample, code in zip(samples, status, strict=True)
        if int(code) in _REASONS
    ]
    return samples, skipped


def usable_rows(folder: Path) -> NDArray[np.int64]:
    """Rows of ``crops.npy`` that hold a face: ``(m,)`` int64."""
    return np.flatnonzero(open_array(folder / _STATUS_FILE, ()) == _DONE)


def _write_skipped(path: Path, skipped: Iterable[Skipped]) -> None:
    """List what is not used as ``dataset,file,reason``."""
    with atomic_write(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["dataset", "file", "reason"])
        writer.writerows((skip.dataset, skip.file, skip.reason) for skip in skipped)


def _contact_sheet(crops: NDArray[np.uint8], captions: Sequence[str]) -> NDArray[np.uint8]:
    """Crops ``(n, s, s)`` side by side, each with a caption below: ``(h, w)`` uint8, to check by eye."""
    size = crops.shape[1]
    cell = size + _CAPTION_PX
    rows = -(-len(crops) // _SHEET_COLUMNS)
    sheet = np.full((rows * cell, _SHEET_COLUMNS * size), 255, np.uint8)
    for index, (crop, caption) in enumerate(zip(crops, captions, strict=True)):
        y, x = divmod(index, _SHEET_COLUMNS)
        y, x = y * cell, x * size
        sheet[y : y + size, x : x + size] = crop
        cv2.putText(sheet, caption, (x + 2, y + size + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.35, 0, 1, cv2.LINE_AA)
    return sheet


def _claim(folder: Path, samples: Sequence[Sample]) -> None:
    """Note which images a folder is for, so that two runs never mix their crops."""
    names = "\n".join(f"{sample.dataset}/{sample.file}" for sample in samples)
    claim = {
        "images": len(samples),
        "names_sha256": hashlib.sha256(names.encode()).hexdigest(),
        "preprocessing": PREPROCESSING_VERSION,
    }
    path = folder / _CLAIM_FILE
    if not path.exists():
        write_atomically(path, json.dumps(claim))
        return
    try:
        found = json.loads(path.read_bytes())
    except (OSError, RecursionError, ValueError) as error:
        raise DataError(f"{path} is damaged: give another folder, or empty this one.") from error
    if isinstance(found, dict) and "pictures" in found:  # as earlier releases wrote it
        found["images"] = found.pop("pictures")
    if found != claim:
        raise DataError(f"{folder} holds crops of other images: give another folder, or empty it.")


def _memmap(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    if not path.exists():
        create_array(path, np.dtype(np.uint8), shape)
    array = open_array(path, shape[1:], "r+")
    if len(array) != shape[0]:
        raise DataError(f"{path} is for another number of images: give another folder, or empty this one.")
    assert isinstance(array, np.memmap)
    return array


_Chunk = tuple[Path, list[int], list[str]]
"""A folder or zip, rows of ``crops.npy``, and the file that belongs into each."""
_Crops = tuple[list[int], NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]
"""Rows of ``crops.npy``, the crops to put there, and the keypoints and status of each."""


def _pending_chunks(datasets: Sequence[Dataset], status: NDArray[np.uint8]) -> Iterator[_Chunk]:
    first = 0
    for dataset in datasets:
        rows = [first + i for i in range(len(dataset.samples)) if status[first + i] == _PENDING]
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            yield dataset.path, chunk, [dataset.samples[row - first].file for row in chunk]
        first += len(dataset.samples)


class _CropWorker:
    """A detector and the stores it reads from, for one process."""

    def __init__(self) -> None:
        self._detector = MediaPipeDetector()
        self._stores: dict[Path, ImageStore] = {}

    def run(self, chunk: _Chunk) -> _Crops:
        path, rows, files = chunk
        if path not in self._stores:
            self._stores[path] = open_store(path)
        crops = np.zeros((len(rows), STORED_PX, STORED_PX), np.uint8)
        keypoints = np.full((len(rows), *KEYPOINTS_SHAPE), np.nan, np.float32)
        status = np.zeros(len(rows), np.uint8)
        for index, file in enumerate(files):
            status[index] = self._crop(self._stores[path], file, crops[index], keypoints[index])
        return rows, crops, keypoints, status

    def _crop(
        self, store: ImageStore, file: str, crop: NDArray[np.uint8], keypoints: NDArray[np.float32]
    ) -> int:
        try:
            image = decode(store.read(file))
        except DataError:  # one damaged member of a zip costs no other
            return _UNREADABLE
        if image is None:
            return _UNREADABLE
        face = find_labelled_face(image, self._detector)
        if face is None:
            return _NO_FACE
        crop[:] = align_with_margin(image, face)
        keypoints[:] = face.keypoints
        return _DONE

    def close(self) -> None:
        self._detector.close()
