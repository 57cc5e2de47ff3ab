"""Times that only ever go forward, whatever a file or a clock says."""

from __future__ import annotations

import statistics
from collections import deque
from typing import Final

MIN_STEP_S: Final = 0.001
"""The finest step that every container keeps: Matroska counts whole milliseconds."""

_RESTART_S: Final = 1.0
"""A larger step back is a new beginning (joined recordings, a file played again), not a slip of one frame."""

_USUAL_INTERVAL_S: Final = 1 / 30
"""Of webcams; until a source has shown its own."""

_STEPS: Final = 15
"""So many steps tell the usual one: half a second of a camera, whose single steps vary by half."""

_AHEAD_S: Final = 10.0
"""How much more a clock may advance between two frames than the computer's own before it is another clock.
Frames wait for seconds behind a slow analysis and then come at once; another clock differs by hours."""


class Timeline:
    """Turns times in seconds that may repeat, slip or start again into strictly increasing ones.

    They count from ``origin_s``; ``None``: from the first. None is below 0.
    """

    def __init__(self, origin_s: float | None = None) -> None:
        self._offset_s = None if origin_s is None else -origin_s
        self._last_s: float | None = None
        self._restarts = False

    @property
    def last_s(self) -> float:
        """The latest time given out, in seconds; 0 before the first."""
        return self._last_s or 0.0

    def restart(self) -> None:
        """Take the next time for a new beginning, whatever it is."""
        self._restarts = True

    def place(self, time_s: float | None, interval_s: float) -> float:
        """The time of a frame taken at ``time_s`` (``None``: unknown), in seconds from the origin.

        ``interval_s`` is the usual distance of two frames; it fills in for an unknown time and for the gap
        before a new beginning.
        """
        if self._last_s is None or self._offset_s is None:
            if self._offset_s is None or time_s is None:
                self._offset_s = -(time_s or 0.0)
            self._last_s = max(0.0, (time_s or 0.0) + self._offset_s)
            return self._last_s
        if time_s is None:
            placed_s = self._last_s + interval_s
        else:
            placed_s = time_s + self._offset_s
            if self._restarts or placed_s < self._last_s - _RESTART_S:
                placed_s = self._last_s + interval_s
                self._offset_s = placed_s - time_s
        self._restarts = False
        self._last_s = max(placed_s, self._last_s + MIN_STEP_S)
        return self._last_s


class LiveTimeline:
    """A :class:`Timeline` for frames that are placed as they come: without pauses and changes of the clock.

    The time of a file and that of a camera have nothing in common; where one follows the other, the next
    frame comes one usual interval after the last.
    """

    def __init__(self) -> None:
        self._timeline = Timeline()
        self._steps_s: deque[float] = deque(maxlen=_STEPS)
        self._last: tuple[float, float] | None = None
        self._skips = False

    def skip(self) -> None:
        """Leave out what lies between the last time and the next."""
        self._skips = True

    def place(self, time_s: float, now_s: float) -> float:
        """The time of a frame taken at ``time_s`` that has come at ``now_s``, in seconds from the first."""
        usual_s = statistics.median(self._steps_s) if self._steps_s else _USUAL_INTERVAL_S
        if self._last is not None:
            step_s, passed_s = time_s - self._last[0], now_s - self._last[1]
            if self._skips or step_s > passed_s + _AHEAD_S:
                self._timeline.restart()
            elif 0 < step_s < _RESTART_S:
                self._steps_s.append(step_s)
        self._last, self._skips = (time_s, now_s), False
        return self._timeline.place(time_s, usual_s)
