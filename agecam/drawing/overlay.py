"""What lies over a frame, laid out and frozen: numpy draws it into files, the window draws it with Qt."""

from __future__ import annotations

from dataclasses import dataclass

from agecam.drawing.label_image import Colour, Plate
from agecam.drawing.label_layout import Box


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
