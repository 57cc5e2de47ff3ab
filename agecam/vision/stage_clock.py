"""How long the stages of an analysis take."""

from __future__ import annotations

import time


class StageClock:
    """Adds up the time between laps by the name of the stage that a lap ends; ``stages_ms`` is the result."""

    def __init__(self, **before_ms: float) -> None:
        self.stages_ms = before_ms
        self._last_s = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Count the time since the last lap towards a stage."""
        now_s = time.perf_counter()
        self.stages_ms[stage] = self.stages_ms.get(stage, 0.0) + 1000 * (now_s - self._last_s)
        self._last_s = now_s
