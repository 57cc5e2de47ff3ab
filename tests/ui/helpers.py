"""What tests of the window share."""

from pathlib import Path
from typing import Protocol

import av
from pytestqt.qtbot import QtBot

from agecam.live.capture import SourceOpener
from agecam.live.recording import RecordingPhase
from agecam.live.state import SourceState
from agecam.settings import Settings
from agecam.ui.desktop import Desktop
from agecam.ui.dialogs import Dialogs
from agecam.ui.screen_awake import ScreenAwake
from agecam.ui.window import MainWindow

MAX_WAIT_MS = 180_000
"""A net against hangs; waits end with what they wait for."""


class OpenWindow(Protocol):
    """Opens a window on a source, with settings of choice; ``options`` are fields of
    :class:`agecam.ui.options.StartOptions`."""

    def __call__(
        self,
        spec: str | None,
        *,
        opener: SourceOpener | None = None,
        dialogs: Dialogs | None = None,
        desktop: Desktop | None = None,
        chosen: Settings | None = None,
        awake: ScreenAwake | None = None,
        **options: object,
    ) -> MainWindow: ...


class NotedDesktop(Desktop):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.opened: list[Path] = []
        self.sounds = 0

    def open_path(self, path: Path) -> None:
        self.opened.append(path)

    def play_sound(self) -> None:
        self.sounds += 1


def wait_for_state(qtbot: QtBot, window: MainWindow, state: SourceState) -> None:
    qtbot.waitUntil(lambda: window.session.state().source.state is state, timeout=MAX_WAIT_MS)


def wait_for_recording(qtbot: QtBot, window: MainWindow, phase: RecordingPhase, frames: int = 0) -> None:
    def reached() -> bool:
        recording = window.session.state().recording
        return recording.phase is phase and recording.written >= frames

    qtbot.waitUntil(reached, timeout=MAX_WAIT_MS)


def wait_for_labels(qtbot: QtBot, window: MainWindow, people: int) -> None:
    def labelled() -> bool:
        latest = window.session.latest()
        return latest is not None and (
            sum(one.confirmed and one.estimate is not None for one in latest.people) >= people
        )

    qtbot.waitUntil(labelled, timeout=MAX_WAIT_MS)


def wait_until_closed(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=MAX_WAIT_MS)


def frames_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
