"""What lies over the picture of recordings and snapshots: time, size, warnings, countdown and flash."""

from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from agecam.live.recording import RecordingPhase, RecordingState
from agecam.settings import Settings
from agecam.ui.countdown import Countdown
from agecam.ui.recording_mark import Flash, RecordingMarkView
from agecam.ui.status_text import recording_detail, recording_text, recording_warning
from agecam.ui.view_state import RecordingMark
from tests.ui.helpers import MAX_WAIT_MS, NotedDesktop, OpenWindow, wait_for_labels, wait_for_recording

ON = RecordingState(RecordingPhase.ON, 1, None, 61.9, 1500, size_bytes=12_345_678)


@pytest.mark.parametrize(
    ("state", "text", "detail"),
    [
        (RecordingState(), "", ""),
        (RecordingState(RecordingPhase.WAITING, 1), "● waiting for the picture", ""),
        (RecordingState(RecordingPhase.ON, 1, None, 0.4, 10), "● 0:00", ""),
        (ON, "● 1:01   12.3 MB", ""),
        (replace(ON, part=2, dropped=3), "● 1:01   12.3 MB", "part 2 · 3 dropped"),
        (replace(ON, phase=RecordingPhase.PAUSED), "❙❙ 1:01   12.3 MB", "paused"),
        (RecordingState(RecordingPhase.FINISHING, 1, None, 5, 125), "● finishing", ""),
    ],
)
def test_the_mark_tells_where_a_recording_stands(state: RecordingState, text: str, detail: str) -> None:
    assert (recording_text(state), recording_detail(state)) == (text, detail)


@pytest.mark.parametrize(
    ("room_s", "warning"),
    [
        (None, ""),
        (3600.0, ""),
        (299.0, "Disk almost full: about 4 min left"),
        (20.0, "Disk almost full: less than a minute left"),
    ],
)
def test_a_disk_that_lasts_for_minutes_only_is_warned_of(room_s: float | None, warning: str) -> None:
    assert recording_warning(replace(ON, room_s=room_s)) == warning
    assert recording_warning(replace(ON, phase=RecordingPhase.OFF, room_s=room_s)) == ""


def test_the_mark_is_large_and_shows_no_more_lines_than_it_has(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.resize(640, 360)
    parent.show()
    mark = RecordingMarkView(parent)
    mark.show_mark(RecordingMark("● 0:05   1.2 MB"))
    low = mark.height()
    assert mark.label.font().pointSizeF() > 1.5 * parent.font().pointSizeF()
    assert not mark.warning.isVisible()
    mark.show_mark(RecordingMark("● 0:05   1.2 MB", "part 2", "Disk almost full: about 4 min left"))
    assert mark.warning.isVisible()
    assert mark.height() > low
    assert mark.accessibleName() == "● 0:05   1.2 MB  part 2  Disk almost full: about 4 min left"
    mark.show_mark(RecordingMark())
    assert not mark.isVisible()


def test_a_countdown_ends_once_unless_it_is_stopped(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    countdown = Countdown(parent, step_ms=10)
    seen: list[int] = []
    ends: list[int] = []
    countdown.changed.connect(lambda: seen.append(countdown.seconds_left))
    countdown.ended.connect(lambda: ends.append(countdown.seconds_left))
    countdown.start()
    qtbot.waitUntil(lambda: ends == [0], timeout=MAX_WAIT_MS)
    assert seen == [3, 2, 1]
    countdown.start()
    countdown.cancel()
    countdown.cancel()
    qtbot.wait(100)
    assert (seen, ends) == ([3, 2, 1, 3, 0], [0])


def test_a_recording_begins_after_its_countdown_and_escape_stops_that(
    qtbot: QtBot, open_window: OpenWindow, settings: Settings, demo_clip: Path
) -> None:
    chosen = replace(settings, countdown=True)
    window = open_window(str(demo_clip), loop=True, fullscreen=True, chosen=chosen)
    record, overlay = window.controls["record"], window.stage.countdown
    wait_for_labels(qtbot, window, people=1)
    qtbot.waitUntil(record.isEnabled, timeout=MAX_WAIT_MS)
    record.trigger()
    assert overlay.isVisible()
    assert (overlay.digit.text(), overlay.cancel.text(), record.text()) == ("3", "✕ Cancel", "✕ Cancel")
    assert overlay.accessibleName() == "Recording begins in 3 seconds"
    window.controls["leave"].trigger()  # the Esc key
    assert not overlay.isVisible()
    assert window.isFullScreen(), "one key, one thing"
    overlay.cancel.click()  # it is the button that records
    assert overlay.isVisible()
    wait_for_recording(qtbot, window, RecordingPhase.ON, frames=5)
    assert window.session.state().recording.recording_id == 1, "the first never began"
    assert not overlay.isVisible()
    qtbot.waitUntil(lambda: " kB" in window.recording_text() or " MB" in window.recording_text())
    record.trigger()
    wait_for_recording(qtbot, window, RecordingPhase.OFF)


def test_a_snapshot_flashes_and_makes_a_sound_where_that_is_chosen(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    desktop = NotedDesktop()
    window = open_window(str(demo_clip), loop=True, desktop=desktop)
    wait_for_labels(qtbot, window, people=1)
    window.controls["snapshot"].trigger()
    assert window.stage.flash.isVisible()
    assert desktop.sounds == 0
    qtbot.waitUntil(lambda: not window.stage.flash.isVisible(), timeout=MAX_WAIT_MS)
    QTest.keyClick(  # type: ignore[call-overload]  # static
        window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    window.controls["snapshot"].trigger()
    assert desktop.sounds == 1


def test_snapshots_in_quick_succession_flash_no_more_than_three_times_a_second(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.show()
    flash = Flash(parent)
    flash.start()
    flash.hide()
    flash.start()
    assert not flash.isVisible()
