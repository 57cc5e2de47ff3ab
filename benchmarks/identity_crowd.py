"""The clip of a crowd in which people overlap: whether numbers, and labels with them, go over to others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.identity_metrics import WRONG_YEARS, assign
from benchmarks.identity_run import Observed
from benchmarks.identity_scene import Truth

CROWD_FILE: Final = Path(__file__).with_name("identity_crowd.json")
_VISIBLE: Final = {"seen": 1.0, "unsure": 0.3, "back": 0.2}
"""Of faces: to be found, not required, and not to be seen at all."""
_LEAST_FRAMES: Final = 2
"""A number is on somebody when it is for so many frames in a row."""


@dataclass(frozen=True, slots=True)
class CrowdMetrics:
    """``moves`` of numbers from one person to another, and labels, each counted once a frame.

    Of these ``foreign_frames`` are on somebody other than the one who had the number first, ``back_frames``
    on the back of a head, and ``wrong_age_frames`` off by more than ten years.
    """

    moves: int
    foreign_frames: int
    back_frames: int
    wrong_age_frames: int


def clip_name() -> str:
    """The file that the truth is of."""
    return str(_read()["clip"])


def crowd_truths(frame: int) -> tuple[Truth, ...]:
    """The people of one frame; of those whose face is not to be seen ``visible`` is under a half."""
    truths = []
    for number, person in enumerate(_read()["people"]):
        for kind, visible in _VISIBLE.items():
            for keys in person.get(kind, ()):
                if keys[0][0] <= frame <= keys[-1][0]:
                    at = [key[0] for key in keys]
                    x, y, width = (float(np.interp(frame, at, [key[i] for key in keys])) for i in (1, 2, 3))
                    box = (x - width / 2, y - width / 2, width, width)
                    truths.append(Truth(number, box, visible))
    return tuple(truths)


def measure_crowd(observed: Sequence[Observed]) -> CrowdMetrics:
    """Metrics of all frames of the clip, the truth of which is :func:`crowd_truths`."""
    people = _read()["people"]
    where: dict[int, list[int]] = {}
    foreign = back = wrong = 0
    for index, frame in enumerate(observed):
        truths = crowd_truths(index)
        assigned = assign(truths, [one.box for one in frame.shown])
        for place, row in assigned.items():
            shown, truth = frame.shown[place], truths[row]
            persons = where.setdefault(shown.track_id, [])
            persons.append(truth.person)
            if shown.estimate is None:
                continue
            foreign += truth.person != persons[0]
            back += truth.visible == _VISIBLE["back"]
            age = people[truth.person].get("age")
            if age is not None and shown.printed_age is not None:
                wrong += abs(shown.printed_age - age) > WRONG_YEARS
    return CrowdMetrics(sum(map(_moves, where.values())), foreign, back, wrong)


def _moves(persons: Sequence[int]) -> int:
    """How often a number goes over to somebody else, for more than a frame."""
    runs = [person for person, run in groupby(persons) if len(list(run)) >= _LEAST_FRAMES]
    return sum(one != other for one, other in pairwise(runs))


def _read() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(CROWD_FILE.read_text(encoding="utf-8"))
    return content
