"""Recordings by the real window: pauses, parts, originals, full disks and what a crash has left."""

import re
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from PyQt6.QtCore import QEventLoop, Qt, QTimer
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from agecam.live.capture import SourceRequest
from agecam.live.recording import RecordingPhase
from agecam.live.session import Session
from agecam.opencv import cv2
from agecam.output import VideoWriter
from agecam.settings import Settings
from agecam.ui.app import run_window
from agecam.ui.dialogs import Dialogs
from agecam.ui.options import RecordingChoices, StartOptions
from agecam.ui.window import MainWindow
from agecam.vision.analyzer import create_analyzer
from tests.ui.helpers import MAX_WAIT_MS, OpenWindow, frames_in, wait_for_recording, wait_until_closed


def times_in(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time or 0) for frame in container.decode(video=0)]


class Confirms(Dialogs):
    """Counts the questions, and lets recordings be stopped."""

    def __init__(self) -> None:
        self.questions = 0

    def may_stop_recording(self, parent: QWidget) -> bool:
        self.questions += 1
        return True


def test_a_recording_is_paused_and_resumed_by_key_without_a_gap(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path
) -> None:
    window = open_window(str(demo_clip), loop=True)
    pause = window.controls["pause"]
    assert not pause.isVisible(), "there is nothing to pause"
    qtbot.waitUntil(window.controls["record"].isEnabled, timeout=MAX_WAIT_MS)
    window.controls["record"].trigger()
    wait_for_recording(qtbot, window, RecordingPhase.ON, frames=10)
    assert pause.isVisible()
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, Qt.Key.Key_R, keys)  # type: ignore[call-overload]  # static
    wait_for_recording(qtbot, window, RecordingPhase.PAUSED)
    assert (pause.isChecked(), pause.text()) == (True, "▶ Resume")
    assert re.fullmatch(r"❙❙ 0:\d\d( .*)?  paused( · \d+ dropped)?", window.recording_text())
    assert window.controls["record"].text() == "■ Stop"
    assert not window.controls["open_file"].isEnabled(), "the source is locked"
    qtbot.wait(1500)
    pause.trigger()
    wait_for_recording(qtbot, window, RecordingPhase.ON, frames=30)
    assert pause.text() == "❙❙ Pause"
    window.controls["record"].trigger()
    wait_for_recording(qtbot, window, RecordingPhase.OFF)
    assert not pause.isVisible()
    (path,) = (tmp_path / "recordings").iterdir()
    times_s = times_in(path)
    assert len(times_s) >= 30
    dropped = window.session.state().recording.dropped
    assert np.diff(times_s).max() < 0.5 + 0.04 * dropped, "no second and a half without a frame"


def test_closing_while_paused_asks_and_finishes_the_file(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path
) -> None:
    dialogs = Confirms()
    window = open_window(str(demo_clip), dialogs=dialogs, loop=True, record=tmp_path / "out.mp4")
    wait_for_recording(qtbot, window, RecordingPhase.ON, frames=5)
    window.commands.toggle_pause()
    assert (tmp_path / "out.part.mp4").exists()
    assert not (tmp_path / "out.mp4").exists()
    window.close()
    wait_until_closed(qtbot, window)
    assert dialogs.questions == 1
    assert frames_in(tmp_path / "out.mp4") >= 5
    assert window.errors == []


class AsksForever(Dialogs):
    """Shows a question that nobody answers; it ends as dialogs do, with the program's last window."""

    def __init__(self) -> None:
        self.questions = 0
        self.is_asking = False

    def may_stop_recording(self, parent: QWidget) -> bool:
        self.questions += 1
        self.is_asking = True
        loop = QEventLoop(parent)
        timer = QTimer(loop)
        timer.timeout.connect(lambda: None if parent.isVisible() else loop.quit())
        timer.start(20)
        loop.exec()
        self.is_asking = False
        return False


def test_a_window_that_asks_is_closed_all_the_same_when_it_is_told_to(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path
) -> None:
    dialogs = AsksForever()
    window = open_window(str(demo_clip), dialogs=dialogs, loop=True, record=tmp_path / "out.mp4")
    wait_for_recording(qtbot, window, RecordingPhase.ON, frames=5)

    def close_at_the_question() -> None:
        if dialogs.is_asking:
            timer.stop()
            window.close()  # an impatient click
            window.close_without_asking()  # what a signal does, and the end of --quit-after

    timer = QTimer(window)
    timer.timeout.connect(close_at_the_question)
    timer.start(20)
    window.close()
    wait_until_closed(qtbot, window)
    assert dialogs.questions == 1
    assert frames_in(tmp_path / "out.mp4") >= 5


@pytest.mark.parametrize("force", [False, True])
def test_a_file_that_came_while_the_window_waited_is_replaced_by_force_alone(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path, force: bool
) -> None:
    video, rows = tmp_path / "out.mp4", tmp_path / "out.csv"
    window = open_window(None, record=video, csv=rows, force=force)
    wait_for_recording(qtbot, window, RecordingPhase.WAITING)
    for path in (video, rows):
        path.write_bytes(b"of another window")
    window.session.show(SourceRequest(str(demo_clip), loop=True))
    wait_for_recording(qtbot, window, RecordingPhase.ON, frames=5)
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    if force:
        assert frames_in(video) >= 5
        assert rows.read_text().startswith("frame,")
    else:
        assert [path.read_bytes() for path in (video, rows)] == [b"of another window"] * 2
        assert frames_in(tmp_path / "out (2).mp4") >= 5
        assert (tmp_path / "out (2).csv").read_text().startswith("frame,")


def test_what_the_command_line_says_of_recordings_holds_and_is_not_remembered(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path
) -> None:
    choices = RecordingChoices("small", content="both", split="1s")
    window = open_window(str(demo_clip), loop=True, record=tmp_path / "out.mkv", recording=choices)
    menu = window.controls.recording_menu
    for text in ("Small files", "Both, a file of each", "A new file every 1s"):
        assert menu.action(text).isChecked()
    qtbot.waitUntil(lambda: "part 3" in window.recording_text(), timeout=MAX_WAIT_MS)
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    for part in ("out", "out part 2", "out part 3"):
        assert times_in(tmp_path / f"{part}.mkv") == times_in(tmp_path / f"{part} original.mkv")
    assert times_in(tmp_path / "out.mkv")[-1] < 1
    remembered = Settings.load(tmp_path / "config" / "settings.json")
    assert (remembered.record_quality, remembered.record_content, remembered.record_split) == (
        *(None, None, None),
    )


def test_what_is_chosen_in_the_menu_holds_for_the_next_recording_and_is_remembered(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path
) -> None:
    window = open_window(str(demo_clip), loop=True, recording=RecordingChoices(split="1h"))
    for text in ("High quality", "Both, a file of each"):
        window.controls.recording_menu.action(text).trigger()
    qtbot.waitUntil(window.controls["record"].isEnabled, timeout=MAX_WAIT_MS)
    window.controls["record"].trigger()
    wait_for_recording(qtbot, window, RecordingPhase.ON, frames=5)
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    assert len(list((tmp_path / "recordings").glob("AgeCam * original.mp4"))) == 1
    remembered = Settings.load(tmp_path / "config" / "settings.json")
    assert (remembered.record_quality, remembered.record_content, remembered.record_split) == (
        *("high", "both", None),
    )


def test_settings_that_make_no_sense_record_as_usual() -> None:
    choices = RecordingChoices().over(Settings(record_quality="superb", record_split="weekly"))
    options = choices.options()
    assert (options.quality, options.content, options.split) == ("standard", "annotated", None)


def test_a_recording_that_a_crash_cut_off_is_finished_at_the_next_start_and_told(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    with VideoWriter(tmp_path / "whole.mp4", 64, 64) as writer:
        for index in range(30):
            writer.write(np.zeros((64, 64, 3), np.uint8), index / 10)
        shutil.copy(tmp_path / "whole.mp4", folder / "AgeCam 2026-11-25 20-00-00.part.mp4")
    window = open_window(None)
    path = folder / "AgeCam 2026-11-25 20-00-00.mp4"
    qtbot.waitUntil(
        lambda: window.message_text() == f"A recording that was cut off has been finished: {path}",
        timeout=MAX_WAIT_MS,
    )
    assert list(folder.iterdir()) == [path]
    assert frames_in(path) >= 20


@pytest.fixture
def noisy_clip(tmp_path: Path) -> Path:
    """Two seconds that compress badly: 0.4 MB a second."""
    noise = np.random.default_rng(0)
    clip = tmp_path / "noise.avi"
    with VideoWriter(clip, 160, 120) as writer:
        for index in range(50):
            image_bgr = noise.integers(0, 255, (120, 160, 3), np.uint8)
            writer.write(np.asarray(cv2.GaussianBlur(image_bgr, (3, 3), 0), np.uint8), index / 25)
    return clip


def test_a_full_disk_ends_the_recording_playable_and_the_program_with_a_failure(
    qtbot: QtBot,
    small_disk: Path,
    noisy_clip: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    texts: list[str] = []

    def close_when_it_is_full(window: MainWindow) -> None:
        def look() -> None:
            if "disk is full" in window.message_text():
                texts.append(window.message_text())
                window.close()  # asks nothing: no recording runs

        window.frame_shown.connect(look)

    (small_disk / "ballast").write_bytes(bytes(1_400_000))
    video, rows = small_disk / "visit.mp4", small_disk / "visit.csv"
    Settings(has_agreed=True).save(tmp_path / "config" / "settings.json")
    code = run_window(
        lambda on_change: Session(create_analyzer, on_change),
        StartOptions(str(noisy_clip), loop=True, record=video, csv=rows),
        settings_path=tmp_path / "config" / "settings.json",
        on_window=close_when_it_is_full,
    )
    assert code == 1
    seconds = times_in(video)[-1]
    assert seconds > 0.5
    sentence = (
        f"The disk is full: {seconds:.1f} s were saved in {video}; free some space on {small_disk}, "
        "or write to another disk."
    )
    assert texts == [sentence]
    assert f"agecam: {sentence}" in capsys.readouterr().err
    assert rows.read_bytes().endswith(b"\n")
    assert sorted(path.name for path in small_disk.iterdir()) == ["ballast", "visit.csv", "visit.mp4"]
