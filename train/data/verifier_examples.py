"""What the face verifier learns from: stored crops of faces and of what the detectors take for faces.

A stored crop is ``STORED_PX`` pixels wide and shows :data:`STORED_SIDES` sides of the models' crop, so that
shifts, rotations and scalings of training find image there and not an invented border.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.align import View, align_face
from agecam.vision.face_network import INPUT_PX
from agecam.vision.face_networks import FaceNetworks, crop_rois, detect_rois
from agecam.vision.nms import non_max_suppression
from agecam.vision.pyramid import Pyramid, tiles
from train.data.keypoints import load_keypoints
from train.data.stores import ImageStore, decode
from train.data.table import Table
from train.errors import DataError

Box = tuple[float, float, float, float]

STORED_PX: Final = 80
STORED_SIDES: Final = 2.5
_VIEW: Final = View(1 / STORED_SIDES, mirrored=False)

PROPOSAL_SCORE: Final = 0.15
"""Least score of what counts as proposed: half of what the program itself looks at."""
_FACE_SCORE: Final = 0.3
"""Least score of a proposal on a portrait that may be its face."""
_BORDERS: Final = (0.6, 1.0)
"""Borders of portraits, in sides, as the program searches them where it finds nothing at first."""
_CENTRAL: Final = 0.22
"""Distance from the centre of a portrait, in its sides, within which a proposal is of its face."""
_LEAST_FACE: Final = 0.3
"""Side of that face, in sides of the portrait."""
_TILES_PER_SIDE: Final = (2, 3, 4, 6)
_STRIDE: Final = 0.6
_LEAST_PX: Final = 12
_APART: Final = 0.02
"""Intersection over smaller with a face or a box to be ignored, up to which a proposal is neither."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Stored crops ``(n, 80, 80)`` uint8, scores ``(n,)`` of the detectors, and the image of each."""

    crops: NDArray[np.uint8]
    scores: NDArray[np.float32]
    images: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.crops)

    @classmethod
    def of(cls, found: Iterable[tuple[NDArray[np.uint8], float, str]]) -> Examples:
        """From crops with their score and image."""
        crops, scores, images = zip(*found, strict=True) if (found := list(found)) else ((), (), ())
        return cls(
            np.array(crops, np.uint8).reshape(-1, STORED_PX, STORED_PX),
            np.array(scores, np.float32),
            np.array(images, np.str_),
        )


def stored_crop(image_bgr: NDArray[np.uint8], detection: Detection) -> NDArray[np.uint8]:
    """The stored crop of one face, ``(80, 80)`` uint8."""
    return align_face(image_bgr, detection, STORED_PX, _VIEW)


def labelled_faces(stores: Mapping[str, ImageStore], table: Table, folder: Path) -> Examples:
    """The faces of a prepared folder's table, by the keypoints that were stored with it."""
    keypoints = load_keypoints(folder)

    def crops() -> Iterator[tuple[NDArray[np.uint8], float, str]]:
        for row, dataset, file in zip(table.row, table.dataset, table.file, strict=True):
            face = Detection((0, 0, 1, 1), 1.0, np.asarray(keypoints[row], np.float32))
            yield stored_crop(_read(stores[str(dataset)], str(file)), face), 1.0, str(file)

    return Examples.of(crops())


def proposed_faces(networks: FaceNetworks, store: ImageStore, files: Sequence[str]) -> Examples:
    """What the detectors propose for the face in the middle of portraits, keypoints as they place them."""

    def crops() -> Iterator[tuple[NDArray[np.uint8], float, str]]:
        for file in files:
            image = _read(store, file)
            pyramid = Pyramid(image)
            found = networks.detect_whole(pyramid)
            for share in _BORDERS:
                found += networks.detect_image(pyramid.bordered(share, INPUT_PX))
            for one in found:
                if one.score >= _FACE_SCORE and _is_central(one, image):
                    yield stored_crop(image, one), one.score, file

    return Examples.of(crops())


def proposals(networks: FaceNetworks, image_bgr: NDArray[np.uint8]) -> list[Detection]:
    """All that either network proposes anywhere, duplicates suppressed."""
    pyramid = Pyramid(image_bgr)
    found = networks.detect_whole(pyramid)
    for per_side in _TILES_PER_SIDE:
        regions = crop_rois(pyramid, tiles(pyramid.size_wh, max(pyramid.size_wh) // per_side, _STRIDE))
        for network in (networks.full_range, networks.short_range):
            found += detect_rois(network, pyramid.size_wh, regions)
    return non_max_suppression(one for one in found if max(one.box[2:]) >= _LEAST_PX)


def false_proposals(
    networks: FaceNetworks, images: Mapping[str, NDArray[np.uint8]], boxes: Mapping[str, Sequence[Box]]
) -> Examples:
    """What the detectors propose on photographs away from all ``boxes``: faces, and what to leave out.

    Each photograph is searched as it is, mirrored, and turned by a right angle.
    """

    def crops() -> Iterator[tuple[NDArray[np.uint8], float, str]]:
        for name, image in images.items():
            known = np.zeros(image.shape[:2], np.uint8)
            for x, y, width, height in boxes.get(name, ()):
                cv2.rectangle(known, (round(x), round(y)), (round(x + width), round(y + height)), 255, -1)
            for changed, mask in (
                (image, known),
                (image[:, ::-1], known[:, ::-1]),
                (np.rot90(image), np.rot90(known)),
            ):
                changed = np.ascontiguousarray(changed)
                for one in proposals(networks, changed):
                    if _share(mask, one.box) <= _APART:
                        yield stored_crop(changed, one), one.score, name

    return Examples.of(crops())


def _share(mask: NDArray[np.uint8], box: Box) -> float:
    """How much of a box lies on a mask."""
    x, y, width, height = (round(value) for value in box)
    part = mask[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)]
    return float((part > 0).mean()) if part.size else 0.0


def _is_central(detection: Detection, image_bgr: NDArray[np.uint8]) -> bool:
    height, width = image_bgr.shape[:2]
    x, y = detection.centre
    return bool(
        abs(x - width / 2) < _CENTRAL * width
        and abs(y - height / 2) < _CENTRAL * height
        and max(detection.box[2:]) > _LEAST_FACE * width
    )


def _read(store: ImageStore, file: str) -> NDArray[np.uint8]:
    image = decode(store.read(file))
    if image is None:
        raise DataError(f"{file} is not a readable image.")
    return image
