"""What the user can do, as Qt actions, and the tool bar that offers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from PyQt6.QtCore import QSignalBlocker, pyqtSignal
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QComboBox, QMainWindow, QToolBar, QToolButton, QWidget

from agecam.live.recording import RecordingState
from agecam.settings import Settings
from agecam.sources import Camera
from agecam.ui.options import RecordingChoices
from agecam.ui.recording_menu import RecordingMenu


class Commands(Protocol):
    """What a window does when its controls are used."""

    def open_file(self) -> None: ...
    def open_address(self) -> None: ...
    def show_demo(self) -> None: ...
    def retry(self) -> None: ...
    def toggle_recording(self) -> None: ...
    def toggle_pause(self) -> None: ...
    def choose_recording(self, name: str, value: object) -> None: ...
    def take_snapshot(self) -> None: ...
    def apply_choices(self) -> None: ...
    def toggle_fullscreen(self) -> None: ...
    def leave_fullscreen(self) -> None: ...
    def open_folder(self) -> None: ...
    def copy_troubleshooting(self) -> None: ...
    def show_about(self) -> None: ...
    def quit(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Spec:
    """One action: its text, what it is for, which command it calls, its key, and whether it is a switch."""

    text: str
    tip: str
    command: str
    key: str = ""
    is_switch: bool = False


_ACTIONS = {
    "open_file": _Spec("Open file…", "Show a video or picture", "open_file", "Ctrl+O"),
    "open_address": _Spec("Open address…", "Show a network camera or stream", "open_address", "Ctrl+L"),
    "demo": _Spec("Demo", "Show the built-in clip", "show_demo"),
    "retry": _Spec("Try again", "Look for the source again, or play the clip again", "retry", "F5"),
    "record": _Spec("● Record", "Record the annotated picture", "toggle_recording", "Ctrl+R", True),
    "pause": _Spec("❙❙ Pause", "Leave out what comes, until resumed", "toggle_pause", "Ctrl+Shift+R", True),
    "snapshot": _Spec("Snapshot", "Save the annotated picture as it is now", "take_snapshot", "Ctrl+S"),
    "mirror": _Spec("Mirror", "Show the camera as in a mirror", "apply_choices", "Ctrl+M", True),
    "groups": _Spec("Age groups", "Show groups of ages in place of years", "apply_choices", "Ctrl+A", True),
    "interval": _Spec("Age range", "Show how sure the age is", "apply_choices", "Ctrl+I", True),
    "gender": _Spec("Gender", "Show the estimated gender", "apply_choices", "Ctrl+G", True),
    "confidence": _Spec(
        "Probabilities", "Show how sure group and gender are", "apply_choices", "Ctrl+P", True
    ),
    "blur": _Spec("Blur faces", "Make faces unrecognisable", "apply_choices", "Ctrl+B", True),
    "fullscreen": _Spec("Full screen", "Picture only", "toggle_fullscreen", "F11", True),
    "leave": _Spec("Leave full screen", "Show the controls again", "leave_fullscreen", "Esc"),
    "folder": _Spec("Open recordings folder", "Where videos are saved", "open_folder"),
    "troubleshoot": _Spec("Copy troubleshooting text", "For a bug report", "copy_troubleshooting"),
    "about": _Spec("About AgeCam", "What labels say, version, licence, privacy", "show_about"),
    "quit": _Spec("Quit", "Close AgeCam", "quit", "Ctrl+Q"),
}
_STYLES = ("groups", "interval", "gender", "confidence", "blur")
_ON_BAR = ("open_file", "record", "pause", "snapshot", "mirror")
_RECORDING = "recording"
"""Stands for a menu of its own."""
_IN_MENU = ("open_address", "demo", "retry", "", *_STYLES, "fullscreen", "", _RECORDING)
_IN_MENU_LAST = ("folder", "troubleshoot", "about", "", "quit")


class Controls(QToolBar):
    """The tool bar; its actions also serve the pages and the keyboard."""

    camera_picked = pyqtSignal(int, str)

    def __init__(
        self, window: QMainWindow, commands: Commands, settings: Settings, recording: RecordingChoices
    ) -> None:
        super().__init__("Controls", window)
        self.setMovable(False)
        view_action = self.toggleViewAction()
        if view_action is not None:  # a hidden tool bar could not be brought back
            view_action.setEnabled(False)
            view_action.setVisible(False)
        self.by_name = {name: self._make(window, commands, spec) for name, spec in _ACTIONS.items()}
        for name, chosen in (
            ("mirror", settings.mirror),
            ("groups", settings.show_groups),
            ("interval", settings.show_interval),
            ("gender", settings.show_gender),
            ("confidence", settings.show_confidence),
            ("blur", settings.blur),
        ):
            self[name].setChecked(chosen)
        self.cameras = QComboBox()
        self.cameras.setToolTip("Which camera to show")
        self.cameras.setAccessibleName("Camera")
        self.cameras.setPlaceholderText("Choose a camera")
        self.cameras.activated.connect(self._picked)
        self.addWidget(self.cameras)
        for name in _ON_BAR:
            self.addAction(self[name])
        for name in ("record", "pause"):
            button = self.widgetForAction(self[name])
            if button is not None:
                button.setObjectName(name)
        self.recording_menu = RecordingMenu(recording, commands.choose_recording, self)
        self.addWidget(self._more())
        self.set_recording(RecordingState())

    def __getitem__(self, name: str) -> QAction:
        return self.by_name[name]

    def chosen(self, settings: Settings) -> Settings:
        """The settings with what the switches say now."""
        return replace(
            settings,
            mirror=self["mirror"].isChecked(),
            show_groups=self["groups"].isChecked(),
            show_interval=self["interval"].isChecked(),
            show_gender=self["gender"].isChecked(),
            show_confidence=self["confidence"].isChecked(),
            blur=self["blur"].isChecked(),
        )

    def set_cameras(self, cameras: Sequence[Camera], source_name: str) -> None:
        """List these cameras; the one that is shown, if any, is the chosen one."""
        with QSignalBlocker(self.cameras):
            self.cameras.clear()
            for camera in cameras:
                self.cameras.addItem(camera.name, (camera.index, camera.name))
            self.cameras.setCurrentIndex(self.cameras.findText(source_name))
            self.cameras.setPlaceholderText("Choose a camera" if cameras else "No camera")

    def set_source_name(self, source_name: str) -> None:
        """Choose the camera of that name in the list; none where it is not a camera."""
        with QSignalBlocker(self.cameras):
            self.cameras.setCurrentIndex(self.cameras.findText(source_name))

    def set_recording(self, recording: RecordingState) -> None:
        """While a recording runs it can be paused, and the source may not be changed."""
        is_running, is_paused = recording.is_running, recording.is_paused
        self["record"].setChecked(is_running)
        self["record"].setText("■ Stop" if is_running else "● Record")
        self["pause"].setVisible(is_running)
        self["pause"].setChecked(is_paused)
        self["pause"].setText("▶ Resume" if is_paused else _ACTIONS["pause"].text)
        for name in ("open_file", "open_address", "demo"):
            self[name].setEnabled(not is_running)
        self.cameras.setEnabled(not is_running and self.cameras.count() > 0)

    @staticmethod
    def _make(window: QMainWindow, commands: Commands, spec: _Spec) -> QAction:
        action = QAction(spec.text, window)
        action.setToolTip(f"{spec.tip} ({spec.key})" if spec.key else spec.tip)
        action.setCheckable(spec.is_switch)
        if spec.key:
            action.setShortcut(QKeySequence(spec.key))
        command: Callable[[], None] = getattr(commands, spec.command)
        action.triggered.connect(lambda _checked: command())
        window.addAction(action)  # so that its key works in full screen too
        return action

    def _more(self) -> QWidget:
        button = QToolButton()
        button.setText("More")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        for name in (*_IN_MENU, *_IN_MENU_LAST):
            if name == _RECORDING:
                button.addAction(self.recording_menu.menuAction())
            elif name:
                button.addAction(self[name])
            else:
                separator = QAction(button)
                separator.setSeparator(True)
                button.addAction(separator)
        return button

    def _picked(self, row: int) -> None:
        index, name = self.cameras.itemData(row)
        self.camera_picked.emit(index, name)
