"""Which frames of a video are searched for faces, and in which those that are known are only carried on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agecam.vision.changes import Changes


@dataclass(frozen=True, slots=True)
class FrameScheduleConfig:
    """Settings of :class:`FrameSchedule`."""

    every_s: float = 0.06
    """Where everybody is known, a frame so long after the last search is searched: every second one of 25 or
    30 a second. 0 searches every frame. With every third one more people are taken for others on made
    films."""
    longest_pause_s: float = 0.06
    """Not so where frames are further apart, and people have moved further meanwhile. Chosen."""
    still_every_s: float = 0.19
    """The same where nothing has changed for a while but who is known: somebody new changes what is there."""
    still_after_s: float = 1.0
    """That while: who comes before somebody known changes what is beside them first. Chosen."""


class FrameSchedule:
    """Decides for each frame of one source, in their order, whether it is searched."""

    def __init__(self, config: FrameScheduleConfig = FrameScheduleConfig()) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Begin anew: the source changed."""
        self.is_still = False
        """Whether, up to the last frame, nothing has changed for a while but who is known."""
        self.is_quick = False
        """Whether the last frame came soon after the one before."""
        self._last_s = self._changed_s = -math.inf
        self._searched_s: float | None = None
        self._searched_gray: NDArray[np.uint8] | None = None

    def is_surely_due(self, time_s: float) -> bool:
        """Whether the frame at ``time_s`` is due whatever changes, and whoever is known."""
        return self._is_due(time_s, is_quick=self._is_quick_at(time_s), is_still=self._rests_at(time_s))

    def is_due(self, changes: Changes, time_s: float, *, are_known: bool) -> bool:
        """Whether to search the frame at ``time_s``; it then counts as searched.

        ``are_known`` says that nobody was there lately of whom it is not clear yet who they are.
        """
        self.is_quick, self._last_s = self._is_quick_at(time_s), time_s
        if self._searched_gray is None or changes.since(self._searched_gray):
            self._changed_s = time_s
        self.is_still = are_known and self._rests_at(time_s)
        if are_known and not self._is_due(time_s, is_quick=self.is_quick, is_still=self.is_still):
            return False
        self._searched_s, self._searched_gray = time_s, changes.thumbnail_gray
        return True

    def _is_due(self, time_s: float, *, is_quick: bool, is_still: bool) -> bool:
        """The same while everybody is known."""
        if self._searched_s is None:
            return True
        since_s = time_s - self._searched_s
        is_too_soon = is_quick and since_s < self._config.every_s
        return not (is_too_soon or (is_still and since_s < self._config.still_every_s))

    def _is_quick_at(self, time_s: float) -> bool:
        return time_s - self._last_s <= self._config.longest_pause_s

    def _rests_at(self, time_s: float) -> bool:
        return time_s - self._changed_s >= self._config.still_after_s
