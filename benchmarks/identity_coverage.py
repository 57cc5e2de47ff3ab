"""How often the interval shown of a face holds the true age, by size, pose and age.

Intervals are meant to hold 80 %. Labels of one person are nearly one and the same label, so a person counts
as one in each film, and the bootstrap resamples people, not labels. The number of people makes the measure
exact, not that of frames: under 40 pixels, films of 16 frames in two seconds held as many ages of the same
people as these of six frames do (0.6 % less of 962, 1.0 % more of 821, standard errors of 0.8).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.vision.analyzer import Analyzer
from agecam.vision.detector import Detector
from benchmarks.identity_films import grid_film
from benchmarks.identity_metrics import assign
from benchmarks.identity_people import Head, load_heads
from benchmarks.identity_run import KeptDetections, run_film
from train.data.age_groups import by_age, decade_names
from train.evaluate.metrics import interval_holds

POSES: Final = {"frontal": (0.0, 15.0), "half": (15.0, 30.0), "profile": (30.0, 90.0)}
"""Yaw in degrees by :mod:`train.data.pose`, which says too little of profiles."""
BANDS: Final = ("under 40 px", "40 to 80 px", "over 80 px")
_GRIDS: Final = (((6, 4), (22.0, 36.0)), ((5, 3), (44.0, 72.0)), ((4, 2), (88.0, 120.0)))
"""For each band, columns and rows of people in one film, and the least and largest width of their faces."""
_FPS: Final = 4.0
_SECONDS: Final = 1.5
_RESAMPLES: Final = 2000
_CONFIDENCE: Final = 0.95
_OLDEST: Final = 100
"""Years; the models know no greater age."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Labels of a group of people: the share of labelled years inside the interval, and their errors.

    ``held_low`` and ``held_high`` are the 95 % confidence interval of ``held``, from a bootstrap over people
    (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993). ``width_years`` is the width of the
    intervals of age, ``error_years`` the mean error of age. All are means over films of people, of which
    ``labelled`` of ``films`` have labels; ``people`` are in those that have.
    """

    held: float
    held_low: float
    held_high: float
    width_years: float
    error_years: float
    people: int
    labelled: int
    films: int


@dataclass(frozen=True, slots=True)
class PersonLabels:
    """Of one person in one film: the age, and ``(labels, 3)`` fused ages and ends of intervals, years."""

    person: int
    age: float
    labels: Sequence[tuple[float, float, float]]


def load_coverage_people(
    data: Path, prepared: Path, detector: Detector, count: int, split: str
) -> dict[int, tuple[Head, str]]:
    """So many people of each pose, with its name, from a split of ``prepared``."""
    heads = (
        (head, pose)
        for pose, yaw_deg in POSES.items()
        for head in islice(load_heads(data, prepared, detector, yaw_deg, split), count)
    )
    people = list(heads)
    return dict(enumerate(people[i] for i in np.random.default_rng(1).permutation(len(people))))


def measure_coverage(
    analyzer: Analyzer, kept: KeptDetections, people: Mapping[int, tuple[Head, str]], split: str
) -> dict[str, Coverage]:
    """Coverage of each band of size, pose and decade, each person of a split filmed in each size."""
    labels: dict[str, list[PersonLabels]] = defaultdict(list)
    everybody = list(people)
    decades = _decades([people[person][0].age for person in everybody])
    for band, (grid, widths_px) in zip(BANDS, _GRIDS, strict=True):
        for start in range(0, len(everybody), grid[0] * grid[1]):
            group = everybody[start : start + grid[0] * grid[1]]
            kept.begin(f"{split}-{len(everybody)}-{band.replace(' ', '-')}-{start}")
            of_person = _film_labels(analyzer, {i: people[i][0] for i in group}, grid, widths_px)
            kept.end()
            for place, person in enumerate(group, start):
                for name in ("all", band, people[person][1], decades[place]):
                    labels[name].append(of_person[person])
    return {name: coverage(labels[name]) for name in ("all", *BANDS, *POSES, *by_age(decades))}


def _decades(ages: Sequence[float]) -> list[str]:
    known = np.minimum(np.array(ages), _OLDEST - 1)
    return [str(name) for name in decade_names(known, known)]


def _film_labels(
    analyzer: Analyzer, heads: Mapping[int, Head], grid: tuple[int, int], widths_px: tuple[float, float]
) -> dict[int, PersonLabels]:
    film = grid_film(list(heads.items()), grid, widths_px, (_SECONDS, _FPS), min(heads))
    labels: dict[int, list[tuple[float, float, float]]] = {person: [] for person in heads}
    for frame in run_film(analyzer, film):
        for place, row in assign(frame.truths, [one.box for one in frame.drawn]).items():
            person, estimate = frame.truths[row].person, frame.drawn[place].estimate
            if estimate is not None:
                labels[person].append((estimate.age, estimate.age_low, estimate.age_high))
    return {
        person: PersonLabels(person, min(_OLDEST, heads[person].age), of_person)
        for person, of_person in labels.items()
    }


def coverage(films: Sequence[PersonLabels]) -> Coverage:
    """Of the films of a group of people, of whom each may be in several."""
    labelled = [film for film in films if film.labels]
    if not labelled:
        return Coverage(np.nan, np.nan, np.nan, np.nan, np.nan, 0, 0, len(films))
    figures = np.array([_figures(film) for film in labelled])
    held, width, error = (float(mean) for mean in figures.mean(axis=0))
    people, person = np.unique([film.person for film in labelled], return_inverse=True)
    low, high = _bootstrap(np.bincount(person, figures[:, 0]).astype(np.float64), np.bincount(person))
    return Coverage(held, low, high, width, error, len(people), len(labelled), len(films))


def _bootstrap(held: NDArray[np.float64], films: NDArray[np.intp]) -> tuple[float, float]:
    """Confidence interval of a mean over films, from each person's sum and number of films, ``(n,)`` each.

    People are resampled with all their films, which are no independent samples.
    """
    random = np.random.default_rng(1)
    chosen = random.integers(0, len(held), (_RESAMPLES, len(held)))
    shares = held[chosen].sum(axis=1) / films[chosen].sum(axis=1)
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(shares, (tail, 1 - tail))
    return float(low), float(high)


def _figures(film: PersonLabels) -> tuple[float, float, float]:
    """Share held, width and error of age of one person's labels, means."""
    age, low, high = np.transpose(film.labels)
    held = interval_holds(low, high, np.full(len(age), film.age))
    return float(held.mean()), float((high - low).mean()), float(np.abs(age - film.age).mean())
