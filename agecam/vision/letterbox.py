"""An image as input of a face network, to the digit as MediaPipe makes it.

MediaPipe's ``ImageToTensorCalculator`` (``image_to_tensor_converter_opencv.cc``) warps the image, borders
black, to the network's square by OpenCV 4.10's ``warpPerspective``, which samples at 32nds of a pixel.
OpenCV 5 samples at exact places, up to 7 of 255 gray levels apart; ``remap`` with maps of fixed-point numbers
still is the old one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2

_STEPS: Final = 32
"""Places in a pixel at which OpenCV interpolates by maps of fixed-point numbers."""
_BLOCK: Final = 64
"""Columns that ``warpPerspective`` computes at a time, from the first on: their sums round alike."""


_LEVELS: Final[NDArray[np.float32]] = np.subtract(
    np.multiply(np.arange(256, dtype=np.uint8), np.float32(2 / 255), dtype=np.float32), np.float32(1)
)
"""What a network is given for each of 256 levels: a table takes half the time of the sums."""


class _Sampling(NamedTuple):
    """Where an image is sampled for the rows and columns of a square that show any of it."""

    rows: slice
    columns: slice
    places: NDArray[np.int16]
    """Whole pixels of the image, ``(rows, columns, 2)``, xy."""
    steps: NDArray[np.uint16]
    """Steps from them to the next, ``(rows, columns)``: those of x, and 32 times those of y."""


def letterbox(image_bgr: NDArray[np.uint8], model_input: NDArray[np.float32]) -> None:
    """Put the image ``(h, w, 3)`` uint8 in the middle of a square, its shape kept.

    The square is ``model_input``, ``(side, side, 3)`` float32, RGB: it is set to values in [-1, 1], -1 beside
    the image.
    """
    height, width = image_bgr.shape[:2]
    rows, columns, places, steps = _sampling(width, height, len(model_input))
    small = cv2.remap(image_bgr, places, steps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    # Channels change places after shrinking, which is the same and done on fewer pixels.
    small = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
    cv2.LUT(small, _LEVELS, dst=model_input[rows, columns])
    model_input[: rows.start] = model_input[rows.stop :] = -1
    model_input[:, : columns.start] = model_input[:, columns.stop :] = -1


# Whole frames and tiles come in few shapes, regions that verify faces in many: 11 MB at most. With 16 every
# fourth image of a room of twenty people has its shape worked out anew, in 0.3 ms.
@lru_cache(maxsize=48)
def _sampling(width: int, height: int, side_px: int) -> _Sampling:
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
    rows, columns = _showing(y, height, axis=1), _showing(x, width, axis=0)
    places = np.empty((side_px, side_px, 2), np.int16)
    places[..., 0] = x // _STEPS
    places[..., 1] = y // _STEPS
    steps = (y % _STEPS * _STEPS).astype(np.uint16) + (x % _STEPS).astype(np.uint16)
    return _Sampling(rows, columns, places[rows, columns].copy(), steps[rows, columns].copy())


def _showing(steps: NDArray[np.int32], size_px: int, axis: int) -> slice:
    """The rows or columns with a place less than a pixel off the image; all where there is none."""
    showing = np.asarray(((steps > -_STEPS) & (steps < _STEPS * size_px)).any(axis=axis), np.bool_)
    return slice(int(showing.argmax()), len(showing) - int(showing[::-1].argmax()))


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
