"""The image of a frame for a screen: shrunk or enlarged to its pixels, faces covered, mirrored; no labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.drawing.annotate import pixelate
from agecam.drawing.label_layout import Box
from agecam.opencv import cv2

_BILINEAR_TO: Final = 0.75
"""Bilinear interpolation takes two pixels by two for one; below this scale it would leave out some, and fine
patterns would beat (moiré)."""
_SMOOTHINGS_PX: Final = ((0.63, 0.52), (0.5, 0.6))
"""Scales, and the standard deviation in pixels of a slight blur that prevents that down to there, largest
first. What is left of gratings, those finer than the pixels of the screen too, is at most 0.11 of their
contrast more than after enlarging to twice the size and the mean of four, which take 2.2 ms in place of 1.4
for 1280 x 720 pixels on 800 x 450; at 0.8 of the finest that the screen can show it is 0.54 to 0.62, not 0.65
to 0.69."""


HalfOf = Callable[[NDArray[np.uint8]], NDArray[np.uint8] | None]
"""Gives an image ``(h, w, 3)`` uint8 at half its size, each pixel the mean of four, if it has that."""


def fit_size(inner_wh: tuple[int, int], outer_wh: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the shape of ``inner_wh`` that fits into ``outer_wh``, whole pixels, 1 at least."""
    scale = min(outer_wh[0] / inner_wh[0], outer_wh[1] / inner_wh[1])
    return max(1, round(scale * inner_wh[0])), max(1, round(scale * inner_wh[1]))


def resize_smoothly(
    image_bgr: NDArray[np.uint8], size_wh: tuple[int, int], half_of: HalfOf | None = None
) -> NDArray[np.uint8]:
    """The image ``(h, w, 3)`` uint8 in another size, without moiré; itself where it has that size already.

    A chain of halvings, each pixel the mean of four, as in a mipmap (L. Williams, "Pyramidal parametrics",
    1983), which takes a fraction of the time of the mean over areas of any size. From there on bilinear
    interpolation of what was smoothed. Halves are taken from ``half_of`` where that has them.
    """
    while 2 * size_wh[0] <= image_bgr.shape[1]:
        image_bgr = _halved(image_bgr, half_of)
    if image_bgr.shape[1::-1] == size_wh:
        return image_bgr
    scale = size_wh[0] / image_bgr.shape[1]
    if scale < _BILINEAR_TO:
        smoothing_px = next(px for least, px in _SMOOTHINGS_PX if scale >= least)
        image_bgr = np.asarray(cv2.GaussianBlur(image_bgr, (3, 3), smoothing_px), np.uint8)
    return _resize(image_bgr, size_wh, cv2.INTER_LINEAR)


def preview_image(
    image_bgr: NDArray[np.uint8],
    size_wh: tuple[int, int],
    covered: Sequence[Box] = (),
    *,
    mirrored: bool = False,
    half_of: HalfOf | None = None,
) -> NDArray[np.uint8]:
    """The image ``(h, w, 3)`` uint8 as a screen shows it: ``(h, w, 4)`` uint8 of ``size_wh``, the last 255.

    The faces in ``covered``, boxes in pixels of ``image_bgr`` or of its mirror image where that is shown, are
    made unrecognisable. Such an image is painted five times faster than one of three channels.
    """
    across, down = size_wh[0] / image_bgr.shape[1], size_wh[1] / image_bgr.shape[0]
    shown = np.asarray(
        cv2.cvtColor(resize_smoothly(image_bgr, size_wh, half_of), cv2.COLOR_BGR2BGRA), np.uint8
    )
    if mirrored:
        cv2.flip(shown, 1, dst=shown)  # pixels of four bytes, in half the time that those of three take
    for x, y, width, height in covered:
        pixelate(shown, (x * across, y * down, width * across, height * down))
    shown.flags.writeable = False
    return shown


def _halved(image_bgr: NDArray[np.uint8], half_of: HalfOf | None) -> NDArray[np.uint8]:
    height, width = image_bgr.shape[:2]
    half = None if half_of is None or width % 2 or height % 2 else half_of(image_bgr)
    return _resize(image_bgr, (width // 2, max(1, height // 2)), cv2.INTER_AREA) if half is None else half


def _resize(image: NDArray[np.uint8], size_wh: tuple[int, int], how: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, size_wh, interpolation=how), np.uint8)
