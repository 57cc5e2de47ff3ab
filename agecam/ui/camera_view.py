"""What the dialog of the camera shows, computed from the states; nothing of Qt."""

from __future__ import annotations

from dataclasses import dataclass

from agecam.live.camera_control import CameraState, remembered_for
from agecam.live.state import SessionState, SourceState
from agecam.live.statistics import Statistics
from agecam.settings import Settings
from agecam.sources.camera_controls import CameraControls, ControlName, parse_controls
from agecam.sources.camera_modes import CameraMode
from agecam.ui.language import tr


@dataclass(frozen=True, slots=True)
class CameraView:
    """The camera that is shown: ``chosen`` is what it is asked for, one of ``modes``; ``obtained`` says what
    it gives, and ``is_usual`` that nothing was chosen."""

    name: str
    modes: tuple[CameraMode, ...]
    chosen: CameraMode
    is_usual: bool
    obtained: str
    can_change_mode: bool
    can_set: bool
    controls: CameraControls

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Width and height in pixels of what can be chosen, smallest first."""
        return tuple(sorted({(mode.width_px, mode.height_px) for mode in self.modes}))

    def rates(self, size: tuple[int, int]) -> tuple[float, ...]:
        """Frames a second that can be chosen with that size, lowest first."""
        return tuple(sorted({mode.fps for mode in self.modes if (mode.width_px, mode.height_px) == size}))

    def nearest(self, size: tuple[int, int], fps: float) -> CameraMode:
        """The mode of that size whose rate is the nearest."""
        return CameraMode(*size, min(self.rates(size), key=lambda one: abs(one - fps)))


def remembered_modes(settings: Settings) -> dict[str, CameraMode]:
    """What the settings say of each camera, without what cannot be read."""
    modes = {key: CameraMode.parse(text) for key, text in settings.camera_modes.items()}
    return {key: mode for key, mode in modes.items() if mode is not None}


def remembered_controls(settings: Settings) -> dict[str, dict[ControlName, float]]:
    """The same of brightness and exposure."""
    return {key: parse_controls(text) for key, text in settings.camera_controls.items()}


def camera_view(session: SessionState, settings: Settings, statistics: Statistics) -> CameraView | None:
    """``None`` where no camera is shown, or it has not been open yet."""
    camera = session.camera
    if camera is None:
        return None
    wanted = remembered_for(camera.camera, remembered_modes(settings))
    is_live = session.source.state is SourceState.LIVE
    chosen = wanted or _listed(camera)
    return CameraView(
        camera.camera.name,
        tuple(sorted({*camera.modes, chosen})),
        chosen,
        is_usual=wanted is None,
        obtained=_obtained(camera.mode, statistics if is_live else None),
        can_change_mode=not session.recording.is_running,
        can_set=is_live,
        controls=camera.controls,
    )


def _listed(camera: CameraState) -> CameraMode:
    """The mode of the list that comes nearest to what the camera gives, at its size where there is one."""
    mode = camera.mode
    size = mode.width_px, mode.height_px
    same = [one for one in camera.modes if (one.width_px, one.height_px) == size]
    fps = mode.fps or 30.0
    return min(same, key=lambda one: abs(one.fps - fps), default=CameraMode(*size, fps))


def _obtained(mode: CameraMode, statistics: Statistics | None) -> str:
    size = f"{mode.width_px} × {mode.height_px}"
    rate = tr("{size} at {fps} frames a second", size=size, fps=f"{mode.fps:.4g}") if mode.fps else size
    if statistics is None or not statistics.fps_captured:
        return rate
    return tr("{rate}; {fps} arrive", rate=rate, fps=f"{statistics.fps_captured:.0f}")
