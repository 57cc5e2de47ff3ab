"""Detection in single photographs, with all the time it takes: tiles, a border, verification."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.face_networks import FaceNetworks, crop_rois, detect_rois
from agecam.vision.nms import non_max_suppression, translated
from agecam.vision.pyramid import Pyramid, tiles


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """Settings of :func:`search_image`; scores are in [0, 1].

    Set on the 259 faces of 21 group photographs (``benchmarks/group_photographs.py``), where they give
    96.1 % of all faces, 99.2 % of those of 48 pixels and more, and 1.5 % extra boxes.
    """

    tiles_per_side: tuple[int, ...] = (2, 3)
    """Tiles have a half and a third of the image's longer side."""
    crowd_tiles_per_side: tuple[int, ...] = (4, 6)
    """And these where the tiles before show small faces: with them 96.1 % of faces instead of 84.2 %."""
    crowd_face_size: float = 0.12
    """A face this small, as a share of a tile's side, makes smaller ones likely."""
    stride: float = 0.6
    """Of a tile's side, so that neighbouring tiles overlap by the largest face that they are for."""
    min_face_px: int = 12
    """Smaller detections are as often a collar as a face, and nothing could be estimated from them."""
    clear_score: float = 0.75
    """Score from which a detection needs no verification."""
    min_confidence: float = 0.5
    """Confidence from which verification confirms a detection of a lower score."""
    filling_size: float = 0.7
    """A face this large, as a share of the image's longer side, fills it: the usual verification would show
    little but a made-up border (9 of 200 FairFace images were lost so, now 1 of 120)."""
    filling_sides: float = 2.0
    """Side of the region that verifies such a face, in sides of the face."""
    filling_min_score: float = 0.6
    """Score that one of the networks must give it there; the two disagree on faces so near."""


_BORDER_SHARE: Final = 0.3
"""Width of :func:`with_border` as a share of the image's longer side; a constant, since training cuts its
crops with it. Without a border 11 of 150 FairFace images had no detection, with this one none of 70."""


def search_image(
    networks: FaceNetworks, image_bgr: NDArray[np.uint8], config: SearchConfig, *, crowd_score: float
) -> list[Detection]:
    """Faces of one image ``(h, w, 3)`` uint8, from left to right.

    ``crowd_score`` is the score from which a small face makes smaller tiles worth their time.
    """
    pyramid = Pyramid(image_bgr)
    found = networks.detect_whole(pyramid)
    bordered, border_px = with_border(image_bgr)
    found += [translated(one, -border_px, -border_px) for one in networks.detect_whole(Pyramid(bordered))]
    smallest = 0.0
    for per_side in (*config.tiles_per_side, *config.crowd_tiles_per_side):
        if per_side in config.crowd_tiles_per_side and smallest > config.crowd_face_size:
            break
        rois = tiles(pyramid.size_wh, per_side, config.stride)
        on_tiles = detect_rois(networks.full_range, pyramid.size_wh, crop_rois(pyramid, rois))
        sizes = (max(one.box[2:]) / rois[0][2] for one in on_tiles if one.score >= crowd_score)
        smallest = min(sizes, default=1.0)
        found += on_tiles
    large_enough = (one for one in found if max(one.box[2:]) >= config.min_face_px)
    faces = non_max_suppression(large_enough, lambda one: _confirmed(networks, pyramid, one, config))
    return sorted(faces, key=lambda face: face.box[0])


def _confirmed(
    networks: FaceNetworks, pyramid: Pyramid, detection: Detection, config: SearchConfig
) -> Detection | None:
    if detection.score >= config.clear_score:
        return detection
    if max(detection.box[2:]) > config.filling_size * max(pyramid.size_wh):
        best = networks.best_around(pyramid, detection, config.filling_sides)
        return detection if any(one.score >= config.filling_min_score for one in best) else None
    confidence = networks.verify(pyramid, detection).confidence
    if confidence < config.min_confidence:
        return None
    return replace(detection, score=max(detection.score, confidence))


def with_border(image_bgr: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    """The image with its edge repeated all round, and by how many pixels: for faces that fill an image.

    Both networks miss such faces, or misplace their eyes and mouth, until there is something round them.
    """
    border_px = round(_BORDER_SHARE * max(image_bgr.shape[:2]))
    margins = (border_px,) * 4
    return np.asarray(cv2.copyMakeBorder(image_bgr, *margins, cv2.BORDER_REPLICATE), np.uint8), border_px
