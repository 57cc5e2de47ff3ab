"""What is measured of a film: who is shown as whom, for how long wrongly, and what is left after a cut."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import motmetrics as mm
import numpy as np
from scipy.optimize import linear_sum_assignment

from agecam.vision.boxes import iou
from benchmarks.identity_run import Box, DrawnPerson, Observed
from benchmarks.identity_scene import Truth

MIN_IOU: Final = 0.3
"""A box that has less in common with a face is not that face's: the detectors' boxes of heads that are turned
or partly hidden differ from the true ones by a third of their width."""
_VISIBLE: Final = 0.5
"""A face of which less is seen need not be found."""
WRONG_YEARS: Final = 10.0
NEAR_YEARS: Final = 5.0
SETTLED_FRAMES: Final = 10
"""After a cut, when the age shown is judged."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a person's own film shows at its end: the age, and the gender, "?" where that is in doubt.

    ``is_age_printed`` is false where the interval is too wide for a number.
    """

    age: float
    gender: str
    is_age_printed: bool = True


@dataclass(slots=True)
class FilmMetrics:
    """Metrics of one film or, added up, of many; ``accumulators`` are those of motmetrics, one a film."""

    seconds: float = 0.0
    face_seconds: float = 0.0
    """Of all people while they are to be seen."""
    labelled_s: float = 0.0
    wrong_age_s: float = 0.0
    wrong_gender_s: float = 0.0
    wrong_s: float = 0.0
    """Either of the two."""
    leaked: list[int] = field(default_factory=list)
    """For each cut, frames after it in which a number stands that somebody else had before: in most
    frames."""
    ghosts: int = 0
    """Boxes, one a frame, where nobody is."""
    first_label_s: list[float] = field(default_factory=list)
    """Of each person, from when they are first to be seen."""
    never_labelled: int = 0
    age_step: float = 0.0
    """The largest from one frame to the next within a shot, years."""
    settled: list[float] = field(default_factory=list)
    """Of each new person some frames after a cut, years from the reference; infinite without an age, and left
    out where the reference has none."""
    numbers: int = 0
    people: int = 0
    accumulators: list[mm.MOTAccumulator] = field(default_factory=list)

    def add(self, other: FilmMetrics) -> None:
        for name in ("seconds", "face_seconds", "labelled_s", "wrong_age_s", "wrong_gender_s", "wrong_s",
                     "ghosts", "never_labelled", "numbers", "people"):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("leaked", "first_label_s", "settled", "accumulators"):
            getattr(self, name).extend(getattr(other, name))
        self.age_step = max(self.age_step, other.age_step)


def assign(truths: Sequence[Truth], boxes: Sequence[Box]) -> dict[int, int]:
    """For boxes by place, the place of the face each shows: the most in common, one box a face."""
    if not truths or not boxes:
        return {}
    ious = np.array([[iou(truth.box, box) for box in boxes] for truth in truths])
    rows, columns = linear_sum_assignment(np.where(ious >= MIN_IOU, ious, 0.0), maximize=True)
    return {
        int(column): int(row)
        for row, column in zip(rows, columns, strict=True)
        if ious[row, column] >= MIN_IOU
    }


def accumulate(
    accumulator: mm.MOTAccumulator, truths: Sequence[Truth], boxes: Sequence[Box], numbers: Sequence[int]
) -> None:
    """Add one frame; faces that need not be found, and what is shown of them, are left out."""
    assigned = assign(truths, boxes)
    required = [truth for truth in truths if truth.visible >= _VISIBLE]
    kept = [
        i
        for i, box in enumerate(boxes)
        if (truths[assigned[i]].visible >= _VISIBLE if i in assigned else not _is_on_face(box, truths))
    ]
    ious = np.array([[iou(truth.box, boxes[i]) for i in kept] for truth in required])
    distances = np.where(ious >= MIN_IOU, 1 - ious, np.nan).reshape(len(required), len(kept))
    accumulator.update([truth.person for truth in required], [numbers[i] for i in kept], distances)


def identity_metrics(accumulators: Sequence[mm.MOTAccumulator]) -> dict[str, float]:
    """``idf1`` in [0, 1], ``switches`` of people to another number, ``transfers`` of numbers to another one.

    By motmetrics, over all films together (Ristani et al., "Performance Measures and a Data Set for
    Multi-Target, Multi-Camera Tracking", ECCV Workshops 2016).
    """
    names = ["idf1", "num_switches", "num_transfer"]
    table = mm.metrics.create().compute_many(
        list(accumulators), metrics=names, names=list(range(len(accumulators))), generate_overall=True
    )
    idf1, switches, transfers = (float(table.loc["OVERALL", name]) for name in names)
    return {"idf1": idf1, "switches": switches, "transfers": transfers}


def _is_on_face(box: Box, truths: Sequence[Truth]) -> bool:
    """Whether a box that shows no face of its own lies on one all the same: a second box on a head."""
    return any(iou(truth.box, box) >= MIN_IOU for truth in truths if truth.visible < _VISIBLE)


def measure_film(
    observed: Sequence[Observed], references: Mapping[int, Reference], cuts: Sequence[int], fps: float
) -> FilmMetrics:
    """All metrics of one film; ``cuts`` are first frames after which nobody from before is there."""
    metrics = FilmMetrics(seconds=len(observed) / fps)
    accumulator = mm.MOTAccumulator(auto_id=True)
    first_seen: dict[int, float] = {}
    first_label: dict[int, float] = {}
    for frame in observed:
        boxes = [one.box for one in frame.drawn]
        assigned = assign(frame.truths, boxes)
        accumulate(accumulator, frame.truths, boxes, [one.track_id for one in frame.drawn])
        for truth in frame.truths:
            if truth.visible >= _VISIBLE:
                metrics.face_seconds += 1 / fps
                first_seen.setdefault(truth.person, frame.time_s)
        for place, drawn in enumerate(frame.drawn):
            if place in assigned:
                person = frame.truths[assigned[place]].person
                if drawn.estimate is not None:
                    first_label.setdefault(person, frame.time_s)
                _add_label(metrics, drawn, references.get(person), 1 / fps)
            elif not any(iou(truth.box, drawn.box) > 0 for truth in frame.truths):
                metrics.ghosts += 1
    metrics.accumulators.append(accumulator)
    metrics.people = len(first_seen)
    metrics.numbers = len({one.track_id for frame in observed for one in frame.drawn})
    metrics.first_label_s = [
        max(0.0, first_label[person] - at) for person, at in first_seen.items() if person in first_label
    ]
    metrics.never_labelled = len(first_seen.keys() - first_label.keys())
    metrics.age_step = largest_age_step(observed, cuts)
    _measure_cuts(metrics, observed, references, cuts)
    return metrics


def _add_label(metrics: FilmMetrics, drawn: DrawnPerson, reference: Reference | None, seconds: float) -> None:
    if drawn.estimate is None or reference is None:
        return
    metrics.labelled_s += seconds
    is_age_wrong = drawn.printed_age is not None and abs(drawn.printed_age - reference.age) > WRONG_YEARS
    is_gender_wrong = reference.gender != "?" and drawn.gender not in ("?", reference.gender)
    metrics.wrong_age_s += seconds * is_age_wrong
    metrics.wrong_gender_s += seconds * is_gender_wrong
    metrics.wrong_s += seconds * (is_age_wrong or is_gender_wrong)


def largest_age_step(observed: Sequence[Observed], cuts: Sequence[int] = ()) -> float:
    """The largest change of a track's fused age from one frame to the next, years; none over a cut."""
    largest = 0.0
    for index in range(1, len(observed)):
        if index in cuts:
            continue
        before = {one.track_id: one.estimate for one in observed[index - 1].drawn}
        for one in observed[index].drawn:
            last = before.get(one.track_id)
            if last is not None and one.estimate is not None:
                largest = max(largest, abs(one.estimate.age - last.age))
    return largest


def _measure_cuts(
    metrics: FilmMetrics,
    observed: Sequence[Observed],
    references: Mapping[int, Reference],
    cuts: Sequence[int],
) -> None:
    for cut, following in pairwise((*cuts, len(observed))):
        shot = observed[cut:following]
        # Of a dissolve the new ones are there before the last of the old ones is gone.
        new = {truth.person for frame in shot for truth in frame.truths}
        old = {number for number, person in _most_shown(observed[:cut]).items() if person not in new}
        metrics.leaked.append(sum(any(one.track_id in old for one in frame.drawn) for frame in shot))
        first = next((i for i, frame in enumerate(shot) if _required(frame.truths)), None)
        if first is None or first + SETTLED_FRAMES >= len(shot):
            continue
        frame = shot[first + SETTLED_FRAMES]
        assigned = assign(frame.truths, [one.box for one in frame.drawn])
        drawn_of = {frame.truths[row].person: frame.drawn[place] for place, row in assigned.items()}
        for truth in _required(frame.truths):
            reference, drawn = references.get(truth.person), drawn_of.get(truth.person)
            if reference is not None and reference.is_age_printed:
                age = None if drawn is None else drawn.printed_age
                metrics.settled.append(np.inf if age is None else abs(age - reference.age))


def _most_shown(observed: Sequence[Observed]) -> dict[int, int | None]:
    """For each number whom it shows in most frames; ``None`` where that is nobody."""
    shown: defaultdict[int, Counter[int | None]] = defaultdict(Counter)
    for frame in observed:
        assigned = assign(frame.truths, [one.box for one in frame.drawn])
        for place, one in enumerate(frame.drawn):
            person = frame.truths[assigned[place]].person if place in assigned else None
            shown[one.track_id][person] += 1
    return {number: people.most_common(1)[0][0] for number, people in shown.items()}


def _required(truths: Sequence[Truth]) -> list[Truth]:
    return [truth for truth in truths if truth.visible >= _VISIBLE]
