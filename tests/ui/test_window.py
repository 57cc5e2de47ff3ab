"""The real window on real clips, off screen."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PyQt6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from agecam.drawing.label_text import LabelStyle
from agecam.live import capture, session
from agecam.live.state import SourceState
from agecam.opencv import cv2
from agecam.settings import Settings
from agecam.sources import Camera
from agecam.ui.window import MainWindow

_LONGEST_MS = 30_000

OpenWindow = Callable[..., MainWindow]


def wait_for_state(qtbot: QtBot, window: MainWindow, state: SourceState) -> None:
    qtbot.waitUntil(lambda: window.session.status().state is state, timeout=_LONGEST_MS)


def wait_for_labels(qtbot: QtBot, window: MainWindow, people: int) -> None:
    def labelled() -> bool:
        shown = window.session.latest()
        return (
            shown is not None
            and sum(person.confirmed and person.estimate is not None for person in shown.analysis.people)
            >= people
        )

    qtbot.waitUntil(labelled, timeout=_LONGEST_MS)


def test_the_demo_clip_is_shown_with_labels_and_numbers(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip), loop=True)
    wait_for_labels(qtbot, window, people=2)
    qtbot.waitUntil(lambda: window.centralWidget().currentWidget() is window.view)
    qtbot.waitUntil(lambda: "fps" in window.status_text(), timeout=_LONGEST_MS)
    qtbot.waitUntil(lambda: window.session.status().statistics.fps_shown > 0, timeout=_LONGEST_MS)
    assert "demo.mp4" in window.windowTitle()


def test_a_window_without_a_camera_offers_what_else_can_be_shown(
    qtbot: QtBot, open_window: OpenWindow
) -> None:
    window = open_window(None)
    wait_for_state(qtbot, window, SourceState.NO_CAMERA)
    page = window.page(SourceState.NO_CAMERA)
    qtbot.waitUntil(lambda: window.centralWidget().currentWidget() is page)
    assert "No camera is plugged in" in page.message()
    window.controls["demo"].trigger()
    wait_for_labels(qtbot, window, people=1)


def test_a_text_file_named_like_a_video_is_refused_in_one_sentence(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("not a video\n" * 50)
    window = open_window(str(path))
    wait_for_state(qtbot, window, SourceState.FAILED)
    page = window.page(SourceState.FAILED)
    qtbot.waitUntil(lambda: window.centralWidget().currentWidget() is page)
    assert "notes.mp4" in page.message()
    window.close_without_asking()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=_LONGEST_MS)
    assert ["notes.mp4" in error for error in window.errors] == [True]


def test_recording_by_button_leaves_a_whole_file(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path
) -> None:
    window = open_window(str(demo_clip), loop=True)
    wait_for_state(qtbot, window, SourceState.LIVE)
    qtbot.waitUntil(window.controls["record"].isEnabled, timeout=_LONGEST_MS)
    window.controls["record"].trigger()
    qtbot.waitUntil(
        lambda: (now := window.session.status().recording) is not None and now.written > 20,
        timeout=_LONGEST_MS,
    )
    assert not window.controls["open_file"].isEnabled(), "the source is locked while recording"
    window.controls["record"].trigger()
    qtbot.waitUntil(lambda: "Recording saved" in window.message_text(), timeout=_LONGEST_MS)
    assert window.controls["open_file"].isEnabled()
    (path,) = (tmp_path / "recordings").glob("*.mp4")
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 20


def test_closing_while_recording_asks_and_finishes_the_file(
    qtbot: QtBot,
    open_window: OpenWindow,
    demo_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    video = tmp_path / "out.mp4"
    window = open_window(str(demo_clip), loop=True, record=video)
    qtbot.waitUntil(
        lambda: (now := window.session.status().recording) is not None and now.written > 10,
        timeout=_LONGEST_MS,
    )
    answers = [QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Close]
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answers.pop(0))
    window.close()
    assert window.isVisible()
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=_LONGEST_MS)
    assert answers == []
    with av.open(str(video)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 10


def test_a_snapshot_is_the_annotated_picture(
    qtbot: QtBot, open_window: OpenWindow, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    photograph = tmp_path / "astronaut.png"
    cv2.imwrite(str(photograph), astronaut_bgr)
    window = open_window(str(photograph))
    wait_for_labels(qtbot, window, people=1)
    window.take_snapshot()
    qtbot.waitUntil(lambda: "Snapshot saved" in window.message_text(), timeout=_LONGEST_MS)
    (path,) = (tmp_path / "snapshots").glob("*.png")
    saved = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert saved.shape == astronaut_bgr.shape
    assert not np.array_equal(saved, astronaut_bgr)


def test_a_clip_that_has_ended_can_be_played_again(
    qtbot: QtBot, open_window: OpenWindow, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    from agecam.output import VideoWriter

    clip = tmp_path / "short.mp4"
    with VideoWriter(clip, 512, 512) as writer:
        for number in range(10):
            writer.write(astronaut_bgr, number / 25)
    window = open_window(str(clip))
    wait_for_state(qtbot, window, SourceState.ENDED)
    window.controls["retry"].trigger()
    wait_for_state(qtbot, window, SourceState.LIVE)
    wait_for_state(qtbot, window, SourceState.ENDED)


def test_the_window_closes_itself_when_told_to(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip), quit_after_s=1.0)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=_LONGEST_MS)
    assert window.errors == []


def test_what_the_user_chose_is_remembered(qtbot: QtBot, open_window: OpenWindow, tmp_path: Path) -> None:
    window = open_window(None)
    window.controls["mirror"].trigger()
    window.close_without_asking()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=_LONGEST_MS)
    assert Settings.load(tmp_path / "config" / "settings.json").mirror is False


def test_switches_choose_what_labels_say(qtbot: QtBot, open_window: OpenWindow, demo_clip: Path) -> None:
    window = open_window(str(demo_clip), loop=True)
    wait_for_labels(qtbot, window, people=1)
    styles: list[LabelStyle] = []
    set_style = window.session.set_style
    window.session.set_style = lambda style: (styles.append(style), set_style(style))  # type: ignore[assignment]
    for name in ("groups", "gender", "confidence", "blur", "interval"):
        window.controls[name].trigger()
    assert styles[-1] == LabelStyle(
        "group", show_interval=False, show_gender=False, show_confidence=True, blur=True
    )
    assert window.settings.show_groups
    assert window.settings.show_confidence


def test_full_screen_hides_everything_but_the_picture(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip), loop=True, fullscreen=True)
    assert window.isFullScreen()
    assert not window.controls.isVisible()
    window.controls["leave"].trigger()
    assert not window.isFullScreen()
    assert window.controls.isVisible()


def test_a_camera_that_is_plugged_in_can_be_chosen(
    qtbot: QtBot, open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugged = [Camera(0, "Front camera", None, "V4L2"), Camera(2, "Desk camera", None, "V4L2")]
    for module in (capture, session):
        monkeypatch.setattr(module, "list_cameras", lambda: plugged)
    opened: list[str] = []

    def refuse(spec: str) -> capture.Source:
        opened.append(spec)
        raise capture.CameraBusyError("held by a test")

    monkeypatch.setattr(capture, "open_source", refuse)
    window = open_window(None)
    wait_for_state(qtbot, window, SourceState.BUSY)
    qtbot.waitUntil(lambda: window.controls.cameras.count() == 2)
    window.controls.cameras.activated.emit(1)
    qtbot.waitUntil(lambda: opened[-1] == "2", timeout=_LONGEST_MS)
    assert window.settings.camera == "Desk camera"
