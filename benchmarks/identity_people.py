"""Labelled people as heads that films are made of: images of the test split, cut out, in one framing."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.detector import Detector
from train.data.crops import find_labelled_face
from train.data.stores import decode, open_store
from train.data.table import TEST, Table

PATCH_PX: Final = 256
"""Side of a patch."""
FACE_PX: Final = 110
"""Width of the detector's box of the face, in the middle of a patch."""

_DATASETS: Final = ("aaf", "utkface")
"""Data sets with exact ages whose heads are in colour and whole enough, as many of each."""
_HEAD_RADII: Final = (0.80, 0.98)
"""Of the oval that is cut out, in widths of the face; its centre is higher than the face's by the next."""
_HAIR: Final = 0.12
_SOFT_PX: Final = 5.0
"""Width of the rim in which a head goes over into what is behind it."""
_UNLIKE_YEARS: Final = 20.0
FRONTAL_DEG: Final = (0.0, 12.0)
"""People of films are frontal, so that turning them by a warp starts from where it says."""


@dataclass(frozen=True, slots=True)
class Head:
    """One person.

    ``image_bgr`` is ``(PATCH_PX, PATCH_PX, 3)`` uint8, ``alpha`` ``(PATCH_PX, PATCH_PX)`` float32 in [0, 1].
    ``shirt_bgr`` is what the body is painted with.
    """

    name: str
    image_bgr: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    age: float
    female: bool
    shirt_bgr: tuple[int, int, int]


def cut_out(image_bgr: NDArray[np.uint8], face: Detection, name: str, age: float, *, female: bool) -> Head:
    """The head of a face detected in an image ``(h, w, 3)`` uint8."""
    scale = FACE_PX / face.box[2]
    x, y = face.centre
    matrix = np.array([[scale, 0, PATCH_PX / 2 - scale * x], [0, scale, PATCH_PX / 2 - scale * y]])
    size = (PATCH_PX, PATCH_PX)
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    patch = cv2.warpAffine(image_bgr, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.ones(image_bgr.shape[:2], np.float32), matrix, size)
    v, u = (np.mgrid[:PATCH_PX, :PATCH_PX] - PATCH_PX / 2) / FACE_PX
    distance = np.hypot(u / _HEAD_RADII[0], (v + _HAIR) / _HEAD_RADII[1])
    oval = np.clip((1 - distance) * FACE_PX / _SOFT_PX, 0, 1).astype(np.float32)
    alpha = cv2.GaussianBlur(cv2.erode(inside, np.ones((9, 9))), (0, 0), 2.0) * oval
    shade = np.random.default_rng(zlib.crc32(name.encode())).integers(40, 180, 3)
    return Head(
        name,
        np.asarray(patch, np.uint8),
        np.asarray(alpha, np.float32),
        age,
        female,
        (int(shade[0]), int(shade[1]), int(shade[2])),
    )


def load_heads(
    data: Path,
    prepared: Path,
    detector: Detector,
    yaw_deg: tuple[float, float] = FRONTAL_DEG,
    split: str = TEST,
    seed: int = 0,
) -> Iterator[Head]:
    """People of a split of ``prepared`` from the zips in ``data``, nobody twice, with such a yaw.

    They come in an order that is drawn by ``seed``.

    Neighbours are apart by 20 years or of different gender, so that a label that goes over to the next one
    shows. Raises :class:`DataError` where images or the split are missing.
    """
    table = Table.load(prepared).require_split(split, prepared)
    yaw = np.abs(table.yaw_deg)
    usable = table.exact & ~np.isnan(table.female) & (yaw >= yaw_deg[0]) & (yaw < yaw_deg[1])
    random = np.random.default_rng(seed)
    sources = []
    for dataset in _DATASETS:
        people = table.take(usable & (table.dataset == dataset))
        sources.append(
            _heads_of(data / f"{dataset}.zip", people.take(random.permutation(len(people))), detector)
        )
    waiting: list[Head] = []
    last: Head | None = None
    # One of each data set in turn, then those that the larger one has left.
    for head in (one for some in zip_longest(*sources) for one in some if one is not None):
        waiting.append(head)
        chosen = next((one for one in waiting if last is None or _are_unlike(one, last)), None)
        if chosen is not None:
            waiting.remove(chosen)
            last = chosen
            yield chosen


def _heads_of(path: Path, people: Table, detector: Detector) -> Iterator[Head]:
    store = open_store(path)
    for file, age, female in zip(people.file, people.age_low, people.female, strict=True):
        image = decode(store.read(str(file)))
        face = None if image is None else find_labelled_face(image, detector)
        if image is not None and face is not None:
            yield cut_out(image, face, str(file), float(age), female=bool(female))


def _are_unlike(one: Head, other: Head) -> bool:
    return one.female != other.female or abs(one.age - other.age) >= _UNLIKE_YEARS
