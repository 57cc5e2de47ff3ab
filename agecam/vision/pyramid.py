"""An image at full size, half, a quarter and so on, and regions of it at the size a network takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2

Roi = tuple[int, int, int, int]
"""Region of interest of an image: x, y, width, height in pixels."""

_SMALLEST_TILE_PX: Final = 64
"""Side of a tile in pixels below which tiling is of no use: a face a twelfth of it has 5 pixels."""
_SMALL_PART: Final = 0.25
"""Part of an image up to which it is halved alone: the whole is then for more than that one. Chosen."""


@dataclass(frozen=True, slots=True)
class RoiImage:
    """A region of an image, shrunk.

    ``image_bgr`` is ``(h, w, 3)`` uint8; its pixel ``(u, v)`` begins at ``(x0 + scale * u, y0 + scale * v)``
    of the image.
    """

    image_bgr: NDArray[np.uint8]
    x0: int
    y0: int
    scale: int


class Pyramid:
    """Makes each size of an image ``(h, w, 3)`` uint8 once, when it is first asked for.

    Networks that take 192 pixels shrink larger input by sampling it; averaging first keeps small faces
    whole. Half and half again, because OpenCV averages 2 x 2 pixels several times as fast as other factors
    (1280 x 720 to a quarter: 0.26 ms instead of 0.95). Not thread-safe: one thread at a time.
    """

    def __init__(self, image_bgr: NDArray[np.uint8]) -> None:
        self._levels = [image_bgr]

    @property
    def image_bgr(self) -> NDArray[np.uint8]:
        return self._levels[0]

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the image, pixels."""
        height, width = self._levels[0].shape[:2]
        return width, height

    def half_of(self, level_bgr: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """The image at half the size of one of its sizes, each pixel the mean of four; ``None`` for others.

        A last odd row or column is left out.
        """
        for halvings, level in enumerate(self._levels):
            if level is level_bgr:
                return self._level(halvings + 1)
        return None

    def whole(self, longest_px: int) -> RoiImage:
        """The whole image, its longer side shrunk to ``longest_px`` at most."""
        return self.region((0, 0, *self.size_wh), longest_px)

    def region(self, roi: Roi, longest_px: int) -> RoiImage:
        """A region of the image, its longer side shrunk to ``longest_px`` at most.

        Edges are moved to whole pixels of the smaller image.
        """
        x, y, width, height = roi
        level = _halvings(max(width, height), longest_px)
        across, down = self._size_at(level)
        left, top = min(x >> level, across - 1), min(y >> level, down - 1)
        right = min(across, max(left + 1, (x + width) >> level))
        bottom = min(down, max(top + 1, (y + height) >> level))
        return RoiImage(self._part(level, left, top, right, bottom), left << level, top << level, 1 << level)

    def bordered(self, share: float, longest_px: int) -> RoiImage:
        """The whole image with its edge repeated all round, shrunk likewise.

        ``share`` is the border's width in sides of the image's longer side.
        """
        longest = max(self.size_wh)
        level = _halvings(longest + 2 * round(share * longest), longest_px)
        image = self._level(level)
        border = round(share * longest) >> level
        bordered = cv2.copyMakeBorder(image, *(border,) * 4, cv2.BORDER_REPLICATE)
        return RoiImage(np.asarray(bordered, np.uint8), -border << level, -border << level, 1 << level)

    def square(self, centre: tuple[float, float], side: float, longest_px: int) -> RoiImage:
        """A square of the image, shrunk likewise; what lies outside repeats the border."""
        level = _halvings(side, longest_px)
        width, height = self._size_at(level)
        scale = 1 << level
        size = max(2, round(side / scale))
        # A centre outside the image still has to leave a pixel of it in the square.
        left, top = (
            min(max(round(at / scale - size / 2), 1 - size), limit - 1)
            for at, limit in zip(centre, (width, height), strict=True)
        )
        right, bottom = left + size, top + size
        inside = self._part(level, max(0, left), max(0, top), min(right, width), min(bottom, height))
        margins = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
        if any(margins):
            inside = np.asarray(cv2.copyMakeBorder(inside, *margins, cv2.BORDER_REPLICATE), dtype=np.uint8)
        return RoiImage(inside, left << level, top << level, scale)

    def shrunk_face(self, face: Detection, least_px: float) -> tuple[NDArray[np.uint8], Detection]:
        """The smallest image in which a face's longer side still has so many pixels, and the face there."""
        side = max(face.box[2:])
        halvings = max(0, math.floor(math.log2(max(1.0, side / least_px))))
        scale = 1 << halvings
        x, y, width, height = (at / scale for at in face.box)
        # Keypoints count from the middle of the first pixel, as alignment takes them.
        keypoints = np.asarray((face.keypoints + 0.5) / scale - 0.5, np.float32)
        return self._level(halvings), replace(face, box=(x, y, width, height), keypoints=keypoints)

    def _level(self, halvings: int) -> NDArray[np.uint8]:
        while len(self._levels) <= halvings:
            self._levels.append(_halved(self._levels[-1]))
        return self._levels[halvings]

    def _size_at(self, halvings: int) -> tuple[int, int]:
        """Width and height of the image at one of its sizes."""
        width, height = (max(1, side >> halvings) for side in self.size_wh)
        return width, height

    def _part(self, halvings: int, left: int, top: int, right: int, bottom: int) -> NDArray[np.uint8]:
        """A part of the image at one of its sizes, in pixels of that.

        Of a size that is not made yet a small part is made alone, with the same pixels.
        """
        made = min(halvings, len(self._levels) - 1)
        width, height = self._size_at(halvings)
        if made < halvings and (right - left) * (bottom - top) > _SMALL_PART * width * height:
            self._level(halvings)
            made = halvings
        more = halvings - made
        part = self._levels[made][top << more : bottom << more, left << more : right << more]
        for _ in range(more):
            part = _halved(part)
        return part


def _halved(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = (max(1, side // 2) for side in image_bgr.shape[:2])
    even = image_bgr[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _halvings(side: float, longest_px: int) -> int:
    return max(0, math.ceil(math.log2(max(1.0, side / longest_px))))


def tiles(size_wh: tuple[int, int], side_px: int, stride: float) -> list[Roi]:
    """Square tiles that cover an image, each at most ``stride`` of its side after the one before.

    Their side is ``side_px``, or the shorter side of the image; none where that is too small to help.
    """
    size = min(side_px, *size_wh)
    if size < _SMALLEST_TILE_PX:
        return []
    lefts, tops = (
        np.linspace(0, side - size, 1 + int(np.ceil((side - size) / (stride * size)))) for side in size_wh
    )
    return [(round(x), round(y), size, size) for y in tops for x in lefts]
