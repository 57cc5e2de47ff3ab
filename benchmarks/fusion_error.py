"""How much nearer the truth fused answers are than single ones, on made-up films of faces of known age.

    python -m benchmarks.fusion_error PREPARED [--split test] [--films 24]

``PREPARED`` is a folder of ``python -m train prepare`` that has been split. The films
(:class:`benchmarks.known_faces.KnownFaces`) go through the whole live path: detectors, tracker, schedule,
models, fusion. Single and fused answers are compared in the same frames, those in which the models ran, from
the first label on. An age is held by an interval that comes within half a year of it.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Estimate, Frame, Person
from agecam.vision.analyzer import Analyzer, create_analyzer
from benchmarks.known_faces import PEOPLE, KnownFaces, Place
from train.data.table import Table

_NEAR_SIDES = 0.4
_OLDEST = 100
_COUNTS = (1, 2, 4, 8, 16, 32)


@dataclass
class Answers:
    """Every answer of the models: what it was, what was shown, and the truth; one entry an answer."""

    single: list[Estimate] = field(default_factory=list)
    fused: list[Estimate] = field(default_factory=list)
    age: list[float] = field(default_factory=list)
    female: list[float] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    """How many answers on this track there were, this one included."""
    tracks: int = 0


def collect(prepared: Path, split: str, films: int) -> Answers:
    """Analyse ``films`` films of twelve people each, nobody twice."""
    table = Table.load(prepared).of_split(split)
    table = table.take(table.exact & ~np.isnan(table.female))
    order = np.random.default_rng(1).permutation(len(table))
    crops = np.load(prepared / "crops.npy", mmap_mode="r")
    answers = Answers()
    with create_analyzer() as analyzer:
        for film in range(min(films, len(order) // PEOPLE)):
            people = table.take(order[film * PEOPLE : (film + 1) * PEOPLE])
            analyzer.reset()
            counts: dict[int, int] = {}
            for frame, places in KnownFaces(np.stack([crops[row] for row in people.row]), seed=film):
                _look(analyzer, frame, places, people, counts, answers)
            answers.tracks += len(counts)
    return answers


def _look(
    analyzer: Analyzer,
    frame: Frame,
    places: list[Place],
    people: Table,
    counts: dict[int, int],
    answers: Answers,
) -> None:
    for person in analyzer.analyze(frame).people:
        index = _who(person, places)
        if person.raw is None or person.estimate is None or index is None:
            continue
        counts[person.track_id] = counts.get(person.track_id, 0) + 1
        if not person.settled:
            continue
        answers.single.append(person.raw)
        answers.fused.append(person.estimate)
        answers.age.append(min(_OLDEST, float(people.age_low[index])))
        answers.female.append(float(people.female[index]))
        answers.count.append(counts[person.track_id])


def _who(person: Person, places: list[Place]) -> int | None:
    x, y = person.face.centre
    distances = [float(np.hypot(x - place.x, y - place.y)) / place.side for place in places]
    nearest = int(np.argmin(distances))
    return nearest if distances[nearest] < _NEAR_SIDES else None


def report(answers: Answers) -> str:
    """The figures, a line each."""
    age, female, count = (np.array(one) for one in (answers.age, answers.female, answers.count))
    single, fused = (
        np.array([[one.age, one.age_low, one.age_high, one.female] for one in estimates])
        for estimates in (answers.single, answers.fused)
    )
    lines = [f"{len(age)} answers on {answers.tracks} tracks", f"{'':24}single   fused   ratio"]
    for name, measure in (
        ("age, mean error, years", lambda one: np.abs(one[:, 0] - age).mean()),
        ("age, interval's width", lambda one: (one[:, 2] - one[:, 1]).mean()),
        ("age held by interval", lambda one: _held(one, age).mean()),
        ("gender, wrong", lambda one: np.mean((one[:, 3] > 0.5) != (female > 0.5))),
        ("gender, squared error", lambda one: np.mean((one[:, 3] - female) ** 2)),
    ):
        before, after = float(measure(single)), float(measure(fused))
        lines.append(f"{name:24}{before:6.3f}  {after:6.3f}  {after / before:6.3f}")
    lines.append("by answers so far:      single   fused   held   scale of the interval that would hold 80 %")
    for low, high in zip(_COUNTS, (*_COUNTS[1:], 10**9), strict=True):
        part = (count >= low) & (count < high)
        if part.any():
            errors = [np.abs(one[part, 0] - age[part]).mean() for one in (single, fused)]
            lines.append(
                f"{low:4} and more {part.sum():7}{errors[0]:7.2f}{errors[1]:8.2f}"
                f"{_held(fused[part], age[part]).mean():7.3f}{_needed_scale(fused[part], age[part]):8.2f}"
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
    parser.add_argument("--split", default="test", help="train, validation or test (test)")
    parser.add_argument("--films", type=int, default=24, help="films of twelve people (24)")
    arguments = parser.parse_args()
    print(report(collect(arguments.prepared, arguments.split, arguments.films)))


if __name__ == "__main__":
    main()
