"""Files in the window: the bar that plays them, its keys, and what is dropped on the window."""

from pathlib import Path

import pytest
from PyQt6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent, QKeyEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from agecam.live.playback import PlaybackState
from agecam.live.recording import RecordingPhase, RecordingState
from agecam.live.state import SessionState, SourceState, SourceStatus
from agecam.settings import Settings
from agecam.ui.view_state import PlaybackView, WindowFacts, view_state
from agecam.ui.window import MainWindow
from tests.ui.helpers import MAX_WAIT_MS, OpenWindow, wait_for_state


def state_of(window: MainWindow) -> PlaybackState:
    state = window.session.state().playback
    assert state is not None
    return state


def shown_s(window: MainWindow) -> float:
    latest = window.session.latest()
    return -1.0 if latest is None else latest.analysis.frame.time_s


def press(window: MainWindow, key: Qt.Key) -> None:
    QTest.keyClick(window.view, key)  # type: ignore[call-overload]  # static


def test_a_file_is_paused_stepped_and_sought_by_keys_and_by_the_bar(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip))
    wait_for_state(qtbot, window, SourceState.LIVE)
    bar = window.stage.playback
    qtbot.waitUntil(bar.isVisible, timeout=MAX_WAIT_MS)
    press(window, Qt.Key.Key_Space)
    assert state_of(window).is_paused
    qtbot.waitUntil(lambda: "paused" in window.status_text(), timeout=MAX_WAIT_MS)
    bar.seek_bar.setValue(500)
    qtbot.waitUntil(lambda: state_of(window).position_s == pytest.approx(5.0), timeout=MAX_WAIT_MS)
    qtbot.waitUntil(lambda: bar.time.text() == "0:05 / 0:13", timeout=MAX_WAIT_MS)
    for key, position_s in (
        (Qt.Key.Key_Period, 5.04),
        (Qt.Key.Key_Comma, 5.0),
        (Qt.Key.Key_Right, 10.0),
        (Qt.Key.Key_Left, 5.0),
    ):
        press(window, key)
        qtbot.waitUntil(
            lambda wanted=position_s: state_of(window).position_s == pytest.approx(wanted),  # type: ignore[misc]
            timeout=MAX_WAIT_MS,
        )
    qtbot.waitUntil(
        lambda: shown_s(window) == pytest.approx(5.0),
        timeout=MAX_WAIT_MS,
    )
    assert window.current_page() is window.view, "no page between"
    bar.seek_bar.setValue(1250)
    qtbot.waitUntil(lambda: state_of(window).position_s == pytest.approx(12.5, abs=0.1), timeout=MAX_WAIT_MS)
    bar.speed_chosen.emit(4.0)
    window.controls["loop"].trigger()
    press(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: state_of(window).position_s < 4, timeout=MAX_WAIT_MS)
    assert state_of(window) == PlaybackState(
        state_of(window).position_s, state_of(window).duration_s, True, False, True, 4.0
    )


def test_a_key_that_is_held_steps_again_and_again_and_pauses_once(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip))
    wait_for_state(qtbot, window, SourceState.LIVE)
    qtbot.waitUntil(window.view.isVisible, timeout=MAX_WAIT_MS)
    bar = window.stage.playback
    qtbot.waitUntil(bar.isVisible, timeout=MAX_WAIT_MS)
    for text, key in ((" ", Qt.Key.Key_Space), (".", Qt.Key.Key_Period)):
        for repeated in (False, True, True, True):
            event = QKeyEvent(
                QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, text, autorep=repeated
            )
            QApplication.sendEvent(window.view, event)
        if key is Qt.Key.Key_Space:
            assert state_of(window).is_paused
            paused_s = state_of(window).position_s
    qtbot.waitUntil(lambda: state_of(window).position_s > paused_s + 0.1, timeout=MAX_WAIT_MS)
    assert not any(window.controls[name].autoRepeat() for name in ("record", "snapshot", "pause", "blur"))


def drop(window: MainWindow, url: QUrl) -> None:
    mime = QMimeData()
    mime.setUrls([url])
    event = QDropEvent(
        QPointF(9, 9),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)
    assert event.isAccepted()


def test_a_file_that_is_dropped_on_the_window_is_shown_unless_a_recording_runs(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path
) -> None:
    window = open_window(None)
    wait_for_state(qtbot, window, SourceState.NO_CAMERA)
    drop(window, QUrl.fromLocalFile(str(demo_clip)))
    qtbot.waitUntil(lambda: "demo.mp4" in window.windowTitle(), timeout=MAX_WAIT_MS)
    window.session.start_recording(tmp_path / "out.mp4")
    drop(window, QUrl.fromLocalFile(str(tmp_path / "other.mp4")))
    assert window.message_text() == "Stop the recording first."
    assert window.session.state().source.name == "demo.mp4"


def playback_of(
    playback: PlaybackState | None, state: SourceState = SourceState.LIVE, *, recording: bool = False
) -> PlaybackView | None:
    recorded = RecordingState(RecordingPhase.ON, 1) if recording else RecordingState()
    session = SessionState(SourceStatus(state, "clip.mp4"), recorded, playback)
    return view_state(session, Settings(), WindowFacts()).playback


def test_the_bar_is_there_for_files_alone_and_locked_while_they_are_recorded() -> None:
    file = PlaybackState(61.0, 3700.0, can_seek=True)
    assert playback_of(None) is None
    assert playback_of(file, SourceState.LOADING) is None
    assert playback_of(file) == PlaybackView(61.0, 3700.0, "1:01 / 1:01:40", True, True, 1.0)
    assert playback_of(file, recording=True) == PlaybackView(
        61.0, 3700.0, "1:01 / 1:01:40", False, False, 1.0
    )


def test_space_pauses_a_file_that_was_dropped_while_a_button_had_the_focus(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(None)
    wait_for_state(qtbot, window, SourceState.NO_CAMERA)
    page = window.page(SourceState.NO_CAMERA)
    qtbot.waitUntil(page.isVisible, timeout=MAX_WAIT_MS)
    page.buttons[0].setFocus()
    drop(window, QUrl.fromLocalFile(str(demo_clip)))
    wait_for_state(qtbot, window, SourceState.LIVE)
    qtbot.waitUntil(window.view.isVisible, timeout=MAX_WAIT_MS)
    assert window.focusWidget() is window.view
    press(window, Qt.Key.Key_Space)
    assert state_of(window).is_paused


def test_a_narrow_picture_has_the_seek_bar_and_the_whole_time_above_the_buttons(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip))
    window.resize(640, 480)
    bar = window.stage.playback
    qtbot.waitUntil(bar.isVisible, timeout=MAX_WAIT_MS)
    window.controls["people"].trigger()
    for is_narrow in (True, False):
        qtbot.waitUntil(lambda wanted=is_narrow: (window.stage.width() < 400) is wanted, timeout=MAX_WAIT_MS)  # type: ignore[misc]
        qtbot.waitUntil(lambda: bar.seek_bar.width() > 150, timeout=MAX_WAIT_MS)
        play = bar.findChild(QToolButton, "play")
        assert play is not None
        assert (bar.seek_bar.geometry().bottom() < play.geometry().top()) is is_narrow
        assert bar.time.width() >= bar.time.sizeHint().width()
        assert bar.rect().contains(bar.time.geometry())
        window.controls["people"].trigger()
    following = play.nextInFocusChain()
    order = [following := (following.nextInFocusChain() or window) for _ in range(3)]
    assert bar.seek_bar in order
    assert bar.speed in order
    assert order.index(bar.seek_bar) < order.index(bar.speed)
