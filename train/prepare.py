"""From labelled pictures to aligned gray crops on disk, by the very code that the live program runs.

The crops are ``STORED_PX`` pixels wide with the models' ``CROP_PX`` square in their middle: what a shift,
a turn or a smaller scale brings in during training is then part of the picture and not an invented border.

A prepared folder holds ``crops.npy`` ``(n, 160, 160)`` uint8, ``status.npy`` (one byte a picture, for
resuming), ``table.csv`` (one row a picture, in the order of the crops), ``skipped.csv`` and ``sheet.png``.
"""

from __future__ import annotations

import csv
import hashlib
import json
import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.align import (
    CROP_PX,
    PREPROCESSING_VERSION,
    View,
    align_face,
    alignment_matrix,
    reference_points,
    view_matrix,
)
from agecam.vision.detector import Detector, MediaPipeDetector, with_border
from train.data import DataError, DataSet, PictureStore, Sample, Skipped, open_store

MARGIN_PX: Final = 16
STORED_PX: Final = CROP_PX + 2 * MARGIN_PX

_PENDING, _DONE, _UNREADABLE, _NO_FACE = range(4)
_REASONS: Final = {_UNREADABLE: "not a readable picture", _NO_FACE: "no face found"}
_CHUNK: Final = 64


def align_with_margin(image_bgr: NDArray[np.uint8], face: Detection) -> NDArray[np.uint8]:
    """The crop of :func:`agecam.vision.align.align_face` with 16 px of its surroundings: (160, 160) uint8."""
    matrix = alignment_matrix(face.keypoints)
    matrix[:, 2] += MARGIN_PX
    # Points that the same similarity sends to the reference places of the larger square: aligning on
    # them gives exactly that similarity back.
    inverse = cv2.invertAffineTransform(matrix)
    eyes_and_mouth = reference_points(STORED_PX) @ inverse[:, :2].T + inverse[:, 2]
    right_eye, left_eye, mouth = eyes_and_mouth
    keypoints = np.array([right_eye, left_eye, eyes_and_mouth.mean(axis=0), mouth], dtype=np.float64)
    return align_face(image_bgr, Detection(face.box, face.score, keypoints), STORED_PX)  # type: ignore[arg-type]


def find_labelled_face(image_bgr: NDArray[np.uint8], detector: Detector) -> Detection | None:
    """The face nearest the centre of a picture, in its pixels: that is the one the label belongs to."""
    padded, pad = with_border(image_bgr)
    centre = np.array([padded.shape[1], padded.shape[0]]) / 2
    faces = detector.detect(padded)
    if not faces:
        return None
    face = min(faces, key=lambda face: float(np.hypot(*(np.array(face.centre) - centre))))
    x, y, w, h = face.box
    return Detection((x - pad, y - pad, w, h), face.score, face.keypoints - np.float32(pad))


def decode(encoded: bytes) -> NDArray[np.uint8] | None:
    """A picture file as ``(h, w, 3)`` uint8 BGR, upright; ``None`` where it is damaged or no picture."""
    if not encoded:
        return None
    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, np.uint8)


def prepare_crops(
    datasets: Sequence[DataSet], folder: Path, *, jobs: int = 1
) -> tuple[list[Sample], list[Skipped]]:
    """Detect, align and store all pictures; what an earlier, interrupted run has stored is kept.

    Returns one sample for each stored crop that is usable and what was skipped. The row of
    a sample in ``crops.npy`` is its place among all samples: :func:`usable_rows` gives it.

    Raises :class:`DataError` when ``folder`` holds the crops of other pictures.
    """
    samples = [sample for dataset in datasets for sample in dataset.samples]
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, samples)
    crops = _memmap(folder / "crops.npy", (len(samples), STORED_PX, STORED_PX))
    status = _memmap(folder / "status.npy", (len(samples),))
    chunks = list(_pending_chunks(datasets, status))
    with Progress() as progress:
        bar = progress.add_task("Aligning faces", total=len(samples), completed=int((status > 0).sum()))
        for first_rows, new_crops, new_status in _map_chunks(chunks, jobs):
            crops[first_rows] = new_crops
            status[first_rows] = new_status
            progress.advance(bar, len(first_rows))
    crops.flush()
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
    return np.flatnonzero(np.load(folder / "status.npy") == _DONE)


def load_crops(folder: Path) -> NDArray[np.uint8]:
    """All stored crops of a prepared folder, mapped from disk: ``(n, 160, 160)`` uint8, read-only.

    Raises :class:`DataError` when the folder has not been prepared.
    """
    path = folder / "crops.npy"
    if not path.is_file():
        raise DataError(f"{folder} holds no prepared crops: run `python -m train prepare` first.")
    crops: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return crops


def central(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The square that the models see: ``(..., 160, 160)`` to ``(..., 128, 128)``, a view."""
    return crops[..., MARGIN_PX : MARGIN_PX + CROP_PX, MARGIN_PX : MARGIN_PX + CROP_PX]


def look_at(stored: NDArray[np.uint8], look: View) -> NDArray[np.uint8]:
    """What :func:`agecam.vision.align.align_face` gives, from a stored crop: ``(128, 128)`` uint8."""
    matrix = view_matrix(look)
    matrix[:, 2] -= matrix[:, :2] @ (MARGIN_PX, MARGIN_PX)
    size = (CROP_PX, CROP_PX)
    crop = cv2.warpAffine(stored, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8)


def write_skipped(path: Path, skipped: Iterable[Skipped]) -> None:
    """List what is not used as ``dataset,file,reason``."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["dataset", "file", "reason"])
        writer.writerows((skip.dataset, skip.file, skip.reason) for skip in skipped)


def contact_sheet(crops: NDArray[np.uint8], captions: Sequence[str], columns: int = 12) -> NDArray[np.uint8]:
    """Crops ``(n, s, s)`` side by side, each with a caption below: ``(h, w)`` uint8, for a look by eye."""
    size = crops.shape[1]
    rows = -(-len(crops) // columns)
    sheet = np.full((rows * (size + 16), columns * size), 255, np.uint8)
    for index, (crop, caption) in enumerate(zip(crops, captions, strict=True)):
        y, x = divmod(index, columns)
        y, x = y * (size + 16), x * size
        sheet[y : y + size, x : x + size] = crop
        cv2.putText(sheet, caption, (x + 2, y + size + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.35, 0, 1, cv2.LINE_AA)
    return sheet


def _claim(folder: Path, samples: Sequence[Sample]) -> None:
    """Note which pictures a folder is for, so that two runs never mix their crops."""
    names = "\n".join(f"{sample.dataset}/{sample.file}" for sample in samples)
    claim = {
        "pictures": len(samples),
        "names_sha256": hashlib.sha256(names.encode()).hexdigest(),
        "preprocessing": PREPROCESSING_VERSION,
    }
    path = folder / "prepared.json"
    if not path.exists():
        path.write_text(json.dumps(claim), encoding="utf-8")
    elif json.loads(path.read_text(encoding="utf-8")) != claim:
        raise DataError(f"{folder} holds crops of other pictures: give another folder, or empty it.")


def _memmap(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    if path.exists():
        return np.lib.format.open_memmap(path, mode="r+")
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)


_Chunk = tuple[Path, list[int], list[str]]
_Result = tuple[list[int], NDArray[np.uint8], NDArray[np.uint8]]


def _pending_chunks(datasets: Sequence[DataSet], status: NDArray[np.uint8]) -> Iterator[_Chunk]:
    first = 0
    for dataset in datasets:
        rows = [first + i for i in range(len(dataset.samples)) if status[first + i] == _PENDING]
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            yield dataset.path, chunk, [dataset.samples[row - first].file for row in chunk]
        first += len(dataset.samples)


def _map_chunks(chunks: Sequence[_Chunk], jobs: int) -> Iterator[_Result]:
    if jobs <= 1:
        worker = _Worker()
        try:
            for chunk in chunks:
                yield worker.run(chunk)
        finally:
            worker.close()
        return
    # Spawned, since MediaPipe's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker) as pool:
        running: set[Future[_Result]] = set()
        queue = iter(chunks)
        while True:
            # A few at a time, so that finished crops do not pile up in memory.
            for chunk in queue:
                running.add(pool.submit(_run_in_worker, chunk))
                if len(running) >= 2 * jobs:
                    break
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()


class _Worker:
    """A detector and the stores it reads from, for one process."""

    def __init__(self) -> None:
        self._detector = MediaPipeDetector()
        self._stores: dict[Path, PictureStore] = {}

    def run(self, chunk: _Chunk) -> _Result:
        path, rows, files = chunk
        if path not in self._stores:
            self._stores[path] = open_store(path)
        crops = np.zeros((len(rows), STORED_PX, STORED_PX), np.uint8)
        status = np.zeros(len(rows), np.uint8)
        for index, file in enumerate(files):
            status[index] = self._crop(self._stores[path], file, crops[index])
        return rows, crops, status

    def _crop(self, store: PictureStore, file: str, crop: NDArray[np.uint8]) -> int:
        image = decode(store.read(file))
        if image is None:
            return _UNREADABLE
        face = find_labelled_face(image, self._detector)
        if face is None:
            return _NO_FACE
        crop[:] = align_with_margin(image, face)
        return _DONE

    def close(self) -> None:
        self._detector.close()


_worker: _Worker | None = None


def _start_worker() -> None:
    global _worker
    cv2.setNumThreads(1)
    _worker = _Worker()


def _run_in_worker(chunk: _Chunk) -> _Result:
    assert _worker is not None, "the pool's initializer runs before its tasks"
    return _worker.run(chunk)
