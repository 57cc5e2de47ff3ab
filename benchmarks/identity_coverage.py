"""How often the interval shown of a face holds the true age, by size and pose: videos of the test split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from agecam.live.pipeline import Pipeline
from agecam.messages import Person
from agecam.vision.analyzer import Analyzer
from benchmarks.known_faces import PEOPLE, KnownFaces, Place
from train.data.crops import load_crops
from train.data.table import TEST, Table

SIDES_PX: Final = ((32.0, 52.0), (58.0, 102.0), (112.0, 190.0))
"""Least and largest side of a crop, one pair for each band of size: a face is three quarters as wide."""
BANDS: Final = ("under 40 px", "40 to 80 px", "over 80 px")
POSES: Final = ("frontal", "half", "profile")
_BAND_EDGES_PX: Final = (40.0, 80.0)
_POSE_EDGES_DEG: Final = (15.0, 30.0)
"""Yaw by :mod:`train.data.pose`, too little for profiles: the detector draws their eyes together."""
_SECONDS: Final = 2.0
_NEAR_SIDES: Final = 0.4
"""A face this near the centre of a crop, in its sides, is that crop's."""
_OLDEST: Final = 100
"""Years; the models know no greater age."""
_PROFILES_PER_VIDEO: Final = 3
"""Of twelve people: in the split they are rare."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of labels whose interval holds the age within half a year, the interval's width, and people."""

    held: float
    width_years: float
    people: int


def measure_coverage(analyzer: Analyzer, prepared: Path, videos_per_band: int) -> dict[str, Coverage]:
    """Coverage of each band of size and each pose and over all, each person counting as one."""
    table = Table.load(prepared).require_split(TEST, prepared)
    table = table.take(table.exact & ~np.isnan(table.yaw_deg))
    is_profile = np.abs(table.yaw_deg) >= _POSE_EDGES_DEG[1]
    random = np.random.default_rng(1)
    profiles, others = (random.permutation(np.flatnonzero(mask)) for mask in (is_profile, ~is_profile))
    crops = load_crops(prepared)
    labels: dict[tuple[str, int], list[tuple[bool, float]]] = defaultdict(list)
    for video in range(videos_per_band * len(SIDES_PX)):
        count = _PROFILES_PER_VIDEO if (video + 1) * _PROFILES_PER_VIDEO <= len(profiles) else 0
        chosen = np.concatenate(
            [
                profiles[video * count : (video + 1) * count],
                others[video * PEOPLE : (video + 1) * PEOPLE - count],
            ]
        )
        people = table.take(chosen)
        faces = KnownFaces(
            np.stack([crops[row] for row in people.row]),
            video,
            _SECONDS,
            side_px=SIDES_PX[video % len(SIDES_PX)],
        )
        _add_video(analyzer, faces, people, video, labels)
    groups: dict[str, list[list[tuple[bool, float]]]] = defaultdict(list)
    for (group, _), of_person in labels.items():
        groups[group].append(of_person)
    return {name: _coverage(groups[name]) for name in ("all", *BANDS, *POSES) if groups[name]}


def _add_video(
    analyzer: Analyzer,
    faces: KnownFaces,
    people: Table,
    video: int,
    labels: dict[tuple[str, int], list[tuple[bool, float]]],
) -> None:
    analyzer.reset()
    places_of: list[list[Place]] = []
    frames = (places_of.append(places) or frame for frame, places in faces)  # type: ignore[func-returns-value]
    for index, annotated in enumerate(Pipeline(analyzer).process_all(frames)):
        for person in annotated.analysis.people:
            place = _crop_of(person, places_of[index])
            if place is None or not person.confirmed or person.estimate is None:
                continue
            age = min(_OLDEST, float(people.age_low[place]))
            low, high = person.estimate.age_low, person.estimate.age_high
            label = (low - 0.5 <= age <= high + 0.5, high - low)
            band = BANDS[int(np.digitize(person.face.box[2], _BAND_EDGES_PX))]
            pose = POSES[int(np.digitize(abs(people.yaw_deg[place]), _POSE_EDGES_DEG))]
            for group in ("all", band, pose):
                labels[group, video * PEOPLE + place].append(label)


def _crop_of(person: Person, places: Sequence[Place]) -> int | None:
    x, y = person.face.centre
    distances = [float(np.hypot(x - place.x, y - place.y)) / place.side for place in places]
    nearest = int(np.argmin(distances))
    return nearest if distances[nearest] < _NEAR_SIDES else None


def _coverage(people: Sequence[Sequence[tuple[bool, float]]]) -> Coverage:
    held = float(np.mean([np.mean([held for held, _ in labels]) for labels in people]))
    width = float(np.mean([np.mean([width for _, width in labels]) for labels in people]))
    return Coverage(held, width, len(people))
