"""How often what is printed beside confirmed faces of a clip changes: age and gender.

    python -m benchmarks.label_changes CLIP

Every frame of the clip is analysed, and estimates are held for printing, as ``agecam annotate`` does. A track
counts from two seconds after its first label on; changes are counted between frames in which it is labelled.
"""

from __future__ import annotations

import argparse
import contextlib
from dataclasses import dataclass, field
from typing import Final

from agecam.drawing.hysteresis import EstimateHysteresis
from agecam.drawing.label_text import gender_word
from agecam.messages import Person
from agecam.sources import open_source
from agecam.sources.prefetch import each_frame
from agecam.vision.analyzer import create_analyzer

SETTLING_S: Final = 2.0
"""Seconds after a track's first label that are left out: with little evidence its estimate still moves."""


@dataclass(slots=True)
class Changes:
    """Seconds of labelled tracks, and how often what is printed of them changed."""

    seconds: float = 0.0
    age: int = 0
    gender: int = 0
    tracks: set[int] = field(default_factory=set)
    _first_s: dict[int, float] = field(default_factory=dict)
    _last: dict[int, tuple[float, int, str]] = field(default_factory=dict)

    def add(self, person: Person, time_s: float) -> None:
        """Count one person in one frame, as printed."""
        if person.estimate is None or not person.confirmed:
            return
        number = person.track_id
        age, gender = round(person.estimate.age), gender_word(person.estimate.female)
        if time_s - self._first_s.setdefault(number, time_s) >= SETTLING_S:
            if number in self.tracks:
                last_s, last_age, last_gender = self._last[number]
                self.seconds += time_s - last_s
                self.age += age != last_age
                self.gender += gender != last_gender
            self.tracks.add(number)
        self._last[number] = time_s, age, gender


def count_changes(clip: str) -> Changes:
    """The changes in all of a clip."""
    changes, hysteresis = Changes(), EstimateHysteresis()
    source = open_source(clip)
    source.open()
    with contextlib.closing(source), create_analyzer() as analyzer:
        for frame in each_frame(source):
            for person in hysteresis.update(analyzer.analyze(frame).people, frame.time_s):
                changes.add(person, frame.time_s)
    return changes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clip", help="video file")
    changes = count_changes(parser.parse_args().clip)
    print(f"{len(changes.tracks)} confirmed tracks, {changes.seconds:.0f} s together")
    for name, count in (("age", changes.age), ("gender", changes.gender)):
        print(f"printed {name}: {count} changes, one in {changes.seconds / max(1, count):.1f} s")


if __name__ == "__main__":
    main()
