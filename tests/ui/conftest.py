"""The real window on a clip of choice, with settings of its own and no camera."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from agecam.live import capture, session
from agecam.settings import Settings
from agecam.ui.window import MainWindow, StartOptions
from agecam.vision.analyzer import create_analyzer

_LONGEST_MS = 30_000


@pytest.fixture(autouse=True)
def _no_cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is plugged in here stays dark."""
    for module in (capture, session):
        monkeypatch.setattr(module, "list_cameras", list)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        recordings_folder=str(tmp_path / "recordings"), snapshots_folder=str(tmp_path / "snapshots")
    )


@pytest.fixture
def open_window(qtbot: QtBot, settings: Settings, tmp_path: Path) -> Iterator[Callable[..., MainWindow]]:
    windows: list[MainWindow] = []

    def open_one(spec: str | None, **options: object) -> MainWindow:
        window = MainWindow(
            create_analyzer,
            replace(StartOptions(spec), **options),
            settings,
            tmp_path / "config" / "settings.json",
        )
        windows.append(window)
        window.start()
        return window

    yield open_one
    for window in windows:
        window.close_without_asking()
        qtbot.waitUntil(lambda window=window: not window.isVisible(), timeout=_LONGEST_MS)
        window.deleteLater()
