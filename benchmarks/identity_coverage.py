"""How often the interval shown of a face holds the true age, by size and pose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from agecam.vision.analyzer import Analyzer
from agecam.vision.detector import Detector
from benchmarks.identity_films import grid_film
from benchmarks.identity_metrics import assign
from benchmarks.identity_people import Head, load_heads
from benchmarks.identity_run import KeptDetections, run_film

POSES: Final = {"frontal": (0.0, 15.0), "half": (15.0, 30.0), "profile": (30.0, 90.0)}
"""Yaw in degrees by :mod:`train.data.pose`, which says too little of profiles."""
BANDS: Final = ("under 40 px", "40 to 80 px", "over 80 px")
_GRIDS: Final = (((6, 4), (22.0, 36.0)), ((5, 3), (44.0, 72.0)), ((4, 2), (88.0, 120.0)))
"""For each band, columns and rows of people in one film, and the least and largest width of their faces."""
_FPS: Final = 8.0
_SECONDS: Final = 2.0
_OLDEST: Final = 100
"""Years; the models know no greater age."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of labels whose interval holds the age within half a year, its width, and of how many people."""

    held: float
    width_years: float
    labelled: int
    people: int


@dataclass(slots=True)
class _Labels:
    """Of one person in one film: for each frame with a label, whether the age is held, and the width."""

    held: list[bool]
    width_years: list[float]


def load_coverage_people(
    data: Path, prepared: Path, detector: Detector, count: int
) -> dict[int, tuple[Head, str]]:
    """So many people of each pose, with its name."""
    heads = (
        (head, pose)
        for pose, yaw_deg in POSES.items()
        for head in islice(load_heads(data, prepared, detector, yaw_deg), count)
    )
    people = list(heads)
    return dict(enumerate(people[i] for i in np.random.default_rng(1).permutation(len(people))))


def measure_coverage(
    analyzer: Analyzer, kept: KeptDetections, people: Mapping[int, tuple[Head, str]]
) -> dict[str, Coverage]:
    """Coverage of each band of size and each pose, each person filmed in each size and counting as one."""
    labels: dict[str, list[_Labels]] = defaultdict(list)
    everybody = list(people)
    for band, (grid, widths_px) in zip(BANDS, _GRIDS, strict=True):
        for start in range(0, len(everybody), grid[0] * grid[1]):
            group = everybody[start : start + grid[0] * grid[1]]
            kept.begin(f"coverage-{band.replace(' ', '-')}-{start}")
            of_person = _film_labels(analyzer, {i: people[i][0] for i in group}, grid, widths_px)
            kept.end()
            for person in group:
                for name in ("all", band, people[person][1]):
                    labels[name].append(of_person[person])
    return {name: _coverage(labels[name]) for name in ("all", *BANDS, *POSES)}


def _film_labels(
    analyzer: Analyzer, heads: Mapping[int, Head], grid: tuple[int, int], widths_px: tuple[float, float]
) -> dict[int, _Labels]:
    film = grid_film(list(heads.items()), grid, widths_px, (_SECONDS, _FPS), min(heads))
    labels = {person: _Labels([], []) for person in heads}
    for frame in run_film(analyzer, film):
        for place, row in assign(frame.truths, [one.box for one in frame.shown]).items():
            person, estimate = frame.truths[row].person, frame.shown[place].estimate
            if estimate is not None:
                age = min(_OLDEST, heads[person].age)
                labels[person].held.append(estimate.age_low - 0.5 <= age <= estimate.age_high + 0.5)
                labels[person].width_years.append(estimate.age_high - estimate.age_low)
    return labels


def _coverage(people: list[_Labels]) -> Coverage:
    labelled = [one for one in people if one.held]
    if not labelled:
        return Coverage(np.nan, np.nan, 0, len(people))
    held = float(np.mean([np.mean(one.held) for one in labelled]))
    width = float(np.mean([np.mean(one.width_years) for one in labelled]))
    return Coverage(held, width, len(labelled), len(people))
