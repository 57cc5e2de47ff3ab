"""How people of films move: functions from seconds of a shot to a pose."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.identity_scene import Pose


def sway(random: np.random.Generator, size: float = 0.06) -> Callable[[float], tuple[float, float, float]]:
    """What a head does that stays: shifts in widths of the face, and roll in degrees."""
    phase = random.uniform(0, 2 * np.pi, 3)
    rate = random.uniform(1.5, 3.0, 3)
    return lambda t: (
        size * float(np.sin(rate[0] * t + phase[0])),
        size * float(np.sin(rate[1] * t + phase[1])) / 2,
        4.0 * float(np.sin(rate[2] * t + phase[2])),
    )


def stay(
    random: np.random.Generator, x: float, y: float, width_px: float, size: float = 0.06
) -> Callable[[float], Pose | None]:
    """Always in one place, swaying by ``size`` in widths of the face."""
    shift = sway(random, size)

    def path(t: float) -> Pose:
        right, down, roll = shift(t)
        return Pose(x + right * width_px, y + down * width_px, width_px, roll)

    return path


def walk(
    random: np.random.Generator, start: Pose, end: Pose, seconds: float, begin_s: float = 0.0
) -> Callable[[float], Pose | None]:
    """From one place to another, bobbing; sizes change as in perspective. Out of it before and after."""
    shift = sway(random, 0.03)

    def path(t: float) -> Pose | None:
        share = (t - begin_s) / seconds
        if not 0 <= share <= 1:
            return None
        nearer = 1 / ((1 - share) / start.width_px + share / end.width_px)
        right, down, roll = shift(t)
        bob = 0.04 * abs(float(np.sin(6.0 * t)))
        yaw = start.yaw_deg + share * (end.yaw_deg - start.yaw_deg)
        x = start.x + share * (end.x - start.x) + right * nearer
        y = start.y + share * (end.y - start.y) + (down - bob) * nearer
        return Pose(x, y, nearer, roll, yaw)

    return path
