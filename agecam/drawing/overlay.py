"""What lies over a frame, laid out and frozen: numpy draws it into files, the window draws it with Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from agecam.drawing.config import DEFAULT_CONFIG, DrawingConfig
from agecam.drawing.label_image import Colour, Plate
from agecam.drawing.label_layout import Box

Rect = tuple[int, int, int, int]
"""Left, top, right and bottom, whole pixels, which may lie outside the image."""

_CORNER_DEPTH: Final = 0.32
"""How far the line round a corner is from both sides of its box at most, as a part of the corner's radius:
1 - cos(15 degrees) / sqrt(2), in the middle of three chords."""
_LINE_REACH_PX: Final = 3
"""Besides the width of its line, for the dark edges, smoothing and rounding, pixels."""


@dataclass(frozen=True, slots=True)
class OutlinedBox:
    """The box about a face, pixels of the frame, and the colour of its line."""

    box: Box
    colour: Colour


@dataclass(frozen=True, slots=True)
class PlacedPlate:
    """A label: its plate, the pixel of the frame where its top left corner is, and the colour of its bar."""

    plate: Plate
    x: int
    y: int
    colour: Colour


@dataclass(frozen=True, slots=True)
class Overlay:
    """All that is drawn on a frame of ``size_wh`` pixels, in their order; all places are in those pixels.

    ``covered`` are the boxes whose faces are made unrecognisable, empty where the style blurs none;
    ``line_px`` is the width of the boxes' lines.
    """

    size_wh: tuple[int, int]
    covered: tuple[Box, ...]
    boxes: tuple[OutlinedBox, ...]
    plates: tuple[PlacedPlate, ...]
    line_px: int

    def rects(self, config: DrawingConfig = DEFAULT_CONFIG) -> tuple[Rect, ...]:
        """Rectangles outside of which drawing it changes nothing: plates, covered faces, four sides a box."""
        rects = [covered_rect(box, config) for box in self.covered]
        reach = self.line_px + _LINE_REACH_PX
        for one in self.boxes:
            x, y, width, height = one.box
            depth = reach + _CORNER_DEPTH * config.corner_radius * min(width, height)
            left, top, right, bottom = x - reach, y - reach, x + width + reach, y + height + reach
            inner = x + depth, y + depth, x + width - depth, y + height - depth
            rects.append(_whole(left, top, right, inner[1]))
            rects.append(_whole(left, inner[3], right, bottom))
            rects.append(_whole(left, top, inner[0], bottom))
            rects.append(_whole(inner[2], top, right, bottom))
        for placed in self.plates:
            width_px, height_px = placed.plate.size_wh
            rects.append((placed.x, placed.y, placed.x + width_px, placed.y + height_px))
        return tuple(rects)


def covered_rect(box: Box, config: DrawingConfig = DEFAULT_CONFIG) -> Rect:
    """What is made unrecognisable of a face in ``box``: hair, ears and chin included."""
    x, y, width, height = box
    across, down = config.blur_margin * width, config.blur_margin * height
    left, top = int(x - across), int(y - 1.5 * down)
    return left, top, int(x + width + across) + 1, int(y + height + down) + 1


def _whole(left: float, top: float, right: float, bottom: float) -> Rect:
    return math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)
