"""The plate with a person's age and gender, drawn once for each text and size and then only copied."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2

Colour = tuple[int, int, int]
"""Blue, green, red, each 0 to 255."""

# All chosen by eye on real clips. Colours: light text on a nearly black plate can be read over any image.
_PLATE: Final[Colour] = (24, 20, 20)
_LARGE_TEXT: Final[Colour] = (255, 255, 255)
_SMALL_TEXT: Final[Colour] = (225, 225, 225)
_LARGE_WEIGHT: Final = 700
_SMALL_WEIGHT: Final = 500
"""Weights of the font, as in CSS: bold and medium."""
_SMALL_RATIO: Final = 0.54
"""Size of small text as a part of the large text's."""
_SMALLEST_PX: Final = 11
"""No small text is smaller, pixels: below, it cannot be read."""

_drawing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Label:
    """A drawn label: ``(h, w, 3)`` uint8 BGR, and where it covers the image, ``(h, w)`` uint8, 0 or 1."""

    image_bgr: NDArray[np.uint8]
    covers: NDArray[np.uint8]

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.image_bgr.shape[1]), int(self.image_bgr.shape[0])

    def paste(self, image_bgr: NDArray[np.uint8], x: int, y: int) -> None:
        """Copy it onto ``image_bgr`` with its top left corner at ``(x, y)``; what sticks out is cut off."""
        width, height = self.size_wh
        left, top = max(0, -x), max(0, -y)
        right, bottom = min(width, image_bgr.shape[1] - x), min(height, image_bgr.shape[0] - y)
        if right <= left or bottom <= top:
            return
        part = (slice(top, bottom), slice(left, right))
        target = image_bgr[y + top : y + bottom, x + left : x + right]
        cv2.copyTo(self.image_bgr[part], self.covers[part], target)  # a tenth of the time of np.copyto


@lru_cache(maxsize=1024)
def render_label(large: str, small: tuple[str, ...], text_px: int, colour: Colour) -> Label:
    """A dark plate: a bar of the person's colour, the large text, beside it up to two small lines.

    ``text_px`` is the size of the large text; the plate is about 1.4 times as high.
    """
    small_px = max(_SMALLEST_PX, round(_SMALL_RATIO * text_px))
    with _drawing:  # one font object, several threads that annotate
        return _draw(large, small, text_px, small_px, colour)


def _draw(large: str, small: tuple[str, ...], text_px: int, small_px: int, colour: Colour) -> Label:
    # Parts of a text's size, and the fewest pixels that still show; chosen by eye.
    pad = max(3, round(0.24 * text_px))
    bar = max(3, round(0.14 * text_px))
    line = round(1.12 * small_px)
    capital = round(0.7 * text_px)  # the height of digits and capitals in this font
    height = max(capital, line * len(small)) + 2 * pad - (pad // 2 if len(small) == 2 else 0)
    large_width = _text_width(large, text_px, _LARGE_WEIGHT)
    small_width = max((_text_width(text, small_px, _SMALL_WEIGHT) for text in small), default=0)
    width = bar + pad + large_width + (pad + small_width if small else 0) + pad

    image = np.empty((height, width, 3), dtype=np.uint8)
    image[:] = _PLATE
    image[:, :bar] = colour
    _put(image, large, (bar + pad, (height + capital) // 2), text_px, _LARGE_WEIGHT, _LARGE_TEXT)
    top = (height - line * len(small)) // 2
    for row, text in enumerate(small):
        baseline = top + row * line + (line + round(0.7 * small_px)) // 2
        x = bar + pad + large_width + pad
        _put(image, text, (x, baseline), small_px, _SMALL_WEIGHT, _SMALL_TEXT)
    return Label(image, _rounded(width, height, max(2, pad // 2)))


def _rounded(width: int, height: int, radius: int) -> NDArray[np.uint8]:
    mask = np.zeros((height, width), dtype=np.uint8)
    cv2.rectangle(mask, (radius, 0), (width - 1 - radius, height - 1), 1, cv2.FILLED)
    cv2.rectangle(mask, (0, radius), (width - 1, height - 1 - radius), 1, cv2.FILLED)
    for x in (radius, width - 1 - radius):
        for y in (radius, height - 1 - radius):
            cv2.circle(mask, (x, y), radius, 1, cv2.FILLED)
    return mask


@lru_cache(maxsize=1)
def _font() -> Any:
    return cv2.FontFace("sans")  # built into OpenCV 5, of variable weight


def _text_width(text: str, size_px: int, weight: int) -> int:
    return int(cv2.getTextSize((0, 0), text, (0, 0), _font(), size_px, weight)[2])


def _put(
    image: NDArray[np.uint8], text: str, org: tuple[int, int], size_px: int, weight: int, colour: Colour
) -> None:
    cv2.putText(image, text, org, colour, _font(), size_px, weight)
