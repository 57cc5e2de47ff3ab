"""The window where there is little room or large text, in full screen, by keyboard alone, in both themes."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, QRect, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from agecam.live.recording import RecordingPhase
from agecam.live.state import SourceState
from agecam.ui.theme import DARK, LIGHT, MARK, ON_IMAGE, Tokens, apply_theme, tokens_for
from agecam.ui.window import MainWindow
from tests.ui.helpers import (
    MAX_WAIT_MS,
    OpenWindow,
    wait_for_labels,
    wait_for_recording,
    wait_for_state,
    wait_until_closed,
)


def place_in(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


def cut_off(window: MainWindow) -> list[str]:
    """The buttons on the bar and the page that do not lie wholly in the window, or on another."""
    page = window.current_page()
    assert page is not None
    shown = [
        widget
        for parent in (window.controls, page)
        for widget in parent.findChildren((QToolButton, QPushButton))
        if widget.isVisible()
    ]
    places = [place_in(widget, window) for widget in shown]
    return [
        widget.text()
        for widget, place in zip(shown, places, strict=True)
        if not window.rect().contains(place) or sum(place.intersects(other) for other in places) > 1
    ]


@pytest.mark.parametrize("scale", [1.0, 1.75])
def test_a_narrow_window_shows_every_button_also_with_large_text(
    qtbot: QtBot, open_window: OpenWindow, scale: float
) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    usual = application.font()
    large = application.font()
    large.setPointSizeF(usual.pointSizeF() * scale)
    application.setFont(large)
    try:
        window = open_window(None)
        wait_for_state(qtbot, window, SourceState.NO_CAMERA)
        page = window.page(SourceState.NO_CAMERA)
        qtbot.waitUntil(lambda: window.current_page() is page, timeout=MAX_WAIT_MS)
        for width, height in ((640, 480), (800, 480), (1120, 760)):
            window.resize(width, height)
            qtbot.waitUntil(lambda: cut_off(window) == [], timeout=MAX_WAIT_MS)
            assert (window.width(), window.height()) == (width, height)
    finally:
        application.setFont(usual)
        apply_theme(application)


def test_the_window_opens_no_larger_than_the_screen(open_window: OpenWindow) -> None:
    window = open_window(None)
    screen = window.screen()
    assert screen is not None
    room = screen.availableGeometry()
    assert window.width() <= room.width()
    assert window.height() <= room.height()


def test_full_screen_tells_of_recording_and_snapshots_and_hides_the_pointer(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip), loop=True, fullscreen=True)
    wait_for_labels(qtbot, window, people=1)
    qtbot.waitUntil(window.controls["record"].isEnabled, timeout=MAX_WAIT_MS)
    window.controls["record"].trigger()
    wait_for_recording(qtbot, window, RecordingPhase.ON, frames=5)
    mark = window.stage.recording
    qtbot.waitUntil(lambda: mark.isVisible() and "0:0" in mark.label.text(), timeout=MAX_WAIT_MS)
    assert window.rect().contains(place_in(mark, window))
    window.controls["snapshot"].trigger()
    qtbot.waitUntil(lambda: "Snapshot saved" in window.message_text(), timeout=MAX_WAIT_MS)
    assert window.stage.messages.isVisible()
    assert window.rect().contains(place_in(window.stage.messages, window))
    for _ in range(12):
        window.stage.look_at_pointer()
    assert window.stage.cursor().shape() is Qt.CursorShape.BlankCursor
    window.controls["leave"].trigger()
    window.stage.look_at_pointer()
    assert window.stage.cursor().shape() is Qt.CursorShape.ArrowCursor
    window.controls["record"].trigger()
    qtbot.waitUntil(lambda: "Recording saved" in window.message_text(), timeout=MAX_WAIT_MS)


def test_a_window_closed_in_full_screen_opens_as_it_was_before(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window(None)
    window.resize(700, 500)
    window.controls["fullscreen"].trigger()
    assert window.isFullScreen()
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    again = open_window(None)
    assert not again.isFullScreen()
    assert (again.width(), again.height()) == (700, 500)


def test_every_button_is_reached_by_tab_and_shows_that_it_has_the_focus(
    qtbot: QtBot, open_window: OpenWindow
) -> None:
    window = open_window(None)
    page = window.page(SourceState.NO_CAMERA)
    qtbot.waitUntil(lambda: window.current_page() is page, timeout=MAX_WAIT_MS)
    window.activateWindow()
    window.controls.button("open_file").setFocus()
    expected = {
        button.text()
        for parent in (window.controls, page)
        for button in parent.findChildren((QToolButton, QPushButton))
        if button.isVisible() and button.isEnabled()
    }
    reached: set[str] = set()
    for _ in range(30):
        focus = window.focusWidget()
        assert focus is not None
        if isinstance(focus, QToolButton | QPushButton):
            reached.add(focus.text())
        QTest.keyClick(focus, Qt.Key.Key_Tab)  # type: ignore[call-overload]  # static
    assert expected <= reached
    button = window.controls.button("open_file")
    window.controls.button("mirror").setFocus()
    without = button.grab().toImage()
    button.setFocus()
    if QApplication.focusWidget() is button:  # not every platform gives a window the focus
        assert button.grab().toImage() != without


def test_a_button_of_a_page_is_what_its_action_is(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    window = open_window(None, record=tmp_path / "out.mp4")
    page = window.page(SourceState.NO_CAMERA)
    qtbot.waitUntil(lambda: window.current_page() is page, timeout=MAX_WAIT_MS)
    wait_for_recording(qtbot, window, RecordingPhase.WAITING)
    state = {button.text(): button.isEnabled() for button in page.buttons}
    assert state == {"Try again": True, "Open file…": False, "Open address…": False, "Demo": False}
    window.controls["record"].trigger()
    wait_for_recording(qtbot, window, RecordingPhase.OFF)
    qtbot.waitUntil(lambda: all(button.isEnabled() for button in page.buttons), timeout=MAX_WAIT_MS)


def test_no_page_says_the_same_twice(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window(None)
    page = window.page(SourceState.NO_CAMERA)
    qtbot.waitUntil(lambda: "Plug one in" in page.message(), timeout=MAX_WAIT_MS)
    sentences = re.split(r"[.\n]+", page.message())
    assert "No camera is plugged in" not in sentences, "its title says that"
    assert len(sentences) == len(set(sentences))


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``: WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def over(colour: str, alpha: int, below: str) -> str:
    """What a colour that lets some of another one through looks like."""
    pairs = [
        (int(one[at : at + 2], 16), int(two[at : at + 2], 16))
        for one, two in [(colour, below)]
        for at in (1, 3, 5)
    ]
    mixed = [round((alpha * one + (255 - alpha) * two) / 255) for one, two in pairs]
    return "#" + "".join(f"{value:02x}" for value in mixed)


@pytest.mark.parametrize("below", ["#000000", "#ffffff", "#ffff00"])
def test_what_lies_over_the_picture_can_be_read_on_any_picture(below: str) -> None:
    plate = over(ON_IMAGE.plate, ON_IMAGE.plate_alpha, below)
    for text in (ON_IMAGE.text, ON_IMAGE.muted):
        assert contrast(text, plate) >= 4.5
    for line in (ON_IMAGE.first, ON_IMAGE.second):
        assert contrast(line, plate) >= 3
    # The marks of a recording that runs, and of one that is paused.
    assert contrast("#f2f3f5", over("#be2622", 235, below)) >= 4.5
    assert contrast("#f2f3f5", over("#6e540a", 235, below)) >= 4.5


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
def test_texts_can_be_read_in_both_themes(tokens: Tokens) -> None:
    assert all(re.fullmatch(r"#[0-9a-f]{6}", getattr(tokens, field.name)) for field in fields(tokens))
    for surface in (tokens.window, tokens.bar, tokens.button, tokens.button_hover):
        assert contrast(tokens.text, surface) >= 4.5
    for surface in (tokens.window, tokens.bar):
        assert contrast(tokens.text_muted, surface) >= 4.5
        assert contrast(tokens.focus, surface) >= 3
        assert contrast(tokens.focus, surface) >= 4.5, "links have this colour too"
        assert contrast(tokens.accent, surface) >= 3, "the border of what is switched on"
    assert contrast(tokens.text_on_checked, tokens.button_checked) >= 4.5
    assert contrast(tokens.text_on_accent, tokens.accent) >= 4.5
    assert contrast(tokens.text_muted, tokens.button) >= 4.5
    assert contrast(tokens.bar, tokens.warning) >= 4.5, "the pause button while it is pressed"
    for surface in (tokens.button, tokens.button_hover):
        assert contrast(tokens.record, surface) >= 4.5
    assert contrast("#ffffff", tokens.recording) >= 4.5
    assert contrast(MARK, tokens.button) >= 3
    assert contrast(MARK, tokens.bar) >= 3
    assert contrast("#ffffff", tokens.accent) >= 3
    for stripe in (tokens.done, tokens.warning, tokens.error):
        assert contrast(stripe, tokens.bar) >= 3


def test_the_theme_is_the_systems_unless_the_user_chooses() -> None:
    dark, light, unknown = Qt.ColorScheme.Dark, Qt.ColorScheme.Light, Qt.ColorScheme.Unknown
    assert [tokens_for("system", scheme) for scheme in (dark, light, unknown)] == [DARK, LIGHT, DARK]
    assert tokens_for("light", dark) is LIGHT
    assert tokens_for("dark", light) is DARK
