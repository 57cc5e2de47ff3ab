"""Uses the real window as a new user would, and photographs the screen at every step.

    xvfb-run -s "-screen 0 3840x2160x24" python -m tests.ui.tour CLIP FOLDER [--size 800x480] [--theme dark]

Two cameras, made of the clip, are handed in. ``FOLDER`` gets a PNG a step, in their order, and
``seen.json``: what was true at each. ``QT_SCALE_FACTOR`` scales the window as on a dense screen.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PyQt6.QtGui import QDropEvent, QGuiApplication
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget

from agecam.live.capture import SourceOpener
from agecam.live.recording import RecordingPhase
from agecam.live.session import Session
from agecam.live.state import SourceState
from agecam.messages import Frame
from agecam.opencv import cv2
from agecam.settings import Settings
from agecam.sources import Camera, Source, open_source
from agecam.sources.camera import CameraSource
from agecam.ui.options import StartOptions
from agecam.ui.preferences import Preferences
from agecam.ui.theme import apply_theme
from agecam.ui.window import MainWindow
from agecam.vision.analyzer import create_analyzer

MAX_WAIT_S: Final = 120.0
"""A net against hangs; waits end with what they wait for."""
_STUCK_S: Final = 600.0
DESK = Camera(0, "Desk camera", "/dev/video0", "V4L2", "usb1/1-1")
HALL = Camera(2, "Hall camera", "/dev/video2", "V4L2", "usb1/1-2")


class ClipCapture:
    """What OpenCV gives of a camera that sees the clip over and over, at its rate, until it is pulled out."""

    def __init__(self, ports: Ports, camera: Camera, clip: Path) -> None:
        self._ports, self._camera, self._clip = ports, camera, clip
        self._source: Source | None = None
        self._started_s = 0.0
        self._frame: Frame | None = None

    def isOpened(self) -> bool:  # noqa: N802 (OpenCV's name)
        return self._camera in self._ports.plugged

    def get(self, propId: int, /) -> float:  # noqa: N803
        return 30.0 if propId == cv2.CAP_PROP_FPS else 0.0

    def set(self, propId: int, value: float, /) -> bool:  # noqa: N803
        return True

    def grab(self) -> bool:
        if not self.isOpened():
            return False
        self._frame = None if self._source is None else self._source.read()
        if self._frame is None:
            self.release()
            self._source = open_source(str(self._clip))
            self._source.open()
            self._started_s = time.monotonic()
            self._frame = self._source.read()
        assert self._frame is not None
        time.sleep(max(0.0, self._started_s + self._frame.time_s - time.monotonic()))
        return True

    def retrieve(self) -> tuple[bool, NDArray[np.uint8] | None]:
        return self._frame is not None, None if self._frame is None else self._frame.image_bgr.copy()

    def release(self) -> None:
        if self._source is not None:
            self._source.close()


class Ports:
    """Which cameras are plugged in."""

    def __init__(self, clip: Path) -> None:
        self.plugged: tuple[Camera, ...] = (DESK, HALL)
        self._clip = clip

    def list_cameras(self, backend: str | None = None, /) -> list[Camera]:
        return [one for one in self.plugged if backend in (None, one.backend)]

    def opener(self) -> SourceOpener:
        return SourceOpener(open_source, self.list_cameras, self._open)

    def _open(self, camera: Camera) -> CameraSource:
        return CameraSource(
            camera,
            list_cameras=self.list_cameras,
            has_permission=lambda _camera: True,
            open_capture=self._open_capture,
        )

    def _open_capture(self, index: int, _api: int) -> ClipCapture:
        return ClipCapture(self, next(one for one in self.plugged if one.index == index), self._clip)


def wait_ms(duration_ms: int) -> None:
    """Let the window live so long."""
    QTest.qWait(duration_ms)  # type: ignore[call-arg,arg-type]  # static


class Tour:
    """The steps; each is a method, run in order."""

    def __init__(self, clip: Path, folder: Path, size: tuple[int, int], theme: str) -> None:
        self.clip, self.folder, self.size, self.theme = clip, folder, size, theme
        self.seen: dict[str, Any] = {"platform": QGuiApplication.platformName()}
        self.ports = Ports(clip)
        self._step = 0

    # -- how it looks and waits --------------------------------------------------------------------

    def until(self, reached: Callable[[], object], what: str) -> None:
        deadline_s = time.monotonic() + MAX_WAIT_S
        while not reached():
            if time.monotonic() > deadline_s:
                raise TimeoutError(what)
            wait_ms(20)

    def keep_screen(self, name: str, **facts: object) -> None:
        wait_ms(300)  # of a frame or two, so that all is painted
        self._step += 1
        screen = QGuiApplication.primaryScreen()
        assert screen is not None
        place = self.window.geometry()
        shot = screen.grabWindow(0, place.x(), place.y(), place.width(), place.height())  # type: ignore[arg-type]
        shot.save(str(self.folder / f"{self._step:02}-{name}.png"))
        self.seen[name] = {"size": [place.width(), place.height()], **facts}

    def click(self, widget: QWidget) -> None:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)  # type: ignore[call-overload]

    def key(self, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
        combined = Qt.KeyboardModifier.NoModifier
        for modifier in modifiers:
            combined |= modifier
        QTest.keyClick(self.window.focusWidget() or self.window, key, combined)  # type: ignore[call-overload]

    def labelled(self) -> int:
        latest = self.window.session.latest()
        people = () if latest is None else latest.people
        return sum(one.confirmed and one.estimate is not None for one in people)

    def shown_s(self) -> float:
        latest = self.window.session.latest()
        return -1.0 if latest is None else latest.analysis.frame.time_s

    def phase(self) -> RecordingPhase:
        return self.window.session.state().recording.phase

    def state(self) -> SourceState:
        return self.window.session.state().source.state

    def messages(self) -> list[str]:
        return [one.notice.text for one in self.window.stage.messages.messages]

    def is_told(self, beginning: str) -> bool:
        return any(text.startswith(beginning) for text in self.messages())

    def snapshots(self) -> list[Path]:
        return list((self.folder / "snapshots").glob("*.png"))

    # -- the steps ---------------------------------------------------------------------------------

    def open_window(self) -> None:
        settings_path = self.folder / "config" / "settings.json"
        if not settings_path.exists():
            recordings, snapshots = str(self.folder / "recordings"), str(self.folder / "snapshots")
            chosen = Settings(theme=self.theme, recordings_folder=recordings, snapshots_folder=snapshots)
            chosen.save(settings_path)
        self.window = MainWindow(
            lambda on_change: Session(create_analyzer, on_change, opener=self.ports.opener()),
            StartOptions(),
            Settings.load(settings_path),
            settings_path,
        )
        self.window.start()
        self.window.setGeometry(0, 0, *self.size)
        self.until(self.window.isActiveWindow, "the focus")

    def start_and_choose(self) -> None:
        self.open_window()
        self.until(lambda: self.window.controls["agree"].isEnabled(), "the welcome page")
        self.keep_screen("welcome")
        agree = self.window.stage.welcome.findChildren(QPushButton)
        self.click(next(one for one in agree if one.text() == self.window.controls["agree"].text()))
        self.until(lambda: self.state() is SourceState.LIVE, "the first camera")
        box = self.window.controls.cameras
        box.setFocus()
        self.key(Qt.Key.Key_Down)
        self.until(lambda: self.window.session.state().source.name == HALL.name, "the second camera")
        self.until(lambda: self.state() is SourceState.LIVE and self.labelled() >= 2, "two labels")
        self.window.view.setFocus()
        self.keep_screen("live", camera=self.window.session.state().source.name, labelled=self.labelled())

    def record(self) -> None:
        self.click(self.window.controls.button("record"))
        self.until(lambda: self.window.session.state().recording.written >= 20, "a recording")
        self.keep_screen("recording", mark=self.window.recording_text())
        self.key(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier)
        self.until(lambda: self.phase() is RecordingPhase.PAUSED, "the pause")
        self.keep_screen("paused", mark=self.window.recording_text())
        self.key(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier)
        self.until(lambda: self.phase() is RecordingPhase.ON, "the resumption")
        self.key(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        self.until(lambda: self.is_told("Snapshot saved"), "word of the snapshot")
        self.keep_screen("snapshot", messages=self.messages())
        written = self.window.session.state().recording.written
        self.until(lambda: self.window.session.state().recording.written > written + 60, "more frames")

    def fill_screen(self) -> None:
        self.key(Qt.Key.Key_F11)
        screen = self.window.screen()
        assert screen is not None
        self.until(lambda: self.window.geometry() == screen.geometry(), "the whole screen")
        self.seen["screen"] = [screen.geometry().width(), screen.geometry().height()]
        taken = len(self.snapshots())
        self.key(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        self.until(lambda: len(self.snapshots()) > taken, "another snapshot")
        self.keep_screen("fullscreen", mark=self.window.recording_text(), messages=self.messages())
        self.key(Qt.Key.Key_Escape)
        self.until(lambda: not self.window.isFullScreen(), "the window again")
        self.until(lambda: self.window.width() == self.size[0], "its size")

    def pull_and_return(self) -> None:
        self.ports.plugged = (DESK,)
        self.window.cameras_changed()
        self.until(lambda: self.state() is SourceState.DISCONNECTED, "the page of a lost camera")
        self.keep_screen("pulled", mark=self.window.recording_text())
        self.ports.plugged = (replace(HALL, index=4, path="/dev/video4"), DESK)
        self.window.cameras_changed()
        self.until(lambda: self.state() is SourceState.LIVE, "the camera again")
        self.until(lambda: self.is_told("The camera was away"), "word of the gap")
        self.keep_screen("returned", mark=self.window.recording_text(), messages=self.messages())
        self.click(self.window.controls.button("record"))
        self.until(lambda: self.phase() is RecordingPhase.OFF, "the recording's end")
        self.until(lambda: self.is_told("Recording saved"), "word of the recording")
        self.keep_screen("saved", messages=self.messages())

    def play_file(self) -> None:
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(self.clip))])
        middle = QPointF(self.window.rect().center())
        self.window.dropEvent(
            QDropEvent(
                middle,
                Qt.DropAction.CopyAction,
                mime,
                Qt.MouseButton.LeftButton,
                Qt.KeyboardModifier.NoModifier,
            )
        )
        self.until(lambda: self.window.session.state().playback is not None, "the file")
        self.until(lambda: self.state() is SourceState.LIVE, "the file live")
        bar = self.window.stage.playback.seek_bar
        self.until(lambda: bar.isVisible() and bar.isEnabled(), "the seek bar")
        self.until(self.window.view.hasFocus, "the focus on the picture")
        self.key(Qt.Key.Key_Space)
        self.until(lambda: self.playback().is_paused, "the pause")
        QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(bar.width() // 2, bar.height() // 2))  # type: ignore[call-overload]
        duration_s = self.playback().duration_s or 0.0
        self.until(lambda: abs(self.playback().position_s - duration_s / 2) < duration_s / 10, "the seek")
        self.until(lambda: self.shown_s() > duration_s / 3 and self.labelled() >= 2, "labels where it stands")
        self.keep_screen(
            "file", labelled=self.labelled(), position_s=self.playback().position_s, duration_s=duration_s
        )

    def playback(self) -> Any:
        playback = self.window.session.state().playback
        assert playback is not None
        return playback

    def change_and_quit(self) -> None:
        self.key(Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
        self.key(Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        self.window.controls["preferences"].trigger()
        self.keep_screen("preferences")
        for dialog in self.window.findChildren(Preferences):
            dialog.close()
        self.window.activateWindow()
        self.until(self.window.isActiveWindow, "the focus again")
        self.key(Qt.Key.Key_Space)
        self.until(lambda: not self.playback().is_paused, "the file to go on")
        self.key(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
        self.until(lambda: self.window.session.state().recording.is_running, "the second recording")
        self.until(lambda: self.window.session.state().recording.written >= 5, "frames of it")
        QTimer.singleShot(500, self.answer)
        self.window.controls["quit"].trigger()
        self.until(lambda: not self.window.isVisible(), "the end")

    def answer(self) -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        self.keep_screen("question", question=box.text())
        button = box.button(QMessageBox.StandardButton.Close)
        assert button is not None
        self.click(button)

    def start_again(self) -> None:
        self.open_window()
        self.until(lambda: self.state() is SourceState.LIVE and self.labelled() >= 2, "labels")
        settings = self.window.settings
        self.keep_screen(
            "again",
            camera=self.window.session.state().source.name,
            gender=settings.show_gender,
            groups=settings.show_groups,
        )
        self.window.close()
        self.until(lambda: not self.window.isVisible(), "the end")

    def run(self) -> None:
        self.start_and_choose()
        self.record()
        self.fill_screen()
        self.pull_and_return()
        self.play_file()
        self.change_and_quit()
        self.start_again()
        self.seen["recordings"] = sorted(one.name for one in (self.folder / "recordings").iterdir())
        self.seen["threads"] = sorted(one.name for one in threading.enumerate())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", default="1120x760")
    parser.add_argument("--theme", default="light", choices=("light", "dark"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    apply_theme(application)
    width, height = map(int, arguments.size.split("x"))
    faulthandler.dump_traceback_later(_STUCK_S, repeat=True)  # a hang says where
    tour = Tour(arguments.clip, arguments.folder, (width, height), arguments.theme)
    try:
        tour.run()
    except BaseException as error:
        tour.keep_screen("stuck", error=repr(error))
        tour.window.close_without_asking()
        while tour.window.isVisible():
            wait_ms(20)
        raise
    finally:
        (arguments.folder / "seen.json").write_text(json.dumps(tour.seen, indent=1))


if __name__ == "__main__":
    main()
