"""The kinds of films: who moves how, what the camera does, and how shots are joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from benchmarks.identity_people import Head
from benchmarks.identity_scene import (
    HEIGHT,
    WIDTH,
    Actor,
    Camera,
    Film,
    Join,
    Pose,
    Shot,
    make_background,
)

Cast = Iterator[tuple[int, Head]]
"""Endless people with their numbers, nobody twice."""

_GRID: Final = (4, 2)
"""Columns and rows of people in their own films."""
OWN_PEOPLE: Final = _GRID[0] * _GRID[1]
_CUT_HEADS: Final = 10
_BLACK_FRAMES: Final = 10
_JOIN_S: Final = 0.5
_FPS: Final = 25.0


def _sway(random: np.random.Generator, size: float = 0.06) -> Callable[[float], tuple[float, float, float]]:
    """What a head does that stays: shifts in widths of the face, and roll in degrees."""
    phase = random.uniform(0, 2 * np.pi, 3)
    rate = random.uniform(1.5, 3.0, 3)
    return lambda t: (
        size * float(np.sin(rate[0] * t + phase[0])),
        size * float(np.sin(rate[1] * t + phase[1])) / 2,
        4.0 * float(np.sin(rate[2] * t + phase[2])),
    )


def _stay(
    random: np.random.Generator, x: float, y: float, width_px: float, size: float = 0.06
) -> Callable[[float], Pose | None]:
    sway = _sway(random, size)

    def path(t: float) -> Pose:
        right, down, roll = sway(t)
        return Pose(x + right * width_px, y + down * width_px, width_px, roll)

    return path


def _walk(
    random: np.random.Generator, start: Pose, end: Pose, seconds: float, begin_s: float = 0.0
) -> Callable[[float], Pose | None]:
    """From one place to another, bobbing; sizes change as in perspective. Out of it before and after."""
    sway = _sway(random, 0.03)

    def path(t: float) -> Pose | None:
        share = (t - begin_s) / seconds
        if not 0 <= share <= 1:
            return None
        nearer = 1 / ((1 - share) / start.width_px + share / end.width_px)
        right, down, roll = sway(t)
        bob = 0.04 * abs(float(np.sin(6.0 * t)))
        yaw = start.yaw_deg + share * (end.yaw_deg - start.yaw_deg)
        x = start.x + share * (end.x - start.x) + right * nearer
        y = start.y + share * (end.y - start.y) + (down - bob) * nearer
        return Pose(x, y, nearer, roll, yaw)

    return path


def own_film(people: Sequence[tuple[int, Head]], seed: int) -> Film:
    """Near and undisturbed people: what a label should say is taken from it."""
    return grid_film(people, _GRID, (110.0, 110.0), (1.6, 10.0), seed)


def grid_film(
    people: Sequence[tuple[int, Head]],
    grid: tuple[int, int],
    widths_px: tuple[float, float],
    seconds_and_fps: tuple[float, float],
    seed: int,
) -> Film:
    """Each person in a cell of their own, in so many columns and rows, with faces between two widths."""
    random = np.random.default_rng(seed)
    columns, rows = grid
    actors = []
    for i, (number, head) in enumerate(people):
        x, y = (i % columns + 0.5) * WIDTH / columns, (i // columns + 0.45) * HEIGHT / rows
        actors.append(Actor(number, head, _stay(random, x, y, float(random.uniform(*widths_px)))))
    seconds, fps = seconds_and_fps
    return Film("own", [Shot(seconds, make_background(random), actors)], fps=fps, seed=seed)


def crossing(cast: Cast, random: np.random.Generator) -> Film:
    """Two people walk past each other, the nearer one before the farther; another one stands behind them."""
    y = HEIGHT * random.uniform(0.35, 0.5)
    near, far = random.uniform(90, 130), random.uniform(70, 100)
    left, right = Pose(110, y, far), Pose(WIDTH - 110, y + 10, near)
    actors = [
        Actor(*next(cast), _stay(random, WIDTH / 2, y - 60, 60)),
        Actor(*next(cast), _walk(random, left, Pose(WIDTH - 110, y, far), 3.2)),
        Actor(*next(cast), _walk(random, right, Pose(110, y + 10, near), 3.2)),
    ]
    return Film("crossing", [Shot(3.2, make_background(random), actors)])


def occlusion(cast: Cast, random: np.random.Generator) -> Film:
    """Somebody near passes before two who stay, and hides each for a while."""
    y = HEIGHT * 0.42
    actors = [
        Actor(*next(cast), _stay(random, WIDTH * 0.33, y, 80)),
        Actor(*next(cast), _stay(random, WIDTH * 0.66, y + 10, 84)),
        Actor(*next(cast), _walk(random, Pose(-80, y + 25, 150), Pose(WIDTH + 80, y + 25, 150), 3.0, 0.6)),
    ]
    return Film("occlusion", [Shot(3.8, make_background(random), actors)])


def takeover(cast: Cast, random: np.random.Generator) -> Film:
    """Somebody in profile comes before one who stays, turns to the camera there, and goes on."""
    x, y, width = WIDTH * random.uniform(0.4, 0.6), HEIGHT * 0.42, float(random.uniform(70, 110))
    times, places = (0.0, 0.7, 1.5, 2.3, 3.0), (-0.5, 0.0, 0.02, 0.04, 0.5)
    side = float(random.choice([-1.0, 1.0]))
    sway = _sway(random, 0.03)

    def path(t: float) -> Pose:
        right, down, roll = sway(t)
        at = x + side * WIDTH * float(np.interp(t, times, places))
        yaw = float(np.interp(t, (0.0, 0.6, 0.9, 2.2, 2.5), (75, 75, 0, 0, -75)))
        return Pose(at + right * width, y + (0.1 + down) * width, 1.15 * width, roll, side * yaw)

    actors = [Actor(*next(cast), _stay(random, x, y, width)), Actor(*next(cast), path)]
    return Film("takeover", [Shot(3.2, make_background(random), actors)])


def crowd(cast: Cast, random: np.random.Generator) -> Film:
    """Seven people walk to both sides, some before others, at 12.5 frames a second."""
    widths = np.sort(random.uniform(50, 120, 7))
    actors = []
    for place, width in enumerate(widths):
        y = HEIGHT * random.uniform(0.35, 0.45)
        ends = [
            Pose(at, y, float(width))
            for at in (WIDTH * random.uniform(0.04, 0.3), WIDTH * random.uniform(0.7, 0.96))
        ]
        start, end = ends if place % 2 else ends[::-1]
        actors.append(Actor(*next(cast), _walk(random, start, end, 4.0)))
    return Film("crowd", [Shot(4.0, make_background(random), actors)], fps=12.5)


def meeting(cast: Cast, random: np.random.Generator) -> Film:
    """Two who come together, stand half before one another, and go back where they came from."""
    y = HEIGHT * random.uniform(0.35, 0.5)

    def path(side: int, width_px: float) -> Callable[[float], Pose | None]:
        sway = _sway(random, 0.04)

        def there(t: float) -> Pose:
            apart = 220 * (0.13 + 0.87 * abs(np.cos(np.pi * t / 4.0)))
            right, down, roll = sway(t)
            return Pose(WIDTH / 2 + side * apart + right * width_px, y + down * width_px, width_px, roll)

        return there

    actors = [Actor(*next(cast), path(side, width)) for side, width in ((-1, 96.0), (1, 110.0))]
    return Film("meeting", [Shot(4.0, make_background(random), actors)])


def _cut_shots(
    cast: Cast, random: np.random.Generator, seconds: float, count: int = _CUT_HEADS
) -> list[Shot]:
    """One head a shot, near the middle, as in a row of interviews: the next is where the last was."""
    shots = []
    for _ in range(count):
        x, y = WIDTH * random.uniform(0.42, 0.58), HEIGHT * random.uniform(0.38, 0.48)
        path = _stay(random, x, y, random.uniform(110, 180))
        shots.append(Shot(seconds, make_background(random), [Actor(*next(cast), path)]))
    return shots


def cuts(cast: Cast, random: np.random.Generator) -> Film:
    """Ten heads, hard cuts between them."""
    return Film("hard cut", _cut_shots(cast, random, 1.2), [Join()] * (_CUT_HEADS - 1))


def black(cast: Cast, random: np.random.Generator) -> Film:
    """Ten black frames between heads."""
    joins = [Join("cut", _BLACK_FRAMES / _FPS)] * 4
    return Film("black frames", _cut_shots(cast, random, 1.2, 5), joins)


def fades(cast: Cast, random: np.random.Generator) -> Film:
    """Heads that fade through black in half a second."""
    return Film("fade", _cut_shots(cast, random, 1.6, 5), [Join("fade", _JOIN_S)] * 4)


def dissolves(cast: Cast, random: np.random.Generator) -> Film:
    """Heads that dissolve into the next in half a second."""
    return Film("dissolve", _cut_shots(cast, random, 1.9, 5), [Join("dissolve", _JOIN_S)] * 4)


def scenery(cast: Cast, random: np.random.Generator) -> Film:
    """Cuts from two people to a room without anybody, and back to others."""
    shots = []
    for people in (2, 0, 2, 0):
        actors = [
            Actor(*next(cast), _stay(random, WIDTH * (0.3 + 0.4 * i), HEIGHT * 0.42, random.uniform(80, 140)))
            for i in range(people)
        ]
        shots.append(Shot(1.2, make_background(random), actors))
    return Film("empty scenery", shots, [Join()] * 3)


def entries(cast: Cast, random: np.random.Generator) -> Film:
    """One goes out at the side; another comes in there, half a second later; a third stays."""
    y = HEIGHT * 0.42
    out, back = Pose(WIDTH * 0.6, y, 100), Pose(WIDTH + 70, y, 100)
    actors = [
        Actor(*next(cast), _stay(random, WIDTH * 0.2, y, 90)),
        Actor(*next(cast), _walk(random, out, back, 1.3)),
        Actor(*next(cast), _walk(random, back, out, 1.3, 1.6)),
    ]
    return Film("entry and exit", [Shot(2.9, make_background(random), actors)])


def turning(cast: Cast, random: np.random.Generator) -> Film:
    """Two who turn their heads to one side and the other, up to 45 degrees."""

    def path(x: float, width_px: float) -> Callable[[float], Pose | None]:
        phase = random.uniform(0, 2 * np.pi)
        y, rate = HEIGHT * 0.42, 2 * np.pi / 3
        return lambda t: Pose(x, y, width_px, 0.0, 45 * float(np.sin(rate * t + phase)))

    actors = [Actor(*next(cast), path(WIDTH * (0.3 + 0.4 * i), random.uniform(90, 160))) for i in range(2)]
    return Film("turning", [Shot(3.6, make_background(random), actors)])


def approach(cast: Cast, random: np.random.Generator) -> Film:
    """Two who come from far, 18 px, to near."""
    actors = []
    for i in range(2):
        start = Pose(WIDTH * (0.4 + 0.2 * i), HEIGHT * 0.35, 18)
        end = Pose(WIDTH * (0.25 + 0.5 * i), HEIGHT * 0.45, random.uniform(140, 180))
        actors.append(Actor(*next(cast), _walk(random, start, end, 4.0)))
    return Film("far to near", [Shot(4.0, make_background(random), actors)])


def _steady(kind: str, cast: Cast, random: np.random.Generator, camera: Callable[[float], Camera]) -> Film:
    """Two who stay while the camera does something: a continuous shot."""
    actors = [
        Actor(*next(cast), _stay(random, WIDTH * (0.36 + 0.28 * i), HEIGHT * 0.42, random.uniform(80, 140)))
        for i in range(2)
    ]
    return Film(kind, [Shot(2.8, make_background(random), actors, camera)])


def flash(cast: Cast, random: np.random.Generator) -> Film:
    """Flashes of one to three frames."""
    lit = {12 + 14 * i + j for i, frames in enumerate((1, 2, 3, 2)) for j in range(frames)}
    return _steady("flash", cast, random, lambda t: Camera(1.6, 90) if round(t * _FPS) in lit else Camera())


def pan(cast: Cast, random: np.random.Generator) -> Film:
    """The camera pans by a third of the frame in 0.7 s, and back."""
    return _steady(
        "pan",
        cast,
        random,
        lambda t: Camera(pan_px=150 * float(np.sin(2 * np.pi * np.clip(t - 0.4, 0, 2) / 2))),
    )


def exposure(cast: Cast, random: np.random.Generator) -> Film:
    """Auto exposure: in 0.2 s to half the light, later to nearly twice."""
    times, gains = (0.0, 0.9, 1.1, 1.8, 2.0, 2.8), (1.0, 1.0, 0.45, 0.45, 1.7, 1.7)
    return _steady("exposure", cast, random, lambda t: Camera(float(np.interp(t, times, gains))))


def hand(cast: Cast, random: np.random.Generator) -> Film:
    """A hand comes over the lens, from the left and away again within 0.8 s."""
    times, covered = (0.0, 1.0, 1.2, 1.5, 1.7, 2.8), (0.0, 0.0, 1.0, 1.0, 0.0, 0.0)
    return _steady("hand", cast, random, lambda t: Camera(covered=float(np.interp(t, times, covered))))


def first_label(cast: Cast, random: np.random.Generator, fps: float) -> Film:
    """Four people who are there from the first frame on, at so many frames a second."""
    actors = [
        Actor(
            *next(cast),
            _stay(random, WIDTH * (0.14 + 0.24 * i), HEIGHT * 0.42, float(random.uniform(45, 120)), 0.03),
        )
        for i in range(4)
    ]
    shot = Shot({30.0: 1.5, 5.0: 2.4, 1.0: 6.0}[fps], make_background(random), actors)
    return Film(f"first label {fps:g} fps", [shot], fps=fps)


KINDS: Final[tuple[Callable[[Cast, np.random.Generator], Film], ...]] = (
    crossing, occlusion, takeover, meeting, crowd, cuts, black, fades, dissolves, scenery,
    entries, turning, approach, flash, pan, exposure, hand,
    lambda cast, random: first_label(cast, random, 30.0),
    lambda cast, random: first_label(cast, random, 5.0),
    lambda cast, random: first_label(cast, random, 1.0),
)  # fmt: skip
"""One maker for each kind of film."""
