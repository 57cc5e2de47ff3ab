"""What the user asks of the camera: size and rate are remembered, the rest is left to its driver."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from agecam.live.camera_control import camera_key
from agecam.live.session import Session
from agecam.settings import Settings
from agecam.sources.camera_controls import ControlName
from agecam.sources.camera_modes import CameraMode
from agecam.ui.camera_view import remembered_modes


class SettingsHolder(Protocol):
    """Who has the settings."""

    settings: Settings


class CameraCommands:
    """Hands wishes to the session, and keeps them in the settings of ``holder``."""

    def __init__(self, holder: SettingsHolder, session: Session) -> None:
        self._holder = holder
        self._session = session

    def apply_settings(self) -> None:
        """Ask of cameras what the settings say, from the next time on that they are opened."""
        self._session.set_camera_modes(remembered_modes(self._holder.settings))

    def choose_mode(self, mode: CameraMode | None) -> None:
        """Ask the camera that is shown for that size and rate from now on; ``None`` for the usual ones.

        Does nothing while a recording runs.
        """
        state, settings = self._session.state(), self._holder.settings
        if state.camera is None or state.recording.is_running:
            return
        key = camera_key(state.camera.camera)
        modes = {one: text for one, text in settings.camera_modes.items() if one != key}
        if mode is not None:
            modes[key] = str(mode)
        self._holder.settings = replace(settings, camera_modes=modes)
        self.apply_settings()
        self._session.reopen_camera()

    def set_control(self, name: ControlName, value: float) -> None:
        """Set brightness or exposure of the camera that is shown."""
        self._session.set_camera_control(name, value)
