"""What users ask of cameras: sizes, rates, brightness and exposure, carried out by the capture thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from agecam.sources.camera import CameraSource
from agecam.sources.camera_controls import CameraControls, ControlName
from agecam.sources.camera_modes import CameraMode
from agecam.sources.cameras import Camera

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class CameraState:
    """The camera that was opened last: ``mode`` is what it gives, ``modes`` may be asked of it."""

    camera: Camera
    mode: CameraMode
    modes: tuple[CameraMode, ...]
    controls: CameraControls


def camera_key(camera: Camera) -> str:
    """By which what was chosen for a camera is remembered: its name, and its device where known."""
    return f"{camera.name}\t{camera.device or ''}"


def remembered_for(camera: Camera, chosen: Mapping[str, _T]) -> _T | None:
    """What was chosen for that camera, else last for one of its name, as in another port; else ``None``."""
    named = [one for key, one in chosen.items() if key.partition("\t")[0] == camera.name]
    return chosen.get(camera_key(camera), named[-1] if named else None)


class CameraControl:
    """Takes wishes from any thread, and keeps the one :class:`CameraState`.

    Every call of a device is made by the capture thread, which calls :meth:`prepare`, :meth:`opened` and, for
    each frame, :meth:`serve`. ``on_change`` is called when the state has changed; it must return at once.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._modes: Mapping[str, CameraMode] = {}
        self._values: dict[str, dict[ControlName, float]] = {}
        """What was set of each camera, by its key: one that was pulled out has forgotten it."""
        self._pending: dict[ControlName, float] = {}
        self._wants_defaults = False
        self._state: CameraState | None = None

    def state(self) -> CameraState | None:
        """The camera that was opened last."""
        with self._lock:
            return self._state

    def set_modes(self, modes: Mapping[str, CameraMode]) -> None:
        """Ask these of cameras, by :func:`camera_key`, from the next time on that they are opened."""
        with self._lock:
            self._modes = dict(modes)

    def set_values(self, values: Mapping[str, Mapping[ControlName, float]]) -> None:
        """Set cameras so, by :func:`camera_key`, from the next time on that they are opened."""
        with self._lock:
            self._values = {key: dict(of_one) for key, of_one in values.items()}

    def set(self, name: ControlName, value: float) -> None:
        """Set the camera that is live, as :meth:`agecam.sources.camera.CameraSource.set_control` does."""
        with self._lock:
            self._pending[name] = value

    def restore_defaults(self) -> None:
        """Set the camera that is live as its driver does where nobody sets it."""
        with self._lock:
            self._pending.clear()
            self._wants_defaults = True

    # -- for the capture thread --------------------------------------------------------------------

    def prepare(self, source: CameraSource) -> None:
        """The camera is about to be opened."""
        with self._lock:
            source.mode = remembered_for(source.camera, self._modes)
            if self._state is None or camera_key(self._state.camera) != camera_key(source.camera):
                self._pending.clear()  # of the camera before
                self._wants_defaults = False

    def opened(self, source: CameraSource) -> None:
        """It is open, and set again as it was set."""
        mode = source.obtained_mode
        if mode is None:
            return
        with self._lock:
            values = dict(remembered_for(source.camera, self._values) or {})
        _apply(source, values)
        self._tell(CameraState(source.camera, mode, source.modes(), source.controls()))

    def serve(self, source: CameraSource) -> None:
        """Carry out what was asked since the last call."""
        with self._lock:
            pending, state = dict(self._pending), self._state
            wants_defaults, self._wants_defaults = self._wants_defaults, False
            self._pending.clear()
            if wants_defaults:
                self._values.pop(camera_key(source.camera), None)
            if pending:
                self._values.setdefault(camera_key(source.camera), {}).update(pending)
        if wants_defaults:
            _restore(source)
        _apply(source, pending)
        if state is not None and (pending or wants_defaults):
            self._tell(CameraState(state.camera, state.mode, state.modes, source.controls()))

    def _tell(self, state: CameraState) -> None:
        with self._lock:
            self._state = state
        self._on_change()


def _apply(source: CameraSource, values: Mapping[ControlName, float]) -> None:
    for name in ControlName:  # automatic exposure before exposure, which it locks
        if name in values:
            source.set_control(name, values[name])


def _restore(source: CameraSource) -> None:
    """An exposure can be set while it is not automatic alone."""
    defaults = dict(source.default_controls())
    automatic, exposure = ControlName.AUTO_EXPOSURE, ControlName.EXPOSURE
    if exposure in defaults:
        manual = {automatic: 0.0} if automatic in defaults else {}
        _apply(source, {**manual, exposure: defaults.pop(exposure)})
    _apply(source, defaults)
