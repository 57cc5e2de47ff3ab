"""Boxes and labels in the window are where those of files are, and say the same, at any scale."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QImage, QPaintDevice, QPaintEngine, QPaintEngineState, QPainter, QTextItem, QTransform
from pytestqt.qtbot import QtBot

from agecam.drawing.annotate import Annotator, draw_overlay
from agecam.drawing.label_image import PLATE_COLOUR
from agecam.drawing.label_text import LabelStyle
from agecam.drawing.overlay import Overlay
from agecam.messages import Detection, Estimate, Person
from agecam.opencv import cv2
from agecam.ui.overlay_painter import paint_overlay, paint_plate

Image = NDArray[np.uint8]
Rect = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels of the frame."""

SIZE = (640, 360)


def overlay(style: LabelStyle | None = None) -> Overlay:
    """Three people, one with an age in doubt, one at the edge."""
    people = [
        Person(number, Detection((x, y, side, side), 0.9, np.zeros((4, 2), np.float32)), estimate, None)
        for number, (x, y, side, estimate) in enumerate(
            [
                (60.3, 40.7, 90.0, Estimate(34.4, 28.2, 41.0, 0.93)),
                (260.0, 150.0, 130.5, Estimate(52.0, 31.0, 71.0, 0.1)),
                (560.0, 250.0, 70.0, Estimate(8.0, 5.0, 11.0, 0.5)),
            ]
        )
    ]
    return Annotator(style or LabelStyle(show_confidence=True)).lay_out(SIZE, people, 0.0)


def painted(laid_out: Overlay, scale: float) -> Image:
    """What Qt paints on gray, ``(h, w, 3)`` uint8, at so many pixels of the screen for one of the frame."""
    width, height = round(scale * SIZE[0]), round(scale * SIZE[1])
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(0x808080)
    painter = QPainter(image)
    paint_overlay(painter, laid_out, QRectF(0, 0, width, height))
    painter.end()
    bits = image.constBits()
    assert bits is not None
    bits.setsize(image.sizeInBytes())
    pixels: Image = np.frombuffer(bits.asstring(), np.uint8).reshape(height, width, 4)
    return pixels[..., :3]


def plates_in(image: Image, scale: float) -> list[Rect]:
    """The plates of labels in an image without the bars of a colour, sorted by their left side."""
    is_plate = (np.abs(image.astype(int) - PLATE_COLOUR).max(axis=2) <= 2).astype(np.uint8)
    side = 2 * round(2 * scale) + 1
    solid = cv2.morphologyEx(is_plate, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))  # no lines of boxes
    closed = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((3 * side, 5 * side), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(closed)
    found = [(x, y, x + width, y + height) for x, y, width, height, _ in stats[1:].tolist()]
    return sorted((x / scale, y / scale, right / scale, bottom / scale) for x, y, right, bottom in found)


def outlines_in(image: Image, scale: float) -> list[Rect]:
    """What differs from the gray, as rectangles, sorted by their left side."""
    is_drawn = (np.abs(image.astype(int) - 128).max(axis=2) > 40).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(is_drawn)
    found = [(x, y, x + width, y + height) for x, y, width, height, _ in stats[1:].tolist()]
    return sorted(
        (x / scale, y / scale, right / scale, bottom / scale)
        for x, y, right, bottom in found
        if right - x > 20 * scale
    )


@pytest.mark.parametrize("scale", [1.0, 1.25, 2.0, 3.0])
def test_plates_are_at_the_same_places_as_in_files(qtbot: QtBot, scale: float) -> None:
    laid_out = overlay()
    drawn = plates_in(draw_overlay(np.full((*SIZE[::-1], 3), 128, np.uint8), laid_out), 1.0)
    expected = sorted(
        (one.x + one.plate.bar_px, one.y, one.x + one.plate.size_wh[0], one.y + one.plate.size_wh[1])
        for one in laid_out.plates
    )
    assert len(expected) == 3
    np.testing.assert_allclose(drawn, expected, atol=1)
    np.testing.assert_allclose(plates_in(painted(laid_out, scale), scale), expected, atol=1)


@pytest.mark.parametrize("scale", [1.0, 1.25, 2.0])
def test_boxes_are_at_the_same_places_as_in_files(qtbot: QtBot, scale: float) -> None:
    style = LabelStyle("none", show_interval=False, show_gender=False)  # boxes alone
    laid_out = overlay(style)
    assert not laid_out.plates
    drawn = outlines_in(draw_overlay(np.full((*SIZE[::-1], 3), 128, np.uint8), laid_out), 1.0)
    assert len(drawn) == len(laid_out.boxes) == 3
    np.testing.assert_allclose(outlines_in(painted(laid_out, scale), scale), drawn, atol=1)
    for outline, one in zip(drawn, sorted(one.box for one in laid_out.boxes), strict=True):
        x, y, width, height = one
        np.testing.assert_allclose(
            outline, (x, y, x + width, y + height), atol=3
        )  # half the line, and a pixel


@dataclass
class Texts:
    """What was written, and where its baseline began, in the painter's own coordinates."""

    written: list[tuple[str, float, float]] = field(default_factory=list)
    right_edges: list[float] = field(default_factory=list)


class RecordingEngine(QPaintEngine):
    """Notes the texts that a painter writes."""

    def __init__(self, texts: Texts) -> None:
        super().__init__(QPaintEngine.PaintEngineFeature.AllFeatures)
        self._texts = texts
        self._transform = QTransform()

    def begin(self, pdev: QPaintDevice | None) -> bool:
        return True

    def end(self) -> bool:
        return True

    def type(self) -> QPaintEngine.Type:
        return QPaintEngine.Type.User

    def updateState(self, state: QPaintEngineState) -> None:  # noqa: N802
        self._transform = state.transform()

    def drawTextItem(self, p: QPointF, textItem: QTextItem) -> None:  # noqa: N802, N803
        at = self._transform.map(p)
        end = self._transform.map(QPointF(p.x() + textItem.width(), p.y()))
        self._texts.written.append((textItem.text(), at.x(), at.y()))
        self._texts.right_edges.append(end.x())

    def drawPath(self, path: object) -> None: ...  # noqa: N802
    def drawPixmap(self, *args: object) -> None: ...  # noqa: N802


class RecordingDevice(QPaintDevice):
    """A device of the frame's size that only notes texts."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._engine = RecordingEngine(texts)

    def paintEngine(self) -> QPaintEngine:  # noqa: N802
        return self._engine

    def metric(self, metric: QPaintDevice.PaintDeviceMetric) -> int:
        kinds = QPaintDevice.PaintDeviceMetric
        sizes = {kinds.PdmWidth: 2 * SIZE[0], kinds.PdmHeight: 2 * SIZE[1], kinds.PdmDepth: 24}
        ratios = {kinds.PdmDevicePixelRatio: 1, kinds.PdmDevicePixelRatioScaled: 0x10000}
        return {**sizes, **ratios}.get(metric, 96)


@pytest.mark.parametrize(
    "style", [LabelStyle(), LabelStyle("group", show_confidence=True)], ids=["years", "groups"]
)
def test_texts_are_the_same_as_in_files_and_stay_on_their_plates(qtbot: QtBot, style: LabelStyle) -> None:
    laid_out = overlay(style)
    texts = Texts()
    device = RecordingDevice(texts)
    painter = QPainter(device)
    painter.scale(2, 2)
    for one in laid_out.plates:
        painter.save()
        painter.translate(one.x, one.y)
        paint_plate(painter, one.plate, one.colour)
        painter.restore()
    painter.end()
    expected = [
        (text.text, 2 * (one.x + text.x), 2 * (one.y + text.baseline))
        for one in laid_out.plates
        for text in one.plate.texts
    ]
    assert len(expected) >= 6
    assert [text for text, _, _ in texts.written] == [text for text, _, _ in expected]
    for written, wanted in zip(texts.written, expected, strict=True):
        assert written[1:] == pytest.approx(wanted[1:], abs=1)
    edges = [2 * (one.x + one.plate.size_wh[0]) for one in laid_out.plates for _ in one.plate.texts]
    for right, edge in zip(texts.right_edges, edges, strict=True):
        assert right <= edge


def test_nothing_is_painted_outside_the_frame(qtbot: QtBot) -> None:
    image = QImage(SIZE[0] + 200, SIZE[1], QImage.Format.Format_RGB32)
    image.fill(0x808080)
    painter = QPainter(image)
    paint_overlay(painter, overlay(), QRectF(100, 0, *SIZE))
    painter.end()
    outside = {image.pixel(x, y) & 0xFFFFFF for x in (98, SIZE[0] + 101) for y in range(SIZE[1])}
    assert outside == {0x808080}


def test_a_label_is_as_sharp_wherever_it_stands(qtbot: QtBot) -> None:
    """It is copied to whole pixels of the screen, so that no movement blurs it."""
    laid_out = overlay()
    moved = replace(
        laid_out, boxes=(), plates=tuple(replace(one, x=one.x + 1, y=one.y + 1) for one in laid_out.plates)
    )
    still = replace(laid_out, boxes=())
    scale = 1.3
    first, second = painted(still, scale), painted(moved, scale)
    for one, other in zip(still.plates, moved.plates, strict=True):
        width, height = (int(scale * side) for side in one.plate.size_wh)
        pixels = []
        for image, placed in ((first, one), (second, other)):
            x, y = round(scale * placed.x), round(scale * placed.y)
            pixels.append(image[y : y + height, x : x + width])
        np.testing.assert_array_equal(pixels[0], pixels[1])
