"""Parts of the window on their own."""

import threading

import pytest
from PyQt6.QtCore import QSize
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


def test_every_state_without_a_picture_has_a_page() -> None:
    assert set(SourceState) - set(PAGES) == {SourceState.LIVE, SourceState.ENDED}


def test_permission_is_asked_for_on_a_page_of_its_own() -> None:
    assert "may not use" in PAGES[SourceState.DENIED].title
