"""What the user can do, as Qt actions that bar, menus, pages and keyboard share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, Protocol

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QWidget

from agecam.ui.choices import CHOICES
from agecam.ui.language import tr
from agecam.ui.view_state import ActionState


class PeopleActions(Protocol):
    """What a window does about people; see :class:`agecam.ui.people_commands.PeopleCommands`."""

    def toggle(self) -> None: ...
    def toggle_table(self) -> None: ...
    def save_summary(self) -> None: ...
    def collect(self) -> None: ...


class Commands(Protocol):
    """What a window does when its controls are used."""

    @property
    def people(self) -> PeopleActions: ...
    def open_file(self) -> None: ...
    def open_address(self) -> None: ...
    def show_demo(self) -> None: ...
    def retry(self) -> None: ...
    def toggle_recording(self) -> None: ...
    def toggle_pause(self) -> None: ...
    def choose_recording(self, name: str, value: object) -> None: ...
    def take_snapshot(self) -> None: ...
    def choose(self, name: str, value: bool) -> None: ...
    def toggle_playing(self) -> None: ...
    def step_back(self) -> None: ...
    def step_on(self) -> None: ...
    def skip_back(self) -> None: ...
    def skip_on(self) -> None: ...
    def toggle_loop(self) -> None: ...
    def toggle_fullscreen(self) -> None: ...
    def leave_fullscreen(self) -> None: ...
    def agree(self) -> None: ...
    def show_preferences(self) -> None: ...
    def show_shortcuts(self) -> None: ...
    def open_folder(self) -> None: ...
    def copy_troubleshooting(self) -> None: ...
    def show_about(self) -> None: ...
    def show_model_card(self) -> None: ...
    def show_log(self) -> None: ...
    def show_camera(self) -> None: ...
    def choose_recordings_folder(self) -> None: ...
    def quit(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action: its text, what it is for, which command it calls, its key, and whether it is a switch."""

    text: str
    tip: str
    command: str
    key: str = ""
    is_switch: bool = False
    plain_key: Qt.Key | None = None
    """A key without a modifier, which holds where no button or field that has the focus wants it."""
    repeats: bool = False
    """Whether it is done again and again while its key is held."""

    @property
    def key_text(self) -> str:
        """The keys as they are called; empty without any."""
        plain = "" if self.plain_key is None else QKeySequence(self.plain_key).toString()
        return ", ".join(key for key in (self.key, plain) if key)


ACTIONS: Final[Mapping[str, ActionSpec]] = {
    "open_file": ActionSpec("Open file…", "Show a video or picture", "open_file", "Ctrl+O"),
    "open_address": ActionSpec("Open address…", "Show a network camera or stream", "open_address", "Ctrl+L"),
    "demo": ActionSpec("Demo", "Show the built-in clip", "show_demo"),
    "retry": ActionSpec("Try again", "Look for the source again, or play the clip again", "retry", "F5"),
    "record": ActionSpec("● Record", "Record the annotated picture", "toggle_recording", "Ctrl+R", True),
    "pause": ActionSpec(
        "❙❙ Pause", "Leave out what comes, until resumed", "toggle_pause", "Ctrl+Shift+R", True
    ),
    "snapshot": ActionSpec("Snapshot", "Save the annotated picture as it is now", "take_snapshot", "Ctrl+S"),
    "play": ActionSpec("❙❙", "Play or pause the file", "toggle_playing", plain_key=Qt.Key.Key_Space),
    "step_back": ActionSpec("◂❙", "One frame back", "step_back", plain_key=Qt.Key.Key_Comma, repeats=True),
    "step_on": ActionSpec("❙▸", "One frame on", "step_on", plain_key=Qt.Key.Key_Period, repeats=True),
    "skip_back": ActionSpec(
        "5 s back", "Five seconds back", "skip_back", plain_key=Qt.Key.Key_Left, repeats=True
    ),
    "skip_on": ActionSpec("5 s on", "Five seconds on", "skip_on", plain_key=Qt.Key.Key_Right, repeats=True),
    "loop": ActionSpec("⟳", "Play the file again and again", "toggle_loop", is_switch=True),
    "people": ActionSpec(
        "People", "Show who is in view, and what was seen in this session", "people.toggle", "F9", True
    ),
    "table": ActionSpec(
        "Write CSV", "Write a table: one row a face a frame", "people.toggle_table", "Ctrl+Shift+E", True
    ),
    "summary": ActionSpec(
        "Save summary", "Save everybody seen so far as a page, CSV and JSON", "people.save_summary", "Ctrl+E"
    ),
    "collect": ActionSpec(
        "Collect faces…",
        "Keep images of a person with the true age, for training",
        "people.collect",
        "Ctrl+K",
    ),
    "fullscreen": ActionSpec(
        "Full screen", "Fill the screen, without the bar", "toggle_fullscreen", "F11", True
    ),
    "leave": ActionSpec("Leave full screen", "Show the controls again", "leave_fullscreen", "Esc"),
    "agree": ActionSpec("I agree", "Start AgeCam; this is asked once", "agree"),
    "preferences": ActionSpec("Preferences…", "Labels, recording, folders", "show_preferences", "Ctrl+,"),
    "shortcuts": ActionSpec(
        "Keyboard…", "Which keys do what", "show_shortcuts", "F1", plain_key=Qt.Key.Key_Question
    ),
    "folder": ActionSpec("Open recordings folder", "Where videos are saved", "open_folder"),
    "troubleshoot": ActionSpec("Copy troubleshooting text", "For a bug report", "copy_troubleshooting"),
    "about": ActionSpec("About AgeCam", "What labels say, version, licence, privacy", "show_about"),
    "recordings_folder": ActionSpec(
        "Choose folder…", "Where recordings are saved from now on", "choose_recordings_folder"
    ),
    "card": ActionSpec("Model card", "What the models can and cannot do", "show_model_card"),
    "log": ActionSpec("Log", "What AgeCam has noted, for a bug report", "show_log"),
    "camera": ActionSpec(
        "Camera settings…", "Size, frame rate, brightness, exposure", "show_camera", "Ctrl+Shift+C"
    ),
    "quit": ActionSpec("Quit", "Close AgeCam", "quit", "Ctrl+Q"),
}
"""All but the switches of :mod:`agecam.ui.choices`."""


class Actions:
    """The actions by name, as :data:`ACTIONS` and :data:`agecam.ui.choices.CHOICES` name them."""

    def __init__(self, window: QWidget, commands: Commands) -> None:
        self._by_name: dict[str, QAction] = {}
        self._texts: dict[str, str] = {}
        self._by_key: dict[int, str] = {}
        self._shown: dict[str, ActionState] = {}
        for name, spec in ACTIONS.items():
            command: Callable[[], None] = attrgetter(spec.command)(commands)
            action = self._make(window, name, spec)
            action.triggered.connect(lambda _checked, command=command: command())
        for choice in CHOICES:
            plain_key = Qt.Key(ord(choice.plain_key)) if choice.plain_key else None  # letters are their code
            spec = ActionSpec(choice.text, choice.tip, "choose", choice.key, True, plain_key)
            action = self._make(window, choice.name, spec)
            action.triggered.connect(lambda checked, name=choice.name: commands.choose(name, checked))

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def for_key(self, key: int) -> QAction | None:
        """The action of a key without a modifier."""
        return self._by_name[self._by_key[key]] if key in self._by_key else None

    def show_view(self, states: Mapping[str, ActionState]) -> None:
        """Make each action what the view state says of it; without a word there, it can be used."""
        for name, action in self._by_name.items():
            state = states.get(name, _USABLE)
            # A click ticks a switch before anybody has said what becomes of it.
            is_ticked_so = not action.isCheckable() or action.isChecked() == state.checked
            if state == self._shown.get(name) and is_ticked_so:
                continue
            self._shown[name] = state
            action.setEnabled(state.enabled)
            action.setVisible(state.visible)
            action.setText(tr(state.text or self._texts[name]))
            if action.isCheckable():
                action.setChecked(state.checked)

    def _make(self, window: QWidget, name: str, spec: ActionSpec) -> QAction:
        action = QAction(tr(spec.text), window)
        action.setToolTip(f"{tr(spec.tip)} ({spec.key_text})" if spec.key_text else tr(spec.tip))
        action.setCheckable(spec.is_switch)
        action.setAutoRepeat(spec.repeats)
        if spec.key:
            action.setShortcut(QKeySequence(spec.key))
        window.addAction(action)  # so that its key works in full screen too
        self._by_name[name], self._texts[name] = action, spec.text
        if spec.plain_key is not None:
            self._by_key[int(spec.plain_key)] = name
        return action


_USABLE: Final = ActionState()
