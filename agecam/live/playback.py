"""How a file is played: what the user wants of it, and when its next frame is due."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agecam.messages import Frame

SPEEDS: Final = (0.25, 0.5, 1.0, 1.5, 2.0, 4.0)
"""Those that are offered: times the file's own pace."""
_MAX_LAG_S: Final = 0.5
"""A file that decodes slower than it plays is not hurried after: past this lag its clock starts anew."""
_USUAL_FPS: Final = 25.0
"""Frames a second of a file that tells none."""


@dataclass(frozen=True, slots=True)
class PlaybackState:
    """Where a file stands: seconds from its start, and how it is played.

    ``duration_s`` is ``None`` where the file does not tell; ``can_seek`` says whether it can be gone through.
    """

    position_s: float = 0.0
    duration_s: float | None = None
    can_seek: bool = False
    is_paused: bool = False
    is_looping: bool = False
    speed: float = 1.0


class PlaybackControl:
    """What the user wants of the file that plays, from any thread; the capture thread asks and obeys.

    ``on_wish`` is called with every wish, ``on_change`` whenever :meth:`state` has changed. Both must return
    at once.
    """

    def __init__(self, on_wish: Callable[[], None], on_change: Callable[[], None]) -> None:
        self._on_wish = on_wish
        self._on_change = on_change
        self._lock = threading.Lock()
        self._state: PlaybackState | None = None
        self._fps = _USUAL_FPS
        self._seek_s: float | None = None
        self._owed = 0
        """Frames to show although it is paused."""

    def state(self) -> PlaybackState | None:
        """Where the file stands; ``None`` where no video file is open."""
        with self._lock:
            return self._state

    # -- wishes --------------------------------------------------------------------------------------

    def pause(self, paused: bool) -> None:
        """Stop at the frame that is shown, or go on."""
        self._wish(is_paused=paused)

    def loop(self, looping: bool) -> None:
        """Whether to begin again at the end."""
        self._wish(is_looping=looping)

    def set_speed(self, speed: float) -> None:
        """How fast to play, times the file's own pace."""
        self._wish(speed=speed)

    def seek(self, position_s: float) -> None:
        """Go to the first frame at or after that time; of several wishes the newest holds."""
        with self._lock:
            state = self._state
            if state is None or not state.can_seek:
                return
            latest_s = position_s if state.duration_s is None else min(position_s, state.duration_s)
            self._seek_s = max(0.0, latest_s)
        self._on_wish()

    def skip(self, seconds: float) -> None:
        """Go so far on, or back."""
        with self._lock:
            state, waiting_s = self._state, self._seek_s
        if state is not None:
            self.seek((state.position_s if waiting_s is None else waiting_s) + seconds)

    def step(self, frames: int) -> None:
        """Pause, and show the next frame (1), or the one before (-1)."""
        with self._lock:
            state, interval_s = self._state, 1 / self._fps
            if state is None:
                return
            self._state = dataclasses.replace(state, is_paused=True)
            if frames > 0:
                self._owed += frames
        if frames < 0:
            # Half a frame more: the first frame at or after that is the one that is meant.
            self.seek(state.position_s + (frames - 0.5) * interval_s)
        self._on_wish()
        self._on_change()

    def _wish(self, **changes: float | bool) -> None:
        with self._lock:
            if self._state is None:
                return
            self._state = dataclasses.replace(self._state, **changes)  # type: ignore[arg-type]
        self._on_wish()
        self._on_change()

    # -- for who plays ---------------------------------------------------------------------------------

    def begin(self, state: PlaybackState, fps: float | None) -> None:
        """Another file is played."""
        with self._lock:
            self._state, self._fps = state, fps or _USUAL_FPS
            self._seek_s, self._owed = None, 0

    def end(self) -> None:
        """No file is played any more."""
        with self._lock:
            self._state, self._seek_s, self._owed = None, None, 0

    def at(self, position_s: float) -> None:
        """The frame of that time is shown."""
        with self._lock:
            if self._state is not None:
                self._state = dataclasses.replace(self._state, position_s=position_s)

    def has_seek(self) -> bool:
        """Whether :meth:`take_seek` would give a time."""
        with self._lock:
            return self._seek_s is not None

    def take_seek(self) -> float | None:
        """Where to go to, once; the frame there is shown also when it is paused."""
        with self._lock:
            wanted_s, self._seek_s = self._seek_s, None
            if wanted_s is not None:
                self._owed = 1
            return wanted_s

    def take_next(self) -> bool:
        """Whether another frame is to be shown now."""
        with self._lock:
            if self._state is None or not self._state.is_paused:
                self._owed = 0
                return True
            if self._owed:
                self._owed -= 1
                return True
            return False


class PlaybackClock:
    """Puts a file's frames on a time line that never goes back, and says when each is due."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._offset_s = 0.0
        self._index_offset = 0
        self._next_s: float | None = None
        self._last: Frame | None = None
        self._start_s: float | None = None
        self._speed = 1.0

    def on_time_line(self, frame: Frame) -> Frame:
        """The frame with its time and index counted on from the rounds before."""
        if self._next_s is not None:
            # Whatever was the first frame of the round before, which may have begun at a seek.
            self._offset_s, self._next_s = self._next_s - frame.time_s, None
        if self._index_offset:
            frame = dataclasses.replace(
                frame, time_s=frame.time_s + self._offset_s, index=frame.index + self._index_offset
            )
        self._last = frame
        return frame

    def rewind(self, gap_s: float) -> None:
        """The file starts again, ``gap_s`` after its last frame."""
        if self._last is not None:
            self._next_s = self._last.time_s + gap_s
            self._index_offset = self._last.index + 1

    def repeat(self, gap_s: float) -> Frame:
        """The last frame once more, ``gap_s`` later; what follows on the time line is later by as much."""
        assert self._last is not None
        self._offset_s += gap_s
        self._index_offset += 1
        self._start_s = None  # what comes next is due at once
        self._last = dataclasses.replace(
            self._last, time_s=self._last.time_s + gap_s, index=self._last.index + 1
        )
        return self._last

    def due_s(self, time_s: float, speed: float = 1.0) -> float:
        """When to hand on the frame of that media time, on the monotonic clock.

        Whenever the speed changes, the frame is due at once.
        """
        now_s = self._clock()
        after_s = time_s / speed
        if self._start_s is None or speed != self._speed or now_s - (self._start_s + after_s) > _MAX_LAG_S:
            self._start_s, self._speed = now_s - after_s, speed
        return self._start_s + after_s
