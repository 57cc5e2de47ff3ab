"""What the session tells the window about itself: frozen views, and sentences for people."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from agecam.live.recording import RecordingState


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
    DISCONNECTED = "disconnected"
    """A camera or stream that was live has gone; tried again by and by."""
    FAILED = "failed"
    """The source or the models cannot be used; not tried again."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """Where the source stands; ``message`` says why there is no frame."""

    state: SourceState
    name: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class SessionState:
    """Where everything stands at one moment: all that the window renders from."""

    source: SourceStatus
    recording: RecordingState
