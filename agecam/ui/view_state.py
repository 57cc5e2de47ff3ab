"""What the window shows, computed from the session and the settings as one frozen value; nothing of Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from agecam.live.recording import RecordingState
from agecam.live.state import SessionState, SourceState, SourceStatus
from agecam.live.statistics import Statistics
from agecam.settings import Settings
from agecam.sources import Camera
from agecam.ui.choices import CHOICES
from agecam.ui.status_text import numbers_detail, numbers_text, recording_text

CONSENT_SHORT: Final = "Estimates can be wrong. Use them with the consent of the people in view."

_WITH_IMAGE: Final = (SourceState.LIVE, SourceState.ENDED)
"""States in which the live view is shown; every other one has a page."""


@dataclass(frozen=True, slots=True)
class WindowFacts:
    """What the window itself knows: which cameras were found, and what was measured last."""

    cameras: tuple[Camera, ...] = ()
    is_fullscreen: bool = False
    faces: int = 0
    is_still: bool = False
    """Whether the image is a photograph, which has no rate."""
    statistics: Statistics = field(default_factory=Statistics)


@dataclass(frozen=True, slots=True)
class ActionState:
    """How one action stands; an empty ``text`` leaves it its own."""

    enabled: bool = True
    visible: bool = True
    checked: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class CameraList:
    """The picker of cameras: a text for each, the chosen one (-1: none), what stands there without."""

    texts: tuple[str, ...] = ()
    chosen: int = -1
    enabled: bool = False
    placeholder: str = "No camera"


@dataclass(frozen=True, slots=True)
class RecordingMark:
    """What is said of the recording over the picture; an empty ``text`` says nothing."""

    text: str = ""
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class ViewState:
    """All that the window renders from: nothing else decides what is shown, lit or can be used.

    ``page`` is the state whose page is shown, ``None`` where the live view is; ``page_message`` says what is
    wrong this time. ``hint`` and ``numbers`` stand in the footer; ``statistics`` lies over the picture, where
    it is not empty.
    """

    title: str
    page: SourceState | None
    page_message: str
    actions: Mapping[str, ActionState]
    cameras: CameraList
    recording: RecordingMark
    hint: str
    numbers: str
    numbers_detail: str
    statistics: str
    is_fullscreen: bool


def view_state(session: SessionState, settings: Settings, facts: WindowFacts) -> ViewState:
    """What the window shows when the session, the settings and the window stand so."""
    source, recording = session.source, session.recording
    is_live, is_ended = source.state is SourceState.LIVE, source.state is SourceState.ENDED
    detail = numbers_detail(facts.statistics) if is_live else ""
    shown = source.name.replace("[*]", "[*][*]")  # one alone is Qt's mark of what is not saved
    return ViewState(
        title=f"{shown} – AgeCam" if source.name else "AgeCam",
        page=None if source.state in _WITH_IMAGE else source.state,
        page_message=source.message,
        actions=_actions(source, recording, settings, facts),
        cameras=_cameras(source, recording, facts.cameras),
        recording=RecordingMark(recording_text(recording), recording.is_paused),
        hint="End of the clip: F5 plays it again" if is_ended else CONSENT_SHORT,
        numbers=numbers_text(facts.faces, facts.statistics, is_still=facts.is_still) if is_live else "",
        numbers_detail=detail,
        statistics=detail if settings.show_statistics else "",
        is_fullscreen=facts.is_fullscreen,
    )


def _actions(
    source: SourceStatus, recording: RecordingState, settings: Settings, facts: WindowFacts
) -> dict[str, ActionState]:
    """Of the actions that are not always the same."""
    is_live, is_ended = source.state is SourceState.LIVE, source.state is SourceState.ENDED
    is_running, is_paused = recording.is_running, recording.is_paused
    states = {choice.name: ActionState(checked=choice.value(settings)) for choice in CHOICES}
    if source.is_camera is False:  # a file or a stream is never mirrored
        states["mirror"] = ActionState(enabled=False)
    # The source may not be changed while it is recorded.
    states.update(dict.fromkeys(("open_file", "open_address", "demo"), ActionState(enabled=not is_running)))
    states["record"] = ActionState(
        enabled=is_live or is_running, checked=is_running, text="■ Stop" if is_running else ""
    )
    states["pause"] = ActionState(visible=is_running, checked=is_paused, text="▶ Resume" if is_paused else "")
    states["snapshot"] = ActionState(enabled=is_live or is_ended)
    states["retry"] = ActionState(
        enabled=not (is_running and source.state is SourceState.LIVE),
        text="Play again" if is_ended else "",
    )
    states["fullscreen"] = ActionState(checked=facts.is_fullscreen)
    states["leave"] = ActionState(enabled=facts.is_fullscreen)
    return states


def _cameras(source: SourceStatus, recording: RecordingState, cameras: Sequence[Camera]) -> CameraList:
    names = [camera.name for camera in cameras]
    chosen = next((row for row, one in enumerate(cameras) if _is_same(one, source.camera)), -1)
    return CameraList(
        # Two of one name are told apart by what the system calls them.
        tuple(
            one.name if names.count(one.name) == 1 else f"{one.name} ({one.path or one.index})"
            for one in cameras
        ),
        chosen,
        enabled=bool(cameras) and not recording.is_running,
        placeholder="Choose a camera" if cameras else "No camera",
    )


def _is_same(listed: Camera, shown: Camera | None) -> bool:
    return shown is not None and (listed.name, listed.path, listed.index) == (
        *(shown.name, shown.path, shown.index),
    )
