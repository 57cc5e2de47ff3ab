"""What the window shows, computed from the session and the settings as one frozen value; nothing of Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from agecam.live.recording import RecordingState
from agecam.live.state import SessionState, SourceState, SourceStatus
from agecam.live.statistics import Statistics
from agecam.settings import Settings
from agecam.sources.cameras import Camera
from agecam.ui.camera_view import CameraView, camera_view
from agecam.ui.choices import CHOICES
from agecam.ui.language import tr
from agecam.ui.options import RecordingChoices
from agecam.ui.statistics_view import StatisticsView, statistics_view
from agecam.ui.status_text import (
    numbers_detail,
    numbers_text,
    recording_detail,
    recording_text,
    recording_warning,
    table_text,
    time_text,
)

CONSENT_SHORT: Final = "Estimates can be wrong. Use them with the consent of the people in view."

_WITH_IMAGE: Final = (SourceState.LIVE, SourceState.ENDED)
"""States in which the live view is shown; every other one has a page."""


_AFTER_AGREEMENT: Final = ("open_file", "open_address", "demo", "retry", "preferences", "collect")
"""What cannot be done before the user has agreed, of what could be done without a source."""


@dataclass(frozen=True, slots=True)
class WindowFacts:
    """What the window itself knows: which cameras were found, and what was measured last."""

    cameras: tuple[Camera, ...] = ()
    is_fullscreen: bool = False
    asks_for_agreement: bool = False
    recording: RecordingChoices = field(default_factory=RecordingChoices)
    """How the next recordings are kept."""
    countdown_s: int = 0
    """Seconds until a recording begins; 0 where none is about to."""
    faces: int = 0
    is_still: bool = False
    """Whether the image is a photograph, which has no rate."""
    is_narrow: bool = False
    """Whether the window has little room for the panel of people."""
    has_people: bool = False
    """Whether anybody was seen in this session."""
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
    """What is said of the recording over the picture: ``text`` large, ``detail`` below it, and a ``warning``.

    An empty ``text`` says nothing.
    """

    text: str = ""
    detail: str = ""
    warning: str = ""
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class PlaybackView:
    """The bar that plays a file: seconds, the same as a text, what can be done now, and the speed."""

    position_s: float
    duration_s: float | None
    text: str
    can_seek: bool
    can_change: bool
    speed: float


@dataclass(frozen=True, slots=True)
class ViewState:
    """All that the window renders from: nothing else decides what is shown, lit or can be used.

    Where it ``asks_for_agreement`` nothing else is shown. ``page`` is the state whose page is shown, ``None``
    where the live view is; ``page_message`` says what is wrong this time. ``table`` is said of a table that
    is written; ``hint`` and ``numbers`` stand in the footer; ``statistics`` lies over the picture, where
    there is any, and ``countdown_s``, where it is not 0. ``keeps_screen_on`` where somebody watches from afar
    or records. ``camera`` is what can be set of the one that is shown, ``recent`` what was opened last.
    ``shows_strip`` says whether the last files are to be seen. ``theme`` is as in the settings.
    """

    title: str
    asks_for_agreement: bool
    page: SourceState | None
    page_message: str
    actions: Mapping[str, ActionState]
    cameras: CameraList
    recording: RecordingMark
    table: str
    countdown_s: int
    playback: PlaybackView | None
    hint: str
    numbers: str
    numbers_detail: str
    statistics: StatisticsView | None
    is_fullscreen: bool
    shows_people: bool
    keeps_screen_on: bool
    recording_choices: RecordingChoices
    camera: CameraView | None
    recent: tuple[str, ...]
    shows_strip: bool
    theme: str | None


def view_state(session: SessionState, settings: Settings, facts: WindowFacts) -> ViewState:
    """What the window shows when the session, the settings and the window stand so."""
    source, recording = session.source, session.recording
    is_live, is_ended = source.state is SourceState.LIVE, source.state is SourceState.ENDED
    detail = numbers_detail(facts.statistics) if is_live else ""
    shown = source.name.replace("[*]", "[*][*]")  # one alone is Qt's mark of what is not saved
    return ViewState(
        title=f"{shown} – AgeCam" if source.name else "AgeCam",
        asks_for_agreement=facts.asks_for_agreement,
        page=None if source.state in _WITH_IMAGE else source.state,
        page_message=source.message,
        actions=_actions(session, settings, facts),
        cameras=_cameras(source, recording, () if facts.asks_for_agreement else facts.cameras),
        recording=RecordingMark(
            recording_text(recording),
            recording_detail(recording),
            recording_warning(recording),
            recording.is_paused,
        ),
        table=table_text(session.table),
        countdown_s=facts.countdown_s,
        playback=_playback(session),
        hint=tr("End of the clip: F5 plays it again" if is_ended else CONSENT_SHORT),
        numbers=numbers_text(facts.faces, facts.statistics, _rest(session, facts)) if is_live else "",
        numbers_detail=detail,
        statistics=statistics_view(facts.statistics, recording)
        if is_live and settings.show_statistics
        else None,
        is_fullscreen=facts.is_fullscreen,
        shows_people=_wants_people(settings, facts)
        and not facts.asks_for_agreement
        and (facts.has_people or source.state in _WITH_IMAGE),
        keeps_screen_on=recording.is_running
        or (facts.is_fullscreen and is_live and not _rest(session, facts)),
        recording_choices=facts.recording,
        camera=camera_view(session, settings, facts.statistics),
        recent=settings.recent,
        shows_strip=settings.show_strip and not (facts.is_fullscreen or facts.asks_for_agreement),
        theme=settings.theme,
    )


def _wants_people(settings: Settings, facts: WindowFacts) -> bool:
    return settings.show_people_narrow if facts.is_narrow else settings.show_people


def _rest(session: SessionState, facts: WindowFacts) -> str:
    if facts.is_still:
        return tr("still picture")
    return tr("paused") if session.playback is not None and session.playback.is_paused else ""


def _playback(session: SessionState) -> PlaybackView | None:
    playback = session.playback
    if playback is None or session.source.state not in _WITH_IMAGE:
        return None
    length = "" if playback.duration_s is None else f" / {time_text(playback.duration_s)}"
    is_locked = session.recording.is_running
    return PlaybackView(
        round(playback.position_s, 1),  # it is drawn anew no more often
        playback.duration_s,
        time_text(playback.position_s) + length,
        can_seek=playback.can_seek and not is_locked,
        can_change=not is_locked,
        speed=playback.speed,
    )


def _playback_actions(session: SessionState) -> dict[str, ActionState]:
    """A file that is recorded plays as it does."""
    playback = session.playback
    can_change = playback is not None and not session.recording.is_running
    can_seek = can_change and playback is not None and playback.can_seek
    stands = session.source.state is SourceState.ENDED or (playback is not None and playback.is_paused)
    states = {
        "play": ActionState(enabled=can_change, text="▶" if stands else ""),
        "step_on": ActionState(enabled=can_change and session.source.state is SourceState.LIVE),
        "loop": ActionState(enabled=can_change, checked=playback is not None and playback.is_looping),
    }
    return states | dict.fromkeys(("step_back", "skip_back", "skip_on"), ActionState(enabled=can_seek))


def _actions(session: SessionState, settings: Settings, facts: WindowFacts) -> dict[str, ActionState]:
    """Of the actions that are not always the same."""
    source, recording = session.source, session.recording
    is_live, is_ended = source.state is SourceState.LIVE, source.state is SourceState.ENDED
    is_running, is_paused, counts = recording.is_running, recording.is_paused, facts.countdown_s > 0
    states = {choice.name: ActionState(checked=choice.value(settings)) for choice in CHOICES}
    # A file or a stream is never mirrored, nor is what cannot be shown.
    if source.is_camera is False or source.state is SourceState.FAILED:
        states["mirror"] = ActionState(enabled=False)
    # The source may not be changed while it is recorded.
    states.update(dict.fromkeys(("open_file", "open_address", "demo"), ActionState(enabled=not is_running)))
    states.update(_playback_actions(session))
    states["record"] = ActionState(
        enabled=is_live or is_running or counts,
        checked=is_running or counts,
        text="■ Stop" if is_running else "✕ Cancel" if counts else "",
    )
    states["pause"] = ActionState(visible=is_running, checked=is_paused, text="▶ Resume" if is_paused else "")
    states["snapshot"] = ActionState(enabled=is_live or is_ended)
    states["retry"] = ActionState(
        enabled=not (is_running and source.state is SourceState.LIVE),
        text="Play again" if is_ended else "",
    )
    states["people"] = ActionState(checked=_wants_people(settings, facts))
    is_writing = session.table.is_running
    states["table"] = ActionState(
        enabled=is_live or is_writing, checked=is_writing, text="■ Stop CSV" if is_writing else ""
    )
    states["summary"] = ActionState(enabled=facts.has_people)
    states["collect"] = ActionState(enabled=not settings.blur)  # whose face is hidden is not collected
    if facts.asks_for_agreement:
        states.update(dict.fromkeys(_AFTER_AGREEMENT, ActionState(enabled=False)))
    states["camera"] = ActionState(enabled=session.camera is not None)
    states["fullscreen"] = ActionState(checked=facts.is_fullscreen)
    states["leave"] = ActionState(enabled=facts.is_fullscreen or counts)
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
        placeholder=tr("Choose a camera" if cameras else "No camera"),
    )


def _is_same(listed: Camera, shown: Camera | None) -> bool:
    return shown is not None and (listed.name, listed.path, listed.index) == (
        *(shown.name, shown.path, shown.index),
    )
