"""An image as input of a face network, to the digit as MediaPipe makes it.

MediaPipe's ``ImageToTensorCalculator`` (``image_to_tensor_converter_opencv.cc``) warps the image, borders
black, to the network's square by OpenCV 4.10's ``warpPerspective``, which samples at 32nds of a pixel.
OpenCV 5 samples at exact places, up to 7 of 255 gray levels apart; ``remap`` with maps of fixed-point numbers
still is the old one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2

_STEPS: Final = 32
"""Places in a pixel at which OpenCV interpolates by maps of fixed-point numbers."""
_BLOCK: Final = 64
"""Columns that ``warpPerspective`` computes at a time, from the first on: their sums round alike."""


def letterbox(image_bgr: NDArray[np.uint8], side_px: int) -> NDArray[np.float32]:
    """The image ``(h, w, 3)`` uint8 in the middle of a square of so many pixels, its shape kept.

    Returns ``(1, side_px, side_px, 3)`` float32, RGB, in [-1, 1], -1 beside the image.
    """
    height, width = image_bgr.shape[:2]
    places, steps = _maps(width, height, side_px)
    small = cv2.remap(image_bgr, places, steps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    # Channels change places after shrinking, which is the same and done on fewer pixels.
    rgb = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8)
    scaled = np.multiply(rgb[np.newaxis], np.float32(2 / 255), dtype=np.float32)
    return np.subtract(scaled, np.float32(1), out=scaled)


# Whole frames and tiles come in few shapes, regions that verify faces in many: 4 MB at most.
@lru_cache(maxsize=16)
def _maps(width: int, height: int, side_px: int) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
    """Where in the image each pixel of the square is sampled: whole pixels xy, and steps between them."""
    longest = max(width, height)
    corners = cv2.boxPoints(((width / 2, height / 2), (longest, longest), 0.0))
    square = np.array(((0, side_px), (0, 0), (side_px, 0), (side_px, side_px)), np.float32)
    # The inverse by OpenCV too: where a place lies half-way between steps, its last bit decides.
    inverse = cv2.invert(cv2.getPerspectiveTransform(corners, square))[1]
    along = np.arange(side_px)
    down = along[:, np.newaxis]
    across, lengthwise = (down[:1], along[:1]) if _is_axis_aligned(inverse) else (down, along)
    x = _steps(inverse[0], inverse[2], along, across)
    y = _steps(inverse[1], inverse[2], lengthwise, down)
    places = np.empty((side_px, side_px, 2), np.int16)
    places[..., 0] = x // _STEPS
    places[..., 1] = y // _STEPS
    return places, (y % _STEPS * _STEPS).astype(np.uint16) + (x % _STEPS).astype(np.uint16)


def _is_axis_aligned(inverse: NDArray[np.float64]) -> bool:
    """Whether x follows from x alone, and y from y: rounding leaves 1e-19 of the other one in some sizes."""
    return not inverse[[0, 1, 2, 2], [1, 0, 0, 1]].any()


def _steps(
    row: NDArray[np.float64], unit_row: NDArray[np.float64], x: NDArray[np.int_], y: NDArray[np.int_]
) -> NDArray[np.int32]:
    """One coordinate in the image, in steps, of pixels ``(x, y)`` of the square, summed as OpenCV sums it."""
    block = x // _BLOCK * _BLOCK
    unit = unit_row[0] * block + unit_row[1] * y + unit_row[2] + unit_row[0] * (x - block)
    place = row[0] * block + row[1] * y + row[2] + row[0] * (x - block)
    return np.asarray(np.rint(place * (_STEPS / unit)), np.int32)
