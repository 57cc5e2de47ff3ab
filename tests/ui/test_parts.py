"""Parts of the window on their own."""

import threading

import pytest
from PyQt6.QtCore import QSize, QTimer
from pytestqt.qtbot import QtBot

from agecam.live.state import SourceState
from agecam.ui.bridge import SessionBridge
from agecam.ui.pages import PAGES
from agecam.ui.video_view import letterbox
from tests.ui.helpers import MAX_WAIT_MS


@pytest.mark.parametrize(
    ("image", "widget", "expected"),
    [
        ((1280, 720), (1280, 720), (0, 0, 1280, 720)),
        ((1280, 720), (1280, 1000), (0, 140, 1280, 720)),
        ((1280, 720), (2000, 720), (360, 0, 1280, 720)),
        ((640, 480), (1280, 960), (0, 0, 1280, 960)),
        ((100, 400), (400, 400), (150, 0, 100, 400)),
    ],
)
def test_the_picture_keeps_its_shape_and_is_centred(
    image: tuple[int, int], widget: tuple[int, int], expected: tuple[float, ...]
) -> None:
    rect = letterbox(QSize(*image), QSize(*widget))
    assert (rect.x(), rect.y(), rect.width(), rect.height()) == pytest.approx(expected)


def test_nothing_is_drawn_into_a_window_without_room() -> None:
    assert letterbox(QSize(640, 480), QSize(0, 10)).isEmpty()


def test_a_thousand_calls_from_threads_wake_the_window_once(qtbot: QtBot) -> None:
    bridge = SessionBridge()
    wakes: list[int] = []
    bridge.changed.connect(lambda: wakes.append(1))

    def notify_often() -> None:
        for _ in range(250):
            bridge.notify()

    threads = [threading.Thread(target=notify_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    qtbot.waitUntil(lambda: bool(wakes), timeout=MAX_WAIT_MS)
    qtbot.wait(50)
    assert len(wakes) == 1
    bridge.notify()
    qtbot.waitUntil(lambda: len(wakes) == 2, timeout=MAX_WAIT_MS)


def test_a_window_that_is_woken_without_pause_still_paints_and_keeps_its_timers(qtbot: QtBot) -> None:
    bridge = SessionBridge()
    wakes: list[int] = []

    def wake_again() -> None:
        wakes.append(1)
        if len(wakes) < 1000:  # as from a session whose frames come faster than the window is rendered
            bridge.notify()

    bridge.changed.connect(wake_again)
    wakes_at_timer: list[int] = []
    timer = QTimer()
    timer.setInterval(0)
    timer.timeout.connect(lambda: wakes_at_timer.append(len(wakes)))
    timer.start()
    bridge.notify()
    qtbot.waitUntil(lambda: len(wakes) == 1000, timeout=MAX_WAIT_MS)
    timer.stop()
    assert len({count for count in wakes_at_timer if count < 1000}) > 100


def test_every_state_without_a_picture_has_a_page() -> None:
    assert set(SourceState) - set(PAGES) == {SourceState.LIVE, SourceState.ENDED}


def test_permission_is_asked_for_on_a_page_of_its_own() -> None:
    assert "may not use" in PAGES[SourceState.DENIED].title
