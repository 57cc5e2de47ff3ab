"""Times that only ever go forward, whatever a file or a clock says."""

from __future__ import annotations

from typing import Final

MIN_STEP_S: Final = 0.001
"""The finest step that every container keeps: Matroska counts whole milliseconds."""

_RESTART_S: Final = 1.0
"""A larger step back is a new beginning (joined recordings, a file played again), not a slip of one frame."""


class Timeline:
    """Turns times in seconds that may repeat, slip or start again into strictly increasing ones.

    They count from ``origin_s``; ``None``: from the first. None is below 0.
    """

    def __init__(self, origin_s: float | None = None) -> None:
        self._offset_s = None if origin_s is None else -origin_s
        self._last_s: float | None = None

    @property
    def last_s(self) -> float:
        """The latest time given out, in seconds; 0 before the first."""
        return self._last_s or 0.0

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
            if placed_s < self._last_s - _RESTART_S:
                placed_s = self._last_s + interval_s
                self._offset_s = placed_s - time_s
        self._last_s = max(placed_s, self._last_s + MIN_STEP_S)
        return self._last_s
