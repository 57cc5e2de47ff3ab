"""What the session measures about itself, over the last few seconds."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agecam.allocator import give_back_freed
from agecam.live.memory import resident_mb

_WINDOW_S = 2.0
"""Seconds over which rates are counted: calm enough to read, and soon true after a change."""
_LATENCIES = 300
"""Frames whose latency is remembered: ten seconds at 30 frames a second."""
_STAGE_WEIGHT = 0.05
"""Of the newest frame in the exponential mean of stage times, which so reaches back about 20 frames."""


_MEMORY_EVERY_S = 1.0
_MUCH_MB, _MUCH_FRAMES = 300.0, 16
"""From so much and so many frames on, freed memory is given back whenever memory is measured: 40 MB while
frames of 1280 x 720 pile up on a busy machine, for 3 ms, and 15 ms to get them back. Frames of 3840 x 2160
need more all the time; if it were given back, each would cost 1,000 page faults and more."""
HISTORY_S = 60
"""Seconds of which there is a sample each."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A second of the past: frames shown in it, and the longest latency, milliseconds (0 without a frame)."""

    fps_shown: float
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Statistics:
    """Rates in frames a second over the last two seconds; latency from capture to paint in milliseconds.

    ``captured``, ``analysed`` and ``shown`` count the frames of this source; ``history`` is the last minute,
    oldest first, and ``memory_mb`` what the program holds, MB of 10^6 bytes, ``None`` where that is not
    known. Of a still scene more frames are shown than analysed. ``dropped`` counts captured frames that were
    neither, since a newer one had come. A recording has them all the same; what it lacks is told by
    :attr:`agecam.live.recording.RecordingState.dropped`.
    """

    fps_captured: float = 0.0
    fps_analysed: float = 0.0
    fps_shown: float = 0.0
    latency_ms_p50: float = 0.0
    latency_ms_p95: float = 0.0
    dropped: int = 0
    captured: int = 0
    analysed: int = 0
    shown: int = 0
    memory_mb: float | None = None
    history: tuple[Sample, ...] = ()
    stages_ms: Mapping[str, float] = field(default_factory=dict)


class RateMeter:
    """Counts events a second over a sliding window."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: deque[float] = deque()
        self.count = 0
        """Events so far."""

    def tick(self) -> None:
        self.count += 1
        self._times.append(self._clock())
        self._forget()

    def rate(self) -> float:
        """Events a second; 0 when nothing happened within the window."""
        self._forget()
        if len(self._times) < 2:
            return 0.0
        return (len(self._times) - 1) / max(1e-6, self._times[-1] - self._times[0])

    def _forget(self) -> None:
        oldest = self._clock() - _WINDOW_S
        while self._times and self._times[0] < oldest:
            self._times.popleft()


class StatisticsCollector:
    """Gathers :class:`Statistics` from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._captured, self._analysed, self._shown = (RateMeter(clock) for _ in range(3))
        self._history: deque[Sample] = deque(maxlen=HISTORY_S)
        self._second_s, self._second_shown, self._second_ms = clock(), 0, 0.0
        """When the present second began, frames shown in it, and their longest latency."""
        self._memory_mb: float | None = None
        self._memory_due_s = clock()
        self._latencies_ms: deque[float] = deque(maxlen=_LATENCIES)
        self._stages_ms: dict[str, float] = {}

    def captured(self) -> None:
        with self._lock:
            self._captured.tick()

    def analysed(self, stages_ms: Mapping[str, float]) -> None:
        """A frame was analysed."""
        with self._lock:
            self._analysed.tick()
            self._note(stages_ms)

    def drawn(self, stages_ms: Mapping[str, float], frame_bytes: int, *, is_analysed: bool) -> None:
        """A frame of so many bytes is there to be shown, analysed itself or with the people of one before."""
        # Not in the window's thread, which opens no file.
        is_due = self._clock() >= self._memory_due_s
        memory_mb = resident_mb() if is_due else None
        if memory_mb is not None and memory_mb > _MUCH_MB + _MUCH_FRAMES * frame_bytes / 1e6:
            give_back_freed()
        with self._lock:
            if is_due:
                self._memory_mb, self._memory_due_s = memory_mb, self._clock() + _MEMORY_EVERY_S
            if is_analysed:
                self._analysed.tick()
            self._note(stages_ms)

    def _note(self, stages_ms: Mapping[str, float]) -> None:
        for name, value in stages_ms.items():
            mean = self._stages_ms.get(name, value)
            self._stages_ms[name] = mean + _STAGE_WEIGHT * (value - mean)

    def shown(self, latency_s: float) -> None:
        with self._lock:
            self._close_seconds()
            self._shown.tick()
            self._second_shown += 1
            self._second_ms = max(self._second_ms, latency_s * 1000)
            self._latencies_ms.append(latency_s * 1000)

    def reset(self) -> None:
        """Start anew, as when the source changes."""
        with self._lock:
            self._captured, self._analysed, self._shown = (RateMeter(self._clock) for _ in range(3))
            self._history.clear()
            self._second_s, self._second_shown, self._second_ms = self._clock(), 0, 0.0
            self._latencies_ms.clear()
            self._stages_ms.clear()

    def read(self, dropped: int) -> Statistics:
        with self._lock:
            self._close_seconds()
            ordered_ms = sorted(self._latencies_ms)
            return Statistics(
                fps_captured=self._captured.rate(),
                fps_analysed=self._analysed.rate(),
                fps_shown=self._shown.rate(),
                latency_ms_p50=_percentile(ordered_ms, 50),
                latency_ms_p95=_percentile(ordered_ms, 95),
                dropped=dropped,
                captured=self._captured.count,
                analysed=self._analysed.count,
                shown=self._shown.count,
                memory_mb=self._memory_mb,
                history=tuple(self._history),
                stages_ms=dict(self._stages_ms),
            )

    def _close_seconds(self) -> None:
        """Keep the seconds that are over, those without a frame too."""
        over = int(self._clock() - self._second_s)
        if over < 1:
            return
        self._history.append(Sample(self._second_shown, self._second_ms))
        self._history.extend([Sample(0.0, 0.0)] * min(over - 1, HISTORY_S))
        self._second_s += over
        self._second_shown, self._second_ms = 0, 0.0


def _percentile(ordered: Sequence[float], percent: float) -> float:
    """Between the nearest two of some ordered values; 0 where there are none.

    The first call of NumPy's takes 50 ms to load what it needs, and it is the window that reads statistics.
    """
    if not ordered:
        return 0.0
    rank = (len(ordered) - 1) * percent / 100
    below = math.floor(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (rank - below) * (ordered[above] - ordered[below])
