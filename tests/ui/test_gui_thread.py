"""The thread of the window never waits: no file, no device and no model there while frames are live."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from agecam.live.session import Session
from agecam.live.state import SourceState
from agecam.live.statistics import Statistics
from agecam.messages import Analysis, Frame
from agecam.settings import Settings
from agecam.ui.hotplug import HotplugWatcher
from agecam.ui.options import StartOptions
from agecam.ui.window import MainWindow
from agecam.vision.analyzer import Analyzer, create_analyzer, create_detector
from agecam.vision.classifier import LiteRtClassifier
from tests.ui.helpers import MAX_WAIT_MS, OpenWindow, wait_until_closed

_SLOW_EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.listdir", "os.scandir", "subprocess.Popen")

_watched: list[str] | None = None


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if (
        _watched is not None
        and event in _SLOW_EVENTS
        and threading.current_thread() is threading.main_thread()
    ):
        _watched.append(f"{event} {arguments[0]!r}")


sys.addaudithook(_note)  # for good: Python has no way to take one away


@pytest.fixture
def slow_events() -> Iterator[list[str]]:
    """What the main thread does to files and processes from now on."""
    global _watched
    _watched = []
    yield _watched
    _watched = None


def test_no_command_touches_a_file_in_the_windows_thread(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path, slow_events: list[str]
) -> None:
    window = open_window(str(demo_clip), loop=True, csv=tmp_path / "rows.csv")
    qtbot.waitUntil(lambda: window.session.state().source.state is SourceState.LIVE, timeout=MAX_WAIT_MS)
    qtbot.waitUntil(lambda: "fps" in window.status_text(), timeout=MAX_WAIT_MS)
    slow_events.clear()
    window.controls["folder"].trigger()
    qtbot.waitUntil(lambda: "will be saved in" in window.message_text(), timeout=MAX_WAIT_MS)
    for name in ("snapshot", "record", "mirror", "groups", "blur", "retry"):
        window.controls[name].trigger()
    qtbot.waitUntil(lambda: "Snapshot saved" in window.message_text(), timeout=MAX_WAIT_MS)
    qtbot.waitUntil(lambda: "0:" in window.recording_text(), timeout=MAX_WAIT_MS)
    window.controls["record"].trigger()
    qtbot.waitUntil(lambda: "Recording saved" in window.message_text(), timeout=MAX_WAIT_MS)
    window.controls["demo"].trigger()
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    assert slow_events == []
    assert len(list((tmp_path / "snapshots").iterdir())) == 1
    assert Settings.load(tmp_path / "config" / "settings.json").blur


def test_models_run_in_the_analysis_thread_alone(
    qtbot: QtBot, settings: Settings, demo_clip: Path, tmp_path: Path
) -> None:
    threads: set[str] = set()

    class Noted(Analyzer):
        def analyze(self, frame: Frame) -> Analysis:
            threads.add(threading.current_thread().name)
            return super().analyze(frame)

    window = MainWindow(
        lambda on_change: Session(lambda: Noted(create_detector(), LiteRtClassifier()), on_change),
        StartOptions(str(demo_clip), loop=True),
        settings,
        tmp_path / "settings.json",
    )
    window.start()
    qtbot.waitUntil(lambda: "fps" in window.status_text(), timeout=MAX_WAIT_MS)
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    window.deleteLater()
    assert threads == {"agecam-analysis"}


def test_a_frame_that_arrives_asks_for_no_statistics(
    qtbot: QtBot, settings: Settings, demo_clip: Path, tmp_path: Path
) -> None:
    class Counting(Session):
        asked = 0

        def statistics(self) -> Statistics:
            self.asked += 1
            return super().statistics()

    window = MainWindow(
        lambda on_change: Counting(create_analyzer, on_change),
        StartOptions(str(demo_clip), loop=True),
        settings,
        tmp_path / "settings.json",
    )
    frames: list[object] = []
    window.frame_shown.connect(frames.append)
    window.start()
    started_s = time.monotonic()
    qtbot.waitUntil(lambda: len(frames) > 25, timeout=MAX_WAIT_MS)
    asked = window.session.asked  # type: ignore[attr-defined]
    shown_for_s = time.monotonic() - started_s
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    window.deleteLater()
    assert 0 < asked <= 4 * shown_for_s + 5, "numbers are for four looks a second"


def test_a_camera_plugged_in_while_the_window_closes_does_no_harm(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip), loop=True)
    qtbot.waitUntil(lambda: window.session.state().source.state is SourceState.LIVE, timeout=MAX_WAIT_MS)
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    window.cameras_changed()
    assert window.session.new_cameras() is None
    assert window.errors == []


def test_a_device_that_appears_is_told_once_it_has_settled(qtbot: QtBot, tmp_path: Path) -> None:
    from PyQt6.QtCore import QObject

    owner = QObject()
    watcher = HotplugWatcher(owner, str(tmp_path))
    told: list[int] = []
    watcher.changed.connect(lambda: told.append(1))
    qtbot.wait(50)
    for number in range(3):
        (tmp_path / f"video{number}").touch()
    qtbot.waitUntil(lambda: bool(told), timeout=MAX_WAIT_MS)
    qtbot.wait(400)
    assert len(told) == 1
