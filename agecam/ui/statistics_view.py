"""What the statistics over the picture say, from what was measured; nothing of Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agecam.live.recording import RecordingState
from agecam.live.statistics import Statistics
from agecam.ui.language import tr

_LEAST_FPS: Final = 30.0
_LEAST_MS: Final = 100.0
"""What the axes reach at least: a calm line must not look like a mountain range."""
_STAGES_A_LINE: Final = 3


@dataclass(frozen=True, slots=True)
class Plot:
    """The last minute of a number, oldest value first; ``top`` is where its axis ends."""

    name: str
    values: tuple[float, ...]
    top: float
    text: str
    """Its newest value, with the unit."""


@dataclass(frozen=True, slots=True)
class StatisticsView:
    """Rows of a name and a value, and plots of the last minute."""

    rows: tuple[tuple[str, str], ...]
    plots: tuple[Plot, ...]

    @property
    def text(self) -> str:
        """All of it, a line a row."""
        return "\n".join(f"{name}: {value}" for name, value in self.rows)


def statistics_view(numbers: Statistics, recording: RecordingState) -> StatisticsView:
    """What there is to say of a live source."""
    memory = tr("unknown") if numbers.memory_mb is None else f"{numbers.memory_mb:.0f} MB"
    stages = [f"{name} {value:.1f}" for name, value in numbers.stages_ms.items()]
    lines = [", ".join(stages[at : at + _STAGES_A_LINE]) for at in range(0, len(stages), _STAGES_A_LINE)]
    rows = (
        (tr("Captured"), _rate(numbers.fps_captured, numbers.captured)),
        (tr("Analysed"), _rate(numbers.fps_analysed, numbers.analysed)),
        (tr("On screen"), _rate(numbers.fps_shown, numbers.shown)),
        (tr("Skipped"), tr("{count} frames", count=_count(numbers.dropped))),
        (tr("Recorded"), _recorded(recording)),
        (
            tr("Delay"),
            tr(
                "{middle} ms, 95 % within {most} ms",
                middle=f"{numbers.latency_ms_p50:.0f}",
                most=f"{numbers.latency_ms_p95:.0f}",
            ),
        ),
        (tr("Memory"), memory),
        (tr("Stages, ms"), ",\n".join(lines) or "–"),
    )
    fps = tuple(sample.fps_shown for sample in numbers.history)
    delays_ms = tuple(sample.latency_ms for sample in numbers.history)
    plots = (
        Plot(tr("Frames a second"), fps, max(_LEAST_FPS, *fps, 0.0), f"{numbers.fps_shown:.0f}"),
        Plot(tr("Longest delay"), delays_ms, max(_LEAST_MS, *delays_ms, 0.0), _newest_ms(delays_ms)),
    )
    return StatisticsView(rows, plots)


def _rate(fps: float, count: int) -> str:
    return tr("{fps} fps, {count} frames", fps=f"{fps:.1f}", count=_count(count))


def _recorded(recording: RecordingState) -> str:
    if not recording.is_running:
        return "–"
    return tr(
        "{count} frames, {dropped} dropped",
        count=_count(recording.written),
        dropped=_count(recording.dropped),
    )


def _newest_ms(delays_ms: tuple[float, ...]) -> str:
    return f"{delays_ms[-1]:.0f} ms" if delays_ms else ""


def _count(frames: int) -> str:
    return f"{frames:,}".replace(",", "\u2009")  # a thin space, in any language
