"""The real window on a clip of choice, with settings of its own and no camera."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from agecam.live.capture import SourceOpener
from agecam.live.session import Session
from agecam.settings import Settings
from agecam.ui.desktop import Desktop
from agecam.ui.dialogs import Dialogs
from agecam.ui.options import StartOptions
from agecam.ui.screen_awake import ScreenAwake
from agecam.ui.window import MainWindow
from agecam.vision.analyzer import create_analyzer
from tests.ui.helpers import MAX_WAIT_MS, OpenWindow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        has_agreed=True,
        recordings_folder=str(tmp_path / "recordings"),
        snapshots_folder=str(tmp_path / "snapshots"),
    )


@pytest.fixture
def open_window(qtbot: QtBot, settings: Settings, tmp_path: Path) -> Iterator[OpenWindow]:
    windows: list[MainWindow] = []

    def open_one(
        spec: str | None,
        *,
        opener: SourceOpener | None = None,
        dialogs: Dialogs | None = None,
        desktop: Desktop | None = None,
        chosen: Settings | None = None,
        awake: ScreenAwake | None = None,
        **options: object,
    ) -> MainWindow:
        no_cameras = SourceOpener(list_cameras=list)
        window = MainWindow(
            lambda on_change: Session(create_analyzer, on_change, opener=opener or no_cameras),
            replace(StartOptions(spec), **options),  # type: ignore[arg-type]
            chosen or settings,
            tmp_path / "config" / "settings.json",
            dialogs,
            desktop,
            awake or ScreenAwake(tuple),  # the developer's own screen may blank
        )
        windows.append(window)
        window.start()
        return window

    yield open_one
    for window in windows:
        window.close_without_asking()
        qtbot.waitUntil(lambda window=window: not window.isVisible(), timeout=MAX_WAIT_MS)  # type: ignore[misc]
        window.deleteLater()
