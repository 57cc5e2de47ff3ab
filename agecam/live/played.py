"""Which stretches of a file have been played, so that a frame that is shown again is known for one."""

from __future__ import annotations

from typing import Final

_SLACK_S: Final = 1e-3
"""Two times of one frame, read by different ways, differ by less, and two frames by more."""


class PlayedStretches:
    """Of one file, in seconds from its start. One thread uses it at a time.

    >>> played = PlayedStretches()
    >>> [played.note(position_s) for position_s in (0.0, 0.5)]
    [False, False]
    >>> played.jump()
    >>> [played.note(position_s) for position_s in (0.25, 0.75)]
    [True, False]
    """

    def __init__(self) -> None:
        self._closed: list[tuple[float, float]] = []
        """First and last time of each, none of which touches another."""
        self._run: tuple[float, float] | None = None
        """The stretch that grows."""

    def jump(self) -> None:
        """What comes does not follow what came before."""
        if self._run is None:
            return
        first_s, last_s = self._run
        apart = []
        for one in self._closed:
            if one[0] <= last_s + _SLACK_S and first_s <= one[1] + _SLACK_S:
                first_s, last_s = min(first_s, one[0]), max(last_s, one[1])
            else:
                apart.append(one)
        self._closed, self._run = [*apart, (first_s, last_s)], None

    def note(self, position_s: float) -> bool:
        """The frame at that time is shown; whether it was shown before."""
        first_s, last_s = self._run or (position_s, position_s)
        self._run = first_s, max(last_s, position_s)
        return any(start - _SLACK_S <= position_s <= end + _SLACK_S for start, end in self._closed)
