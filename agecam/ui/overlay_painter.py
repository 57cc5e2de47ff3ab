"""Boxes and labels over the live view: the overlay that files get, as vectors in the screen's resolution."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PyQt6.QtCore import QPointF, QRectF, QSizeF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from agecam.drawing.annotate import DARK
from agecam.drawing.config import DEFAULT_CONFIG, DrawingConfig
from agecam.drawing.label_image import PLATE_COLOUR, Colour, PlateText
from agecam.drawing.overlay import OutlinedBox, Overlay, PlacedPlate

_FONT_PX: Final = 64
"""Fonts are measured at this size, and scaled to that of the text: widths grow evenly with it."""


def paint_overlay(
    painter: QPainter, overlay: Overlay, rect: QRectF, config: DrawingConfig = DEFAULT_CONFIG
) -> None:
    """Paint the boxes and labels of a frame that fills ``rect``, in the painter's coordinates.

    What is to be covered is not painted: the image under it has it already.
    """
    painter.save()
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
    painter.translate(rect.topLeft())
    painter.scale(rect.width() / overlay.size_wh[0], rect.height() / overlay.size_wh[1])
    # Where a pixel of the frame has its middle, a coordinate of Qt's has its corner.
    painter.translate(0.5, 0.5)
    for outlined in overlay.boxes:
        _paint_box(painter, outlined, overlay.line_px, config)
    painter.translate(-0.5, -0.5)
    for placed in overlay.plates:
        _paint_plate(painter, placed)
    painter.restore()


def _paint_box(painter: QPainter, outlined: OutlinedBox, line_px: int, config: DrawingConfig) -> None:
    rect = QRectF(*outlined.box)
    radius = min(rect.width(), rect.height()) * config.corner_radius
    dark_px = max(1, line_px // 3)
    painter.setBrush(QColor(0, 0, 0, 0))
    # One wide dark line under the coloured one: it shows at both edges.
    for colour, width_px in ((DARK, line_px + 2 * dark_px), (outlined.colour, line_px)):
        painter.setPen(QPen(_qt(colour), width_px))
        painter.drawRoundedRect(rect, radius, radius)


def _paint_plate(painter: QPainter, placed: PlacedPlate) -> None:
    plate = placed.plate
    rect = QRectF(placed.x, placed.y, *plate.size_wh)
    painter.setPen(QColor(0, 0, 0, 0))
    bar = QRectF(rect.topLeft(), QSizeF(plate.bar_px, rect.height()))
    for colour, part in ((PLATE_COLOUR, rect), (placed.colour, bar)):
        painter.save()
        painter.setClipRect(part, Qt.ClipOperation.IntersectClip)
        painter.setBrush(_qt(colour))
        painter.drawRoundedRect(rect, plate.radius_px, plate.radius_px)
        painter.restore()
    for text in plate.texts:
        _paint_text(painter, text, rect.topLeft())


def _paint_text(painter: QPainter, text: PlateText, corner: QPointF) -> None:
    font, advance = _measured(text.text, text.weight)
    scale = text.size_px / _FONT_PX
    # The system's font is not that of files: where its letters are wider they are set closer.
    narrowed = min(1.0, text.width_px / (advance * scale)) if advance else 1.0
    painter.save()
    painter.translate(corner.x() + text.x, corner.y() + text.baseline)
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
