"""When the next frame of a file is due."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Final

from agecam.messages import Frame

_MAX_LAG_S: Final = 0.5
"""A file that decodes slower than it plays is not hurried after: past this lag its clock starts anew."""


class PlaybackClock:
    """Puts a file's frames on a time line that never goes back, and says when each is due.

    Frames of live sources (``paced`` false) are due at once.
    """

    def __init__(self, *, paced: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._paced = paced
        self._clock = clock
        self._offset_s = 0.0
        self._index_offset = 0
        self._first_s: float | None = None
        self._last: Frame | None = None
        self._start_s: float | None = None

    def on_time_line(self, frame: Frame) -> Frame:
        """The frame with its time and index counted on from the rounds before."""
        if self._first_s is None:
            self._first_s = frame.time_s
        if self._index_offset:
            frame = dataclasses.replace(
                frame, time_s=frame.time_s + self._offset_s, index=frame.index + self._index_offset
            )
        self._last = frame
        return frame

    def rewind(self, gap_s: float) -> None:
        """The file starts again, ``gap_s`` after its last frame."""
        if self._last is not None:
            # A video that begins after its sound has its first frame later than 0 s.
            self._offset_s = self._last.time_s + gap_s - (self._first_s or 0.0)
            self._index_offset = self._last.index + 1

    def due_s(self, time_s: float) -> float:
        """When to hand on the frame of that media time, on the monotonic clock."""
        now_s = self._clock()
        if not self._paced:
            return now_s
        if self._start_s is None or now_s - (self._start_s + time_s) > _MAX_LAG_S:
            self._start_s = now_s - time_s
        return self._start_s + time_s
