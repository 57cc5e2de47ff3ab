"""Which faces the models are run on in a frame: new ones at once, known ones a few times a second."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Final

from agecam.vision.tracker import TrackedFace

_NEW_ANSWERS: Final = 8
"""A face is new until the models have answered so often; the mean has then lost most of its noise."""

_INTERVAL_S: Final = 0.25


class Schedule:
    """Spreads the models' work over frames, the longest unseen face first."""

    def __init__(self) -> None:
        self._answers: dict[int, int] = {}
        self._last_s: dict[int, float] = {}
        self._time_s: float | None = None

    def reset(self) -> None:
        """Forget all tracks."""
        self._answers.clear()
        self._last_s.clear()
        self._time_s = None

    def retain(self, track_ids: Collection[int]) -> None:
        """Forget all other tracks."""
        for track_id in self._answers.keys() - set(track_ids):
            del self._answers[track_id], self._last_s[track_id]

    def answers(self, track_id: int) -> int:
        """How often a track has been due."""
        return self._answers.get(track_id, 0)

    def due(self, people: Sequence[TrackedFace], time_s: float) -> list[TrackedFace]:
        """The detected faces to run the models on now; they count as answered."""
        elapsed = _INTERVAL_S if self._time_s is None else time_s - self._time_s
        self._time_s = time_s
        detected = [one for one in people if one.detected]
        new = [one for one in detected if self._answers.get(one.track_id, 0) < _NEW_ANSWERS]
        known = [one for one in detected if self._answers.get(one.track_id, 0) >= _NEW_ANSWERS]
        # So many a frame that each has its turn once an interval, and no frame has them all.
        share = math.ceil(len(known) * min(1.0, elapsed / _INTERVAL_S))
        known.sort(key=lambda one: self._last_s[one.track_id])
        # Half a frame early is nearer than half a frame late.
        waited_s = _INTERVAL_S - elapsed / 2
        turn = [one for one in known if time_s - self._last_s[one.track_id] >= waited_s]
        chosen = new + turn[:share]
        for one in chosen:
            self._answers[one.track_id] = self._answers.get(one.track_id, 0) + 1
            self._last_s[one.track_id] = time_s
        return chosen
