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
PLATE_COLOUR: Final[Colour] = (24, 20, 20)
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
class PlateText:
    """A text on a plate: where its baseline begins, the size of its font, and how wide it is, all pixels.

    ``weight`` is the font's, as in CSS.
    """

    text: str
    x: int
    baseline: int
    size_px: int
    width_px: int
    weight: int
    colour: Colour


@dataclass(frozen=True, slots=True)
class Plate:
    """How a label is laid out: the dark plate, the bar of the person's colour on its left, and the texts.

    ``large``, ``small`` and ``text_px`` are what :func:`render_label` takes.
    """

    large: str
    small: tuple[str, ...]
    text_px: int
    size_wh: tuple[int, int]
    bar_px: int
    radius_px: int
    texts: tuple[PlateText, ...]


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
def lay_out_plate(large: str, small: tuple[str, ...], text_px: int) -> Plate:
    """A bar of the person's colour, the large text, beside it up to two small lines.

    ``text_px`` is the size of the large text; the plate is about 1.4 times as high.
    """
    # Parts of a text's size, and the fewest pixels that still show; chosen by eye.
    small_px = max(_SMALLEST_PX, round(_SMALL_RATIO * text_px))
    pad = max(3, round(0.24 * text_px))
    bar = max(3, round(0.14 * text_px))
    line = round(1.12 * small_px)
    capital = round(0.7 * text_px)  # the height of digits and capitals in this font
    height = max(capital, line * len(small)) + 2 * pad - (pad // 2 if len(small) == 2 else 0)
    with _drawing:
        large_width = _text_width(large, text_px, _LARGE_WEIGHT)
        small_widths = [_text_width(text, small_px, _SMALL_WEIGHT) for text in small]
    small_x = bar + pad + large_width + pad
    width = small_x + (max(small_widths) + pad if small else 0)
    baseline = (height + capital) // 2
    texts = [PlateText(large, bar + pad, baseline, text_px, large_width, _LARGE_WEIGHT, _LARGE_TEXT)]
    top = (height - line * len(small)) // 2
    for row, (text, text_width) in enumerate(zip(small, small_widths, strict=True)):
        baseline = top + row * line + (line + round(0.7 * small_px)) // 2
        texts.append(PlateText(text, small_x, baseline, small_px, text_width, _SMALL_WEIGHT, _SMALL_TEXT))
    return Plate(large, small, text_px, (width, height), bar, max(2, pad // 2), tuple(texts))


@lru_cache(maxsize=128)
def render_label(large: str, small: tuple[str, ...], text_px: int, colour: Colour) -> Label:
    """The plate of :func:`lay_out_plate`, drawn, with a bar of this colour."""
    plate = lay_out_plate(large, small, text_px)
    width, height = plate.size_wh
    image = np.empty((height, width, 3), dtype=np.uint8)
    image[:] = PLATE_COLOUR
    image[:, : plate.bar_px] = colour
    with _drawing:  # one font object, several threads that annotate
        for one in plate.texts:
            cv2.putText(image, one.text, (one.x, one.baseline), one.colour, _font(), one.size_px, one.weight)
    return Label(image, _rounded(width, height, plate.radius_px))


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
