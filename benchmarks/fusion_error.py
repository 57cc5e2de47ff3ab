"""How much nearer the truth fused estimates are than single predictions, on videos of faces of known age.

    python -m benchmarks.fusion_error PREPARED [--split test] [--videos 24]

``PREPARED`` is a folder of ``python -m train prepare``. The made-up videos
(:class:`benchmarks.known_faces.KnownFaces`) go through the whole live path: detection, tracking, schedule,
models, fusion. Predictions and fused estimates are compared in the same frames, those in which the models
ran, from the first label on. An age is held by an interval that comes within half a year of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Estimate, Frame, Person
from agecam.vision.analyzer import Analyzer, create_analyzer
from benchmarks.known_faces import PEOPLE, KnownFaces, Place
from train.data.crops import load_crops
from train.data.table import Table

_NEAR_SIDES: Final = 0.4
"""A face this near the centre of a crop, in its sides, is that crop's."""
_OLDEST: Final = 100
"""Years; the models know no greater age."""
_COUNTS: Final = (1, 2, 4, 8, 16, 32)
"""Numbers of predictions so far at which rows of the report begin."""


@dataclass(slots=True)
class Predictions:
    """Every prediction of the models, what it was fused to, and the truth; one entry a prediction."""

    single: list[Estimate] = field(default_factory=list)
    fused: list[Estimate] = field(default_factory=list)
    age: list[float] = field(default_factory=list)
    female: list[float] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    """How many predictions on this track there were, this one included."""
    tracks: int = 0


def collect(prepared: Path, split: str, videos: int) -> Predictions:
    """Analyse so many videos of twelve people each, nobody twice."""
    table = Table.load(prepared).require_split(split, prepared)
    table = table.take(table.exact & ~np.isnan(table.female))
    order = np.random.default_rng(1).permutation(len(table))
    crops = load_crops(prepared)
    predictions = Predictions()
    with create_analyzer() as analyzer:
        for video in range(min(videos, len(order) // PEOPLE)):
            people = table.take(order[video * PEOPLE : (video + 1) * PEOPLE])
            analyzer.reset()
            counts: dict[int, int] = {}
            for frame, places in KnownFaces(np.stack([crops[row] for row in people.row]), seed=video):
                for person, index in _matched(analyzer, frame, places):
                    _add(person, people, index, counts, predictions)
            predictions.tracks += len(counts)
    return predictions


def _matched(analyzer: Analyzer, frame: Frame, places: list[Place]) -> list[tuple[Person, int]]:
    """The people of a frame that the models were run on, and whose crop each is."""
    people = (one for one in analyzer.analyze(frame).people if one.raw is not None)
    matched = ((person, _crop_of(person, places)) for person in people)
    return [(person, index) for person, index in matched if index is not None]


def _crop_of(person: Person, places: list[Place]) -> int | None:
    x, y = person.face.centre
    distances = [float(np.hypot(x - place.x, y - place.y)) / place.side for place in places]
    nearest = int(np.argmin(distances))
    return nearest if distances[nearest] < _NEAR_SIDES else None


def _add(person: Person, people: Table, index: int, counts: dict[int, int], predictions: Predictions) -> None:
    counts[person.track_id] = counts.get(person.track_id, 0) + 1
    if not person.confirmed or person.raw is None or person.estimate is None:
        return
    predictions.single.append(person.raw)
    predictions.fused.append(person.estimate)
    predictions.age.append(min(_OLDEST, float(people.age_low[index])))
    predictions.female.append(float(people.female[index]))
    predictions.count.append(counts[person.track_id])


def report(predictions: Predictions) -> str:
    """The metrics, a line each."""
    age, female, count = (np.array(one) for one in (predictions.age, predictions.female, predictions.count))
    single, fused = (
        np.array([[one.age, one.age_low, one.age_high, one.female] for one in estimates])
        for estimates in (predictions.single, predictions.fused)
    )
    lines = [f"{len(age)} predictions on {predictions.tracks} tracks", f"{'':24}single   fused   ratio"]
    measures: tuple[tuple[str, Callable[[NDArray[np.float64]], np.floating]], ...] = (
        ("age, mean error, years", lambda one: np.abs(one[:, 0] - age).mean()),
        ("age, interval's width", lambda one: (one[:, 2] - one[:, 1]).mean()),
        ("age held by interval", lambda one: _held(one, age).mean()),
        ("gender, wrong", lambda one: np.mean((one[:, 3] > 0.5) != (female > 0.5))),
        ("gender, squared error", lambda one: np.mean((one[:, 3] - female) ** 2)),
    )
    for name, measure in measures:
        before, after = float(measure(single)), float(measure(fused))
        lines.append(f"{name:24}{before:6.3f}  {after:6.3f}  {after / before:6.3f}")
    lines.append("by predictions so far:  single   fused   held   scale of the interval that would hold 80 %")
    for low, high in zip(_COUNTS, (*_COUNTS[1:], 10**9), strict=True):
        rows = (count >= low) & (count < high)
        if rows.any():
            errors = [np.abs(one[rows, 0] - age[rows]).mean() for one in (single, fused)]
            lines.append(
                f"{low:4} and more {rows.sum():7}{errors[0]:7.2f}{errors[1]:8.2f}"
                f"{_held(fused[rows], age[rows]).mean():7.3f}{_needed_scale(fused[rows], age[rows]):8.2f}"
            )
    return "\n".join(lines)


def _held(estimates: NDArray[np.float64], age: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((estimates[:, 1] <= age + 0.5) & (estimates[:, 2] >= age - 0.5))


def _needed_scale(estimates: NDArray[np.float64], age: NDArray[np.float64]) -> float:
    error = estimates[:, 0] - age
    half = np.where(error > 0, estimates[:, 0] - estimates[:, 1], estimates[:, 2] - estimates[:, 0])
    return float(np.quantile(np.maximum(0, np.abs(error) - 0.5) / np.maximum(half, 0.5), 0.8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("prepared", type=Path, help="folder of `python -m train prepare`")
    parser.add_argument("--split", default="test", help="split of the prepared images (test)")
    parser.add_argument("--videos", type=int, default=24, help="videos of twelve people (24)")
    arguments = parser.parse_args()
    print(report(collect(arguments.prepared, arguments.split, arguments.videos)))


if __name__ == "__main__":
    main()
