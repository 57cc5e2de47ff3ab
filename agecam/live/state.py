"""What the session tells the window about itself: frozen views, and sentences for people."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from agecam.live.camera_control import CameraState
from agecam.live.playback import PlaybackState
from agecam.live.recording import RecordingState
from agecam.live.table import TableState
from agecam.sources.cameras import Camera


class SourceState(enum.Enum):
    """Where the source stands; the window has one page for each."""

    IDLE = "idle"
    """Nothing has been asked for yet."""
    LOADING = "loading"
    """Models are being loaded or the source is being opened."""
    LIVE = "live"
    """Frames arrive."""
    ENDED = "ended"
    """A file has been played to its end."""
    NO_CAMERA = "no camera"
    """No such camera is plugged in; tried again by and by."""
    BUSY = "busy"
    """The camera is held by another program, or may not be opened; tried again by and by."""
    DENIED = "denied"
    """The camera is there, and this user may not open it; tried again by and by."""
    DISCONNECTED = "disconnected"
    """A camera or stream that was live has gone; tried again by and by."""
    WAITING = "waiting"
    """A stream that has not answered yet; tried again by and by."""
    FAILED = "failed"
    """The source cannot be used; not tried again."""
    ANALYSIS_FAILED = "analysis failed"
    """The models are missing or damaged, or the analysis has met an error; there will be no more frames."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """Where the source stands; ``message`` says why there is no frame.

    ``camera`` is the camera that is shown or waited for, as it was last found; ``is_camera`` is ``None``
    while it is not known what the source is.
    """

    state: SourceState
    name: str = ""
    message: str = ""
    is_camera: bool | None = None
    camera: Camera | None = None


@dataclass(frozen=True, slots=True)
class SessionState:
    """Where everything stands at one moment: all that the window renders from."""

    source: SourceStatus
    recording: RecordingState
    playback: PlaybackState | None = None
    """``None`` where no video file is open."""
    camera: CameraState | None = None
    """Of the camera that is shown or waited for; ``None`` where it has not been open yet, or none is."""
    table: TableState = field(default_factory=TableState)
    """Of the people in each frame."""
