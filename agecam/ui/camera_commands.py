"""What the user asks of the camera, which is remembered for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from agecam.live.camera_control import camera_key, remembered_for
from agecam.live.session import Session
from agecam.settings import Settings
from agecam.sources.camera_controls import ControlName, controls_text
from agecam.sources.camera_modes import CameraMode
from agecam.sources.cameras import Camera
from agecam.ui.camera_view import remembered_controls, remembered_modes


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
        self._session.set_camera_controls(remembered_controls(self._holder.settings))

    def choose_mode(self, mode: CameraMode | None) -> None:
        """Ask the camera that is shown for that size and rate from now on; ``None`` for the usual ones.

        Does nothing while a recording runs.
        """
        state, settings = self._session.state(), self._holder.settings
        if state.camera is None or state.recording.is_running:
            return
        modes = _without(settings.camera_modes, state.camera.camera)
        if mode is not None:
            modes[camera_key(state.camera.camera)] = str(mode)
        self._holder.settings = replace(settings, camera_modes=modes)
        self.apply_settings()
        self._session.reopen_camera()

    def set_control(self, name: ControlName, value: float) -> None:
        """Set brightness or exposure of the camera that is shown, now and whenever it is opened."""
        camera, settings = self._session.state().camera, self._holder.settings
        if camera is None:
            return
        remembered = remembered_controls(settings)
        values = remembered_for(camera.camera, remembered) or {}
        texts = {
            **_without(settings.camera_controls, camera.camera),
            camera_key(camera.camera): controls_text({**values, name: value}),
        }
        self._holder.settings = replace(settings, camera_controls=texts)
        self._session.set_camera_control(name, value)

    def restore_controls(self) -> None:
        """Leave brightness and exposure of the camera that is shown to its driver again."""
        camera, settings = self._session.state().camera, self._holder.settings
        if camera is None:
            return
        texts = {
            key: text
            for key, text in settings.camera_controls.items()
            if key.partition("\t")[0] != camera.camera.name
        }
        self._holder.settings = replace(settings, camera_controls=texts)
        self.apply_settings()
        self._session.restore_camera_controls()


def _without(by_key: Mapping[str, str], camera: Camera) -> dict[str, str]:
    return {key: text for key, text in by_key.items() if key != camera_key(camera)}
