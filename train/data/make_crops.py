"""Find, align and store the faces of labelled images: once each, however often a folder is prepared.

No row that ``table.csv`` names is written to before that file is: a kill at any moment leaves a folder that
training can read, and the next call goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress, track

from agecam.vision.detector import MediaPipeDetector
from train.data.arrays import grow_array, open_array
from train.data.collection import (
    Entry,
    Growth,
    check_common,
    check_names,
    check_sources,
    claim,
    digests,
    follow_renamed,
    load_entries,
    place,
    save_entries,
)
from train.data.crops import CROPS_FILE, STORED_PX, align_with_margin, find_labelled_face
from train.data.keypoints import KEYPOINTS_FILE, KEYPOINTS_SHAPE
from train.data.readers import Dataset, Sample, Skipped
from train.data.stores import ImageStore, decode, open_store
from train.data.table import TABLE_FILE, Table
from train.errors import DataError
from train.parallel import map_in_processes

_PENDING, _DONE, _UNREADABLE, _NO_FACE = range(4)
_REASONS: Final = {_UNREADABLE: "not a readable image", _NO_FACE: "no face found"}
_STATUS_FILE: Final = "status.npy"
_CROP: Final = (STORED_PX, STORED_PX)
_CHUNK: Final = 64
"""Images that a process aligns before it hands them over."""


@dataclass(frozen=True, slots=True)
class Crops:
    """All samples, the row of each in ``crops.npy`` ``(n,)``, and in which a face was found ``(n,)``.

    ``skipped`` is what the data sets could not use, and images without a face; ``growth`` is ``None`` where
    the folder has not been prepared to the end before.
    """

    samples: tuple[Sample, ...]
    rows: NDArray[np.int64]
    usable: NDArray[np.bool_]
    skipped: tuple[Skipped, ...]
    growth: Growth | None


def prepare_crops(datasets: Sequence[Dataset], folder: Path, *, jobs: int = 1) -> Crops:
    """Detect, align and store the images that ``folder`` does not hold yet.

    Raises :class:`DataError` when ``folder`` holds the crops of other images, or is damaged.
    """
    check_names(datasets)
    samples = [sample for dataset in datasets for sample in dataset.samples]
    folder.mkdir(parents=True, exist_ok=True)
    entries = load_entries(folder)
    claim(folder)
    sha256 = list(track(digests(datasets), "Reading images", len(samples)))
    entries = follow_renamed(samples, sha256, entries)
    check_sources(folder, datasets, entries)
    is_first = not (folder / TABLE_FILE).exists()
    rows, growth = place(samples, sha256, entries, () if is_first else Table.load(folder).row.tolist())
    check_common(folder, samples, rows, entries)
    status = _open_arrays(folder, rows, entries)
    status[np.setdiff1d(rows, [entry.row for entry in entries])] = _PENDING
    named = zip(rows.tolist(), samples, sha256, strict=True)
    save_entries(folder, (Entry(row, sample.dataset, sample.file, digest) for row, sample, digest in named))
    _fill(datasets, folder, rows, status, jobs)
    skipped = [skip for dataset in datasets for skip in dataset.skipped]
    skipped += [
        Skipped(sample.dataset, sample.file, _REASONS[int(code)])
        for sample, code in zip(samples, status[rows], strict=True)
        if int(code) in _REASONS
    ]
    usable = np.asarray(status[rows] == _DONE)
    return Crops(tuple(samples), rows, usable, tuple(skipped), None if is_first else growth)


def forget_removed(folder: Path) -> None:
    """Blank the crops of images that are gone; not before ``table.csv`` names none of them."""
    status = open_array(folder / _STATUS_FILE, (), np.uint8, "r+")
    gone = np.setdiff1d(np.flatnonzero(status), [entry.row for entry in load_entries(folder)])
    if len(gone):
        open_array(folder / CROPS_FILE, _CROP, np.uint8, "r+")[gone] = 0
        open_array(folder / KEYPOINTS_FILE, KEYPOINTS_SHAPE, np.float32, "r+")[gone] = np.nan
        status[gone] = _PENDING


def _open_arrays(
    folder: Path, rows: NDArray[np.int64], entries: Sequence[Entry]
) -> np.memmap[Any, np.dtype[np.uint8]]:
    """Make room for all rows in each array, in the status last, which is returned."""
    known = max((entry.row + 1 for entry in entries), default=0)
    path = folder / CROPS_FILE
    if known and path.exists() and len(open_array(path, _CROP, np.uint8)) < known:
        raise DataError(f"{path} is for another number of images: give another folder, or empty this one.")
    count = max(known, int(rows.max(initial=-1)) + 1)
    grow_array(path, np.uint8, (count, *_CROP))
    grow_array(folder / KEYPOINTS_FILE, np.float32, (count, *KEYPOINTS_SHAPE), fill=np.nan)
    grow_array(folder / _STATUS_FILE, np.uint8, (count,))
    return open_array(folder / _STATUS_FILE, (), np.uint8, "r+")


def _fill(
    datasets: Sequence[Dataset],
    folder: Path,
    rows: NDArray[np.int64],
    status: np.memmap[Any, np.dtype[np.uint8]],
    jobs: int,
) -> None:
    crops = open_array(folder / CROPS_FILE, _CROP, np.uint8, "r+")
    keypoints = open_array(folder / KEYPOINTS_FILE, KEYPOINTS_SHAPE, np.float32, "r+")
    chunks = list(_pending_chunks(datasets, rows, status))
    with Progress() as progress:
        done = int((status[rows] != _PENDING).sum())
        bar = progress.add_task("Aligning faces", total=len(rows), completed=done)
        for new_rows, new_crops, new_keypoints, new_status in map_in_processes(_CropWorker, chunks, jobs):
            crops[new_rows] = new_crops
            keypoints[new_rows] = new_keypoints
            status[new_rows] = new_status
            progress.advance(bar, len(new_rows))
    crops.flush()
    keypoints.flush()
    status.flush()


_Chunk = tuple[Path, list[int], list[str]]
"""A folder or zip, rows of ``crops.npy``, and the file that belongs into each."""
_Crops = tuple[list[int], NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]
"""Rows of ``crops.npy``, the crops to put there, and the keypoints and status of each."""


def _pending_chunks(
    datasets: Sequence[Dataset], rows: NDArray[np.int64], status: NDArray[np.uint8]
) -> Iterator[_Chunk]:
    first = 0
    for dataset in datasets:
        of_dataset = rows[first : first + len(dataset.samples)].tolist()
        first += len(dataset.samples)
        pending = [
            (row, sample.file)
            for row, sample in zip(of_dataset, dataset.samples, strict=True)
            if status[row] == _PENDING
        ]
        for start in range(0, len(pending), _CHUNK):
            chunk = pending[start : start + _CHUNK]
            yield dataset.path, [row for row, _ in chunk], [file for _, file in chunk]


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
