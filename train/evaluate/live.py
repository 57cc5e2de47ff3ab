"""The whole live path on labelled images: what ``agecam predict`` sees of them, detector included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from agecam.messages import Detection, Estimate
from agecam.vision.align import CROP_PX, TTA_VIEWS
from agecam.vision.analyzer import Analyzer, create_detector
from train.data.crops import most_central
from train.data.stores import ImageStore, dataset_name, decode, open_store
from train.data.table import Table
from train.errors import DataError
from train.evaluate.corruptions import CLEAN, rotate, shrink
from train.parallel import map_in_processes

ROTATIONS_DEG: Final = (10, 20, 30)
"""Anticlockwise, of the whole image: heads that tilt ever more."""
FACES_PX: Final = (64, 48, 32)
"""Widths of the detector's box that whole images are shrunk to: faces ever farther from the camera."""
LIVE_CORRUPTIONS: Final = (
    *(f"rotated {deg}°" for deg in ROTATIONS_DEG),
    *(f"face {px} px wide" for px in FACES_PX),
)
"""What :func:`live_views` can do to whole images before it looks for faces."""

_CHUNK: Final = 16
"""Images that a process handles before it hands their views over."""

LiveViews = tuple[NDArray[np.uint8], NDArray[np.bool_]]
"""Views ``(4, n, 128, 128)`` uint8 of live use, and in which images it found a face ``(n,)``."""

_Chunk = Sequence[tuple[str, str]]
"""Data set and file of some images."""
_Views = dict[str, NDArray[np.uint8] | None]
"""By corruption, the views ``(4, 128, 128)`` of one image's face, where one was found."""


def stores_by_name(sources: Sequence[Path]) -> dict[str, Path]:
    """Folders and zips by the names that their images have in a table."""
    return {dataset_name(source): source for source in sources}


def live_views(
    sources: Mapping[str, Path], table: Table, *, corrupted: bool = False, jobs: int = 1
) -> dict[str, LiveViews]:
    """What live use makes of the images of a table, by corruption.

    Of several faces in an image the one nearest its centre is taken, for the label is that one's. By name:
    :data:`train.evaluate.corruptions.CLEAN`, and where ``corrupted`` those of :data:`LIVE_CORRUPTIONS` too.
    Raises :class:`DataError` when an image's data set is not among ``sources`` or a file cannot be read.
    """
    if missing := sorted(set(table.dataset.tolist()) - set(sources)):
        raise DataError(f"The images of {', '.join(missing)} are needed: give their folders or zips too.")
    names = (CLEAN, *LIVE_CORRUPTIONS) if corrupted else (CLEAN,)
    views = {name: np.zeros((len(TTA_VIEWS), len(table), CROP_PX, CROP_PX), np.uint8) for name in names}
    found = {name: np.zeros(len(table), bool) for name in names}
    places = np.array_split(np.arange(len(table)), max(1, -(-len(table) // _CHUNK)))
    chunks = [
        [(str(table.dataset[place]), str(table.file[place])) for place in chunk.tolist()] for chunk in places
    ]
    results = map_in_processes(partial(_ViewWorker, dict(sources), corrupted), chunks, jobs)
    for chunk, of_chunk in zip(
        places, track(results, "Finding faces in whole images", len(chunks)), strict=True
    ):
        for place, of_image in zip(chunk.tolist(), of_chunk, strict=True):
            for name, of_face in of_image.items():
                if of_face is not None:
                    views[name][:, place], found[name][place] = of_face, True
    return {name: (views[name], found[name]) for name in names}


class _ViewRecorder:
    """In the place of the classifier: keeps the views that the analyzer would have classified."""

    def __init__(self) -> None:
        self.views: NDArray[np.uint8] = np.empty((len(TTA_VIEWS), 0, CROP_PX, CROP_PX), np.uint8)

    def classify(
        self,
        *views: NDArray[np.uint8],
        with_gender: Sequence[bool] | None = None,  # noqa: ARG002
    ) -> list[Estimate]:
        self.views = np.stack(views)
        return [Estimate(0, 0, 0, 0)] * len(views[0])


class _ViewWorker:
    """Reads images and finds the views of their faces as the program does, for one process."""

    def __init__(self, sources: Mapping[str, Path], corrupted: bool) -> None:
        self._sources = sources
        self._corrupted = corrupted
        self._recorder = _ViewRecorder()
        self._analyzer = Analyzer(create_detector(), self._recorder)
        self._stores: dict[str, ImageStore] = {}

    def run(self, chunk: _Chunk) -> list[_Views]:
        return [self._views(dataset, file) for dataset, file in chunk]

    def _views(self, dataset: str, file: str) -> _Views:
        if dataset not in self._stores:
            self._stores[dataset] = open_store(self._sources[dataset])
        image = decode(self._stores[dataset].read(file))
        if image is None:
            raise DataError(f"{file} in {self._sources[dataset]} is not a readable image.")
        face, views = self._most_central(image)
        by_name = {CLEAN: views}
        if self._corrupted:
            rotated = [rotate(image, degrees) for degrees in ROTATIONS_DEG]
            # A face that is not found whole will hardly be found shrunk.
            small = [shrink(image, min(1, px / face.box[2])) if face else None for px in FACES_PX]
            for name, changed in zip(LIVE_CORRUPTIONS, [*rotated, *small], strict=True):
                by_name[name] = None if changed is None else self._most_central(changed)[1]
        return by_name

    def _most_central(
        self, image_bgr: NDArray[np.uint8]
    ) -> tuple[Detection | None, NDArray[np.uint8] | None]:
        faces = [face for face, _ in self._analyzer.analyze_image(image_bgr)]
        index = most_central(faces, image_bgr)
        return (None, None) if index is None else (faces[index], self._recorder.views[:, index])

    def close(self) -> None:
        self._analyzer.close()
