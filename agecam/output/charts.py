"""Charts as SVG inside an HTML page, whose style sheet gives the colours."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from agecam.output.report_data import AGE_BIN_YEARS, CountOverTime

_WIDTH: Final = 560
_HEIGHT: Final = 170
_LEFT: Final = 34
_RIGHT: Final = 14
_TOP: Final = 10
_BOTTOM: Final = 24
_PLOT_WIDTH: Final = _WIDTH - _LEFT - _RIGHT
_PLOT_HEIGHT: Final = _HEIGHT - _TOP - _BOTTOM
_BASE: Final = _TOP + _PLOT_HEIGHT
_Y_TICKS: Final = 4
_X_TICKS: Final = 6
_TIME_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)


def clock_text(seconds: float) -> str:
    """A time of a video, as players show it: ``1:05``, ``2:01:05``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def age_histogram(counts: Sequence[int], noun: str) -> str:
    """One bar for each ``AGE_BIN_YEARS`` years; ``noun`` is what is counted, in the plural."""
    top = _top(max(counts))
    step = _PLOT_WIDTH / len(counts)
    parts = list(_y_axis(top))
    for index, count in enumerate(counts):
        first = index * AGE_BIN_YEARS
        height = _PLOT_HEIGHT * count / top
        if count:
            parts.append(
                f'<rect class="bar" x="{_LEFT + index * step + 1:.1f}" y="{_BASE - height:.1f}" '
                f'width="{step - 2:.1f}" height="{height:.1f}" rx="2">'
                f"<title>{first} to {first + AGE_BIN_YEARS - 1} years: {count}</title></rect>"
            )
        if index % 2 == 0:
            parts.append(_x_label(_LEFT + index * step, str(first)))
    return _svg(f"Number of {noun} by age in years", parts)


def count_chart(count: CountOverTime, duration_s: float) -> str:
    """The number of people in view as a line over ``duration_s`` seconds of the video."""
    top = _top(max(1, count.most))
    duration_s = max(duration_s, 1e-3)
    parts = list(_y_axis(top))
    steps = (step for step in _TIME_STEPS_S if duration_s / step <= _X_TICKS)
    tick_s = next(steps, math.ceil(duration_s / _X_TICKS / 86400) * 86400)
    first = math.ceil(count.start_s / tick_s)
    for number in range(first, math.floor((count.start_s + duration_s) / tick_s) + 1):
        x = _LEFT + _PLOT_WIDTH * (number * tick_s - count.start_s) / duration_s
        parts.append(_x_label(x, clock_text(number * tick_s)))
    points = list[tuple[float, float]]()
    for index, mean in enumerate(count.means):
        y = _BASE - _PLOT_HEIGHT * mean / top
        for time_s in (index * count.bin_s, min((index + 1) * count.bin_s, duration_s)):
            points.append((_LEFT + _PLOT_WIDTH * min(1.0, time_s / duration_s), y))
    if points:
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        area = f"{points[0][0]:.1f},{_BASE} {line} {points[-1][0]:.1f},{_BASE}"
        parts.append(f'<polygon class="area" points="{area}"/><polyline class="line" points="{line}"/>')
    return _svg("Number of people in view over time", parts)


def _top(most: int) -> int:
    """A whole number from ``most`` up that ticks divide evenly."""
    step = max(1, math.ceil(most / _Y_TICKS))
    magnitude = int(10 ** int(math.log10(step)))
    nice = next(factor for factor in (1, 2, 5, 10) if factor * magnitude >= step) * magnitude
    return nice * max(1, math.ceil(most / nice))


def _y_axis(top: int) -> Iterator[str]:
    ticks = next(count for count in (4, 3, 5, 2, 1) if top % count == 0)
    for number in range(ticks + 1):
        y = _BASE - _PLOT_HEIGHT * number / ticks
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        yield f'<text class="y" x="{_LEFT - 6}" y="{y + 4:.1f}">{top * number // ticks}</text>'


def _x_label(x: float, text: str) -> str:
    return f'<text class="x" x="{x:.1f}" y="{_HEIGHT - 6}">{text}</text>'


def _svg(label: str, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
