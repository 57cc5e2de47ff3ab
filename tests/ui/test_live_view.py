"""The live view: frames in the pixels of the screen, faces covered, mirrored but for texts."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QObject, QRect
from PyQt6.QtGui import QColor, QPaintEvent
from pytestqt.qtbot import QtBot

from agecam.drawing.annotate import Annotator, mirror_people
from agecam.drawing.label_text import LabelStyle
from agecam.live.pipeline import AnnotatedFrame, make_preview
from agecam.messages import Analysis, Detection, Estimate, Frame, Person
from agecam.opencv import cv2
from agecam.settings import Settings
from agecam.ui.video_view import VideoView
from tests.ui.helpers import MAX_WAIT_MS, OpenWindow, wait_for_labels

Image = NDArray[np.uint8]


def annotated_frame(image_bgr: Image, screen_wh: tuple[int, int] | None, *, mirrored: bool) -> AnnotatedFrame:
    """The astronaut with a box and a label, for a screen."""
    height, width = image_bgr.shape[:2]
    face = Detection((176.0, 67.0, 106.0, 106.0), 0.9, np.zeros((4, 2), np.float32))
    people: tuple[Person, ...] = (Person(1, face, Estimate(31.0, 24.0, 42.0, 0.95), None),)
    if mirrored:
        people = mirror_people(people, width)
    overlay = Annotator().lay_out((width, height), people, 0.0)
    preview = make_preview(image_bgr, overlay, screen_wh, mirrored=mirrored)
    return AnnotatedFrame(Analysis(Frame(image_bgr, 0.0, 0), people, {}), people, preview, None)


@pytest.mark.parametrize("mirrored", [False, True])
def test_an_image_of_the_views_size_is_painted_pixel_by_pixel_and_its_label_is_not_mirrored(
    qtbot: QtBot, astronaut_bgr: Image, mirrored: bool
) -> None:
    painted: list[AnnotatedFrame] = []
    view = VideoView(painted.append)
    qtbot.addWidget(view)
    view.resize(512, 512)
    annotated = annotated_frame(astronaut_bgr, (512, 512), mirrored=mirrored)
    view.show_frame(annotated)
    shown = view.grab().toImage()
    assert painted == [annotated]
    expected = cv2.flip(astronaut_bgr, 1) if mirrored else astronaut_bgr
    for x, y in ((40, 40), (256, 420), (470, 300)):  # off box and label
        blue, green, red = expected[y, x].tolist()
        assert shown.pixelColor(x, y) == QColor(red, green, blue)
    assert annotated.preview is not None
    (plate,) = annotated.preview.overlay.plates
    bar = shown.pixelColor(plate.x + 1, plate.y + plate.plate.size_wh[1] // 2)
    blue, green, red = plate.colour
    assert bar == QColor(red, green, blue), "the bar of a label is on its left, in a mirror too"
    box_x = 512 - 176 - 106 if mirrored else 176
    assert abs(plate.x + plate.plate.size_wh[0] / 2 - (box_x + 53)) < 2


class _PaintWatcher(QObject):
    """Remembers which part of a widget is painted."""

    def __init__(self) -> None:
        super().__init__()
        self.rects: list[QRect] = []

    def eventFilter(self, _watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        if isinstance(event, QPaintEvent):
            self.rects.append(event.rect())
        return False


def _is_last(annotated: AnnotatedFrame, painted: list[AnnotatedFrame]) -> bool:
    return bool(painted) and painted[-1] is annotated


def test_a_frame_of_another_size_alone_has_what_is_beside_it_painted_anew(
    qtbot: QtBot, astronaut_bgr: Image
) -> None:
    painted: list[AnnotatedFrame] = []
    view = VideoView(painted.append)
    qtbot.addWidget(view)
    view.resize(600, 512)
    watcher = _PaintWatcher()
    view.installEventFilter(watcher)
    view.show()
    square, dark = astronaut_bgr, np.zeros_like(astronaut_bgr)
    for image, rect in (
        (square, QRect(0, 0, 600, 512)),
        (dark, QRect(44, 0, 512, 512)),
        (square[:256], QRect(0, 0, 600, 512)),
        (square[256:], QRect(0, 106, 600, 300)),
    ):
        annotated = annotated_frame(np.ascontiguousarray(image), (600, 512), mirrored=False)
        view.show_frame(annotated)
        qtbot.waitUntil(partial(_is_last, annotated, painted), timeout=MAX_WAIT_MS)
        assert watcher.rects[-1] == rect
    screen = view.screen()
    assert screen is not None
    on_screen = screen.grabWindow(view.winId()).toImage()
    assert on_screen == view.grab().toImage(), "as if it were painted at once"


def test_a_paused_frame_gets_the_pixels_of_a_window_that_changes_its_size(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, settings: Settings
) -> None:
    chosen = replace(settings, show_people=False)  # which would take of its width
    window = open_window(str(demo_clip), loop=True, chosen=chosen)
    window.resize(700, 600)
    wait_for_labels(qtbot, window, people=1)
    window.session.playback.pause(True)
    qtbot.waitUntil(lambda: window.session.statistics().fps_captured == 0, timeout=MAX_WAIT_MS)

    def fills_the_view() -> bool:
        latest = window.session.latest()
        assert latest is not None
        assert latest.preview is not None
        rect = window.view.frame_rect()
        return latest.preview.image_bgra.shape[1::-1] == (rect.width(), rect.height())

    qtbot.waitUntil(fills_the_view, timeout=MAX_WAIT_MS)
    window.resize(1000, 760)
    qtbot.waitUntil(lambda: window.view.width() == 1000 and fills_the_view(), timeout=MAX_WAIT_MS)


def test_no_frame_from_before_faces_were_blurred_comes_after_that(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, settings: Settings
) -> None:
    window = open_window(str(demo_clip), loop=True, chosen=replace(settings, blur=False))
    wait_for_labels(qtbot, window, people=1)
    shown: list[bool] = []
    window.frame_shown.connect(lambda annotated: shown.append(annotated.style.blur))
    qtbot.waitUntil(lambda: len(shown) > 2, timeout=MAX_WAIT_MS)
    assert not any(shown)
    for _ in range(4):
        window.controls["blur"].trigger()
        shown.clear()
        qtbot.waitUntil(lambda: len(shown) > 3, timeout=MAX_WAIT_MS)
        assert all(shown), "from the first frame on"
        window.controls["blur"].trigger()
        qtbot.waitUntil(lambda: not shown[-1], timeout=MAX_WAIT_MS)


def test_with_labels_of_faces_that_are_large_alone_small_ones_have_a_box(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, settings: Settings
) -> None:
    window = open_window(str(demo_clip), loop=True, chosen=replace(settings, smallest_face="15%"))

    def has_box_without_label() -> bool:
        latest = window.session.latest()
        if latest is None or latest.preview is None or latest.style == LabelStyle():
            return False
        overlay = latest.preview.overlay
        labelled = sum(one.confirmed and one.estimate is not None for one in latest.people)
        return labelled == len(overlay.boxes) > len(overlay.plates)

    qtbot.waitUntil(has_box_without_label, timeout=MAX_WAIT_MS)
