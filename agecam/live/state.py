"""What the session tells the outside about itself."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agecam.live.statistics import Statistics
from agecam.messages import Analysis


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
class Shown:
    """An analysed frame, ready for the screen.

    ``picture_bgr`` is the annotated picture as it is shown (mirrored if so wished), ``plain_bgr`` the same as
    it is recorded and saved, never mirrored; ``captured_s`` is ``time.monotonic()`` at capture.
    """

    analysis: Analysis
    picture_bgr: NDArray[np.uint8]
    plain_bgr: NDArray[np.uint8]
    captured_s: float


@dataclass(frozen=True, slots=True)
class RecordingStatus:
    """A recording under way."""

    path: Path
    seconds: float
    written: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence for the user; ``ends_recording`` where the recording it speaks of is over."""

    text: str
    is_error: bool = False
    ends_recording: bool = False


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """Where the source stands; ``message`` says why there is no picture."""

    state: SourceState
    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Status:
    """A consistent picture of the session at one moment."""

    state: SourceState
    source_name: str
    message: str
    recording: RecordingStatus | None
    statistics: Statistics
