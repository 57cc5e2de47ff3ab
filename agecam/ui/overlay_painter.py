"""Boxes and labels over the live view: the overlay that files get, as vectors in the screen's resolution."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from PyQt6.QtCore import QPoint, QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from agecam.drawing.annotate import DARK
from agecam.drawing.config import DEFAULT_CONFIG, DrawingConfig
from agecam.drawing.label_image import PLATE_COLOUR, Colour, Plate, PlateText
from agecam.drawing.overlay import OutlinedBox, Overlay

_FONT_PX: Final = 64
"""Fonts are measured at this size, and scaled to that of the text: widths grow evenly with it."""


def paint_overlay(
    painter: QPainter, overlay: Overlay, rect: QRectF, config: DrawingConfig = DEFAULT_CONFIG
) -> None:
    """Paint the boxes and labels of a frame that fills ``rect``, in the painter's coordinates.

    What is to be covered is not painted: the image under it has it already. Those coordinates should be the
    pixels of the screen: labels are painted once in them, and then copied to whole pixels.
    """
    across, down = rect.width() / overlay.size_wh[0], rect.height() / overlay.size_wh[1]
    painter.save()
    painter.setRenderHints(QPainter.RenderHint.Antialiasing)
    painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
    painter.save()
    painter.translate(rect.topLeft())
    painter.scale(across, down)
    # Where a pixel of the frame has its middle, a coordinate of Qt's has its corner.
    painter.translate(0.5, 0.5)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for outlined in overlay.boxes:
        _paint_box(painter, outlined, overlay.line_px, config)
    painter.restore()
    for placed in overlay.plates:
        corner = QPoint(round(rect.x() + across * placed.x), round(rect.y() + down * placed.y))
        painter.drawImage(corner, _plate_image(placed.plate, placed.colour, across, down))
    painter.restore()


def _paint_box(painter: QPainter, outlined: OutlinedBox, line_px: int, config: DrawingConfig) -> None:
    rect = QRectF(*outlined.box)
    radius = min(rect.width(), rect.height()) * config.corner_radius
    dark_px = max(1, line_px // 3)
    # One wide dark line under the coloured one: it shows at both edges.
    for pen in (_pen(DARK, line_px + 2 * dark_px), _pen(outlined.colour, line_px)):
        painter.setPen(pen)
        painter.drawRoundedRect(rect, radius, radius)


@lru_cache(maxsize=64)
def _pen(colour: Colour, width_px: int) -> QPen:
    return QPen(_qt(colour), width_px)


@lru_cache(maxsize=64)
def _plate_image(plate: Plate, colour: Colour, across: float, down: float) -> QImage:
    """The label in the pixels of the screen, ``across`` by ``down`` of them for a pixel of the frame."""
    width, height = math.ceil(across * plate.size_wh[0]), math.ceil(down * plate.size_wh[1])
    image = QImage(max(1, width), max(1, height), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    painter.scale(across, down)
    paint_plate(painter, plate, colour)
    painter.end()
    return image


def paint_plate(painter: QPainter, plate: Plate, colour: Colour) -> None:
    """Paint a label with its corner at the origin, in pixels of the frame, and a bar of that colour."""
    rect = QRectF(0, 0, *plate.size_wh)
    painter.setPen(QColor(0, 0, 0, 0))
    bar = QRectF(0, 0, plate.bar_px, rect.height())
    for fill, part in ((PLATE_COLOUR, rect), (colour, bar)):
        painter.save()
        painter.setClipRect(part, Qt.ClipOperation.IntersectClip)
        painter.setBrush(_qt(fill))
        painter.drawRoundedRect(rect, plate.radius_px, plate.radius_px)
        painter.restore()
    for text in plate.texts:
        _paint_text(painter, text)


def _paint_text(painter: QPainter, text: PlateText) -> None:
    font, advance = _measured(text.text, text.weight)
    scale = text.size_px / _FONT_PX
    # The system's font is not that of files: where its letters are wider they are set closer.
    narrowed = min(1.0, text.width_px / (advance * scale)) if advance else 1.0
    painter.save()
    painter.translate(text.x, text.baseline)
    painter.scale(scale * narrowed, scale)
    painter.setFont(font)
    painter.setPen(_qt(text.colour))
    painter.drawText(QPointF(0, 0), text.text)
    painter.restore()


@lru_cache(maxsize=128)
def _measured(text: str, weight: int) -> tuple[QFont, float]:
    font = QFont()
    font.setPixelSize(_FONT_PX)
    font.setWeight(weight)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font, QFontMetricsF(font).horizontalAdvance(text)


def _qt(colour: Colour) -> QColor:
    blue, green, red = colour
    return QColor(red, green, blue)
