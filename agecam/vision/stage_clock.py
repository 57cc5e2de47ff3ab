"""How long the stages of an analysis take, and what runs of networks cost."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Protocol, Self, runtime_checkable


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


@dataclass(slots=True)
class NetworkUsage:
    """Adds up the runs of one network, and the processor time of the thread that runs it, in milliseconds.

    ``images`` are those of all batches. Preprocessing is from an image region to the network's input,
    postprocessing from its output to detections; those of the age and gender models are stages of their own.
    """

    runs: float = 0
    images: float = 0
    preprocessing_ms: float = 0.0
    inference_ms: float = 0.0
    postprocessing_ms: float = 0.0

    @classmethod
    def sum(cls, usages: Iterable[NetworkUsage]) -> Self:
        """Of networks that are one and the same, or none."""
        total = cls()
        for usage in usages:
            for one in fields(cls):
                setattr(total, one.name, getattr(total, one.name) + getattr(usage, one.name))
        return total

    def per_frame(self, before: NetworkUsage, frames: int) -> Self:
        """Means a frame of what has come up since ``before``."""
        return type(self)(
            *((getattr(self, one.name) - getattr(before, one.name)) / frames for one in fields(self))
        )


@runtime_checkable
class CountsRuns(Protocol):
    """A detector or classifier that tells what its networks have cost so far."""

    def network_usage(self) -> Mapping[str, NetworkUsage]:
        """By the networks' names, such as "full_range"."""
        ...
