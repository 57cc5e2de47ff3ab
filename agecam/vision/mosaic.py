"""Regions of an image side by side in one input of a face network: one run for several faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.face_network import FaceNetwork
from agecam.vision.pyramid import RoiImage

_PER_SIDE: Final = 2
MOSAIC_ROIS: Final = _PER_SIDE**2
"""Regions in one mosaic at most. A face two fifths of its region is a fifth of the short-range network's
input then: of 464 such faces of 60 to 80 pixels it detects all in mosaics, as it does alone."""
MOSAIC_FROM: Final = 3
"""Fewer regions have a run each: alone a face is seen larger, which tells where an image is overexposed."""
PART_PX: Final = 128
"""Side of a part in pixels, two for each of the network's input: up to there the bilinear resampling before
it leaves no pixel out, and boxes, which are of whole pixels here, are of half ones there."""


def detect_in_mosaic(network: FaceNetwork, regions: Sequence[RoiImage]) -> list[list[Detection]]:
    """What one run of a network detects in up to ``MOSAIC_ROIS`` regions each, in pixels of the whole image.

    Regions are square but for rounding, and at most twice as large as a part, since they are sampled.
    """
    side = _PER_SIDE * PART_PX
    mosaic = np.zeros((side, side, 3), np.uint8)
    for index, region in enumerate(regions):
        left, top = _corner(index)
        part = mosaic[top : top + PART_PX, left : left + PART_PX]
        cv2.resize(region.image_bgr, (PART_PX, PART_PX), dst=part, interpolation=cv2.INTER_LINEAR)
    found: list[list[Detection]] = [[] for _ in regions]
    for detection in network.detect(RoiImage(mosaic, 0, 0, 1)):
        index = _part_of(detection)
        if index < len(regions):
            found[index].append(_in_image(detection, index, regions[index]))
    return found


def _corner(index: int) -> tuple[int, int]:
    """Where a part begins in the mosaic, xy."""
    row, column = divmod(index, _PER_SIDE)
    return column * PART_PX, row * PART_PX


def _part_of(detection: Detection) -> int:
    """The part in which the middle of a face lies."""
    column, row = (min(max(0, int(at // PART_PX)), _PER_SIDE - 1) for at in detection.centre)
    return row * _PER_SIDE + column


def _in_image(detection: Detection, index: int, region: RoiImage) -> Detection:
    left, top = _corner(index)
    height_px, width_px = region.image_bgr.shape[:2]
    across, down = region.scale * width_px / PART_PX, region.scale * height_px / PART_PX
    x, y, width, height = detection.box
    box = (region.x0 + (x - left) * across, region.y0 + (y - top) * down, width * across, height * down)
    keypoints = (detection.keypoints - (left, top)) * (across, down) + (region.x0, region.y0)
    return replace(detection, box=box, keypoints=np.asarray(keypoints, np.float32))
