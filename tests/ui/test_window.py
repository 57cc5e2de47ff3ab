"""The real window on real clips, off screen."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from agecam.errors import CameraBusyError
from agecam.live.capture import SourceOpener
from agecam.live.recording import RecordingPhase
from agecam.live.state import SourceState
from agecam.opencv import cv2
from agecam.output import VideoWriter
from agecam.settings import Settings
from agecam.sources import Camera, Source, read_image
from agecam.ui.dialogs import Dialogs
from tests.ui.helpers import (
    MAX_WAIT_MS,
    OpenWindow,
    frames_in,
    wait_for_labels,
    wait_for_recording,
    wait_for_state,
    wait_until_closed,
)


def test_the_demo_clip_is_shown_with_labels_and_numbers(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip), loop=True)
    wait_for_labels(qtbot, window, people=2)
    qtbot.waitUntil(lambda: window.current_page() is window.view, timeout=MAX_WAIT_MS)
    qtbot.waitUntil(lambda: "fps" in window.status_text(), timeout=MAX_WAIT_MS)
    qtbot.waitUntil(lambda: window.session.statistics().fps_shown > 0, timeout=MAX_WAIT_MS)
    assert "demo.mp4" in window.windowTitle()


def test_a_window_without_a_camera_offers_what_else_can_be_shown(
    qtbot: QtBot, open_window: OpenWindow
) -> None:
    window = open_window(None)
    wait_for_state(qtbot, window, SourceState.NO_CAMERA)
    page = window.page(SourceState.NO_CAMERA)
    qtbot.waitUntil(lambda: window.current_page() is page, timeout=MAX_WAIT_MS)
    assert "Plug one in" in page.message()
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
    qtbot.waitUntil(lambda: window.current_page() is page, timeout=MAX_WAIT_MS)
    assert "notes.mp4" in page.message()
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    assert ["notes.mp4" in error for error in window.errors] == [True]


def test_recording_by_button_leaves_a_whole_file(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path
) -> None:
    window = open_window(str(demo_clip), loop=True)
    wait_for_state(qtbot, window, SourceState.LIVE)
    qtbot.waitUntil(window.controls["record"].isEnabled, timeout=MAX_WAIT_MS)
    window.controls["record"].trigger()
    wait_for_recording(qtbot, window, RecordingPhase.ON, frames=20)
    assert not window.controls["open_file"].isEnabled(), "the source is locked while recording"
    window.controls["record"].trigger()
    qtbot.waitUntil(lambda: "Recording saved" in window.message_text(), timeout=MAX_WAIT_MS)
    assert window.controls["open_file"].isEnabled()
    (path,) = (tmp_path / "recordings").glob("*.mp4")
    assert frames_in(path) >= 20


class Answers(Dialogs):
    """Answers whether to stop a recording, one after the other."""

    def __init__(self, answers: list[bool]) -> None:
        self._answers = answers

    def may_stop_recording(self, parent: QWidget) -> bool:
        return self._answers.pop(0)


def test_the_name_of_a_file_is_no_markup_in_the_title(
    qtbot: QtBot, open_window: OpenWindow, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    photograph = tmp_path / "a[*]&<b>.png"
    cv2.imwrite(str(photograph), astronaut_bgr)
    window = open_window(str(photograph))
    qtbot.waitUntil(lambda: "a[" in window.windowTitle(), timeout=MAX_WAIT_MS)
    assert window.windowTitle() == "a[*][*]&<b>.png – AgeCam", "two marks are shown as one, by Qt's rule"


def test_closing_while_recording_asks_and_finishes_the_file(
    qtbot: QtBot,
    open_window: OpenWindow,
    demo_clip: Path,
    tmp_path: Path,
) -> None:
    video = tmp_path / "out.mp4"
    answers = [False, True]
    window = open_window(str(demo_clip), dialogs=Answers(answers), loop=True, record=video)
    wait_for_recording(qtbot, window, RecordingPhase.ON, frames=10)
    window.close()
    assert window.isVisible()
    window.close()
    wait_until_closed(qtbot, window)
    assert answers == []
    assert frames_in(video) >= 10


def test_a_snapshot_is_the_annotated_picture(
    qtbot: QtBot, open_window: OpenWindow, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    photograph = tmp_path / "astronaut.png"
    cv2.imwrite(str(photograph), astronaut_bgr)
    window = open_window(str(photograph))
    wait_for_labels(qtbot, window, people=1)
    window.commands.take_snapshot()
    qtbot.waitUntil(lambda: "Snapshot saved" in window.message_text(), timeout=MAX_WAIT_MS)
    (path,) = (tmp_path / "snapshots").glob("*.png")
    saved = read_image(path)
    assert saved.shape == astronaut_bgr.shape
    latest = window.session.latest()
    assert latest is not None
    x, y, width, height = (round(value) for value in latest.people[0].face.box)
    changed = np.abs(saved.astype(int) - astronaut_bgr).max(axis=2) > 40
    assert changed[y - 2 : y + 3, x + width // 4 : x + 3 * width // 4].any(axis=0).mean() > 0.9, "no box"
    assert changed[: max(0, y - height)].sum() + changed[y + 2 * height :].sum() == 0, "drawn elsewhere"


def test_a_clip_that_has_ended_can_be_played_again(
    qtbot: QtBot, open_window: OpenWindow, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    clip = tmp_path / "short.mp4"
    with VideoWriter(clip, 512, 512) as writer:
        for number in range(10):
            writer.write(astronaut_bgr, number / 25)
    window = open_window(str(clip))
    wait_for_state(qtbot, window, SourceState.ENDED)
    first = window.session.latest()
    assert first is not None
    window.controls["retry"].trigger()

    def has_played_again() -> bool:
        latest = window.session.latest()
        return latest is not None and latest.epoch > first.epoch

    qtbot.waitUntil(has_played_again, timeout=MAX_WAIT_MS)
    wait_for_state(qtbot, window, SourceState.ENDED)


def test_the_window_closes_itself_when_told_to(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip), quit_after_s=1.0)
    wait_until_closed(qtbot, window)
    assert window.errors == []


def test_what_the_user_chose_is_remembered(qtbot: QtBot, open_window: OpenWindow, tmp_path: Path) -> None:
    window = open_window(None)
    window.controls["mirror"].trigger()
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    assert Settings.load(tmp_path / "config" / "settings.json").mirror is False


def test_switches_choose_what_labels_say(qtbot: QtBot, open_window: OpenWindow, demo_clip: Path) -> None:
    window = open_window(str(demo_clip), loop=True)
    wait_for_labels(qtbot, window, people=1)
    for name in ("groups", "gender", "confidence", "blur", "interval"):
        window.controls[name].trigger()
    chosen = window.settings
    assert (chosen.show_groups, chosen.show_confidence, chosen.blur) == (True, True, True)
    assert (chosen.show_gender, chosen.show_interval) == (False, False)

    def blurred() -> bool:
        latest = window.session.latest()
        if latest is None or latest.preview is None or not latest.people:
            return False
        image_bgra = latest.preview.image_bgra
        scale = image_bgra.shape[1] / latest.analysis.frame.width
        x, y, width, height = (round(scale * value) for value in latest.people[0].face.box)
        face = image_bgra[y + height // 4 : y + 3 * height // 4, x + width // 4 : x + 3 * width // 4]
        # Large squares of one colour: most pixels equal their neighbours.
        return face.size > 0 and bool((np.abs(np.diff(face.astype(int), axis=1)) < 4).mean() > 0.75)

    qtbot.waitUntil(blurred, timeout=MAX_WAIT_MS)


def test_full_screen_hides_everything_but_the_picture(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip), loop=True, fullscreen=True)
    assert window.isFullScreen()
    assert not window.controls.isVisible()
    window.controls["leave"].trigger()
    assert not window.isFullScreen()
    assert window.controls.isVisible()


def test_a_camera_that_is_plugged_in_can_be_chosen(qtbot: QtBot, open_window: OpenWindow) -> None:
    plugged = [Camera(0, "Front camera", None, "V4L2"), Camera(2, "Desk camera", None, "V4L2")]
    opened: list[Camera] = []

    def refuse(camera: Camera) -> Source:
        opened.append(camera)
        raise CameraBusyError("held by a test")

    window = open_window(None, opener=SourceOpener(open_camera=refuse, list_cameras=lambda: plugged))
    wait_for_state(qtbot, window, SourceState.BUSY)
    qtbot.waitUntil(lambda: window.controls.cameras.count() == 2, timeout=MAX_WAIT_MS)
    window.controls.cameras.activated.emit(1)
    qtbot.waitUntil(lambda: opened[-1] == plugged[1], timeout=MAX_WAIT_MS)
    assert window.settings.camera == "Desk camera"


@pytest.mark.parametrize("pause_ms", [0, 30, 100, 250, 400])
def test_record_stop_record_in_quick_succession_gives_whole_files_and_the_right_state(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path, pause_ms: int
) -> None:
    dialogs = Answers([])  # closing asks nothing: nothing runs any more
    window = open_window(str(demo_clip), dialogs=dialogs, loop=True)
    wait_for_labels(qtbot, window, people=1)
    qtbot.waitUntil(window.controls["record"].isEnabled, timeout=MAX_WAIT_MS)
    button = window.controls.button("record")
    running = []
    for _ in range(3):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)  # type: ignore[call-overload]  # static
        running.append(window.session.state().recording.is_running)
        assert window.controls["record"].isChecked() is running[-1], "the button shows what is"
        qtbot.wait(pause_ms)
    assert running == [True, False, True]
    wait_for_recording(qtbot, window, RecordingPhase.ON, frames=10)
    assert window.session.state().recording.recording_id == 2
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)  # type: ignore[call-overload]  # static
    wait_for_recording(qtbot, window, RecordingPhase.OFF)
    window.close()
    wait_until_closed(qtbot, window)
    assert window.errors == []
    files = sorted((tmp_path / "recordings").glob("*"))
    assert 1 <= len(files) <= 2, "no more files than recordings"
    assert all(frames_in(path) >= 1 for path in files)
    assert max(frames_in(path) for path in files) >= 10
