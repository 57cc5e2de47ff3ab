"""The whole live path on labelled pictures: what ``agecam predict`` sees of them, detector included."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from agecam.messages import Detection, Estimate
from agecam.opencv import cv2
from agecam.vision.align import CROP_PX, TTA_VIEWS
from agecam.vision.analyzer import Analyzer
from agecam.vision.detector import MediaPipeDetector
from agecam.vision.tracker import CONTINUE_SCORE
from train.conditions import shrink, turn
from train.data import DataError, PictureStore, dataset_name, open_store
from train.prepare import decode
from train.table import Table

PLAIN: Final = "as it is"
TURNS_DEG: Final = (10, 20, 30)
FACES_PX: Final = (64, 48, 32)
HARDER: Final = (*(f"turned {deg}°" for deg in TURNS_DEG), *(f"face {px} px wide" for px in FACES_PX))
"""What :func:`live_looks` can do to the pictures before they are looked at."""

_CHUNK: Final = 16
_Looks = dict[str, NDArray[np.uint8] | None]


def stores_by_name(sources: Sequence[Path]) -> dict[str, Path]:
    """Folders and zips by the names that their pictures have in a table."""
    return {dataset_name(source): source for source in sources}


def live_looks(
    sources: Mapping[str, Path], table: Table, *, harder: bool = False, jobs: int = 1
) -> dict[str, tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """All looks ``(4, n, 128, 128)`` uint8 of live use at pictures, and where it found a face ``(n,)``.

    Of several faces in a picture the one nearest its centre is taken, for the label is that one's. By name:
    :data:`PLAIN`, and with ``harder`` those of :data:`HARDER` too. Raises :class:`DataError` when a picture's
    data set is not among ``sources`` or a file cannot be read.
    """
    if missing := sorted(set(table.dataset.tolist()) - set(sources)):
        raise DataError(f"The pictures of {', '.join(missing)} are needed: give their folders or zips too.")
    names = (PLAIN, *HARDER) if harder else (PLAIN,)
    looks = {name: np.zeros((len(TTA_VIEWS), len(table), CROP_PX, CROP_PX), np.uint8) for name in names}
    found = {name: np.zeros(len(table), bool) for name in names}
    places = np.array_split(np.arange(len(table)), max(1, -(-len(table) // _CHUNK)))
    chunks = [
        [(str(table.dataset[place]), str(table.file[place])) for place in chunk.tolist()] for chunk in places
    ]
    seen = _map(_Looker(dict(sources), harder), chunks, jobs)
    for chunk, of_chunk in zip(places, track(seen, "Looking at whole pictures", len(chunks)), strict=True):
        for place, of_picture in zip(chunk.tolist(), of_chunk, strict=True):
            for name, of_face in of_picture.items():
                if of_face is not None:
                    looks[name][:, place], found[name][place] = of_face, True
    return {name: (looks[name], found[name]) for name in names}


class _LookKeeper:
    """In the place of the classifier: keeps the looks that the analyzer would have classified."""

    def __init__(self) -> None:
        self.looks: NDArray[np.uint8] = np.empty((len(TTA_VIEWS), 0, CROP_PX, CROP_PX), np.uint8)

    def classify(self, *looks: NDArray[np.uint8]) -> list[Estimate]:
        self.looks = np.stack(looks)
        return [Estimate(0, 0, 0, 0)] * len(looks[0])


class _Looker:
    """Reads pictures and looks at them as the program does; made once, its tools once a process."""

    def __init__(self, sources: dict[str, Path], harder: bool) -> None:
        self._sources = sources
        self._harder = harder
        self._keeper = _LookKeeper()
        self._analyzer: Analyzer | None = None
        self._stores: dict[str, PictureStore] = {}

    def look_at(self, chunk: Sequence[tuple[str, str]]) -> list[_Looks]:
        return [self._look(dataset, file) for dataset, file in chunk]

    def _look(self, dataset: str, file: str) -> _Looks:
        if dataset not in self._stores:
            self._stores[dataset] = open_store(self._sources[dataset])
        image = decode(self._stores[dataset].read(file))
        if image is None:
            raise DataError(f"{file} in {self._sources[dataset]} is not a readable picture.")
        face, looks = self._nearest(image)
        by_name = {PLAIN: looks}
        if self._harder:
            turned = [turn(image, degrees) for degrees in TURNS_DEG]
            # A face that is not found whole will hardly be found shrunk.
            small = [shrink(image, min(1, px / face.box[2])) if face else None for px in FACES_PX]
            for name, picture in zip(HARDER, [*turned, *small], strict=True):
                by_name[name] = None if picture is None else self._nearest(picture)[1]
        return by_name

    def _nearest(self, image_bgr: NDArray[np.uint8]) -> tuple[Detection | None, NDArray[np.uint8] | None]:
        if self._analyzer is None:
            self._analyzer = Analyzer(MediaPipeDetector(min_score=CONTINUE_SCORE), self._keeper)
        faces = [face for face, _ in self._analyzer.analyze_image(image_bgr)]
        if not faces:
            return None, None
        middle = np.array([image_bgr.shape[1], image_bgr.shape[0]]) / 2
        nearest = int(np.argmin([np.hypot(*(np.array(face.centre) - middle)) for face in faces]))
        return faces[nearest], self._keeper.looks[:, nearest]

    def close(self) -> None:
        if self._analyzer is not None:
            self._analyzer.close()


def _map(looker: _Looker, chunks: Sequence[list[tuple[str, str]]], jobs: int) -> Iterator[list[_Looks]]:
    if jobs <= 1:
        try:
            yield from map(looker.look_at, chunks)
        finally:
            looker.close()
        return
    # Spawned, since MediaPipe's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_start, initargs=(looker,)) as pool:
        yield from pool.map(_look_in_worker, chunks)


_looker: _Looker | None = None


def _start(looker: _Looker) -> None:
    global _looker
    cv2.setNumThreads(1)
    _looker = looker


def _look_in_worker(chunk: list[tuple[str, str]]) -> list[_Looks]:
    assert _looker is not None, "the pool's initializer runs before its tasks"
    return _looker.look_at(chunk)
