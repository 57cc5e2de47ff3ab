"""How often what is printed beside confirmed faces of a clip changes: age and gender.

    python -m benchmarks.label_changes CLIP

Every frame of the clip is analysed as ``agecam annotate`` does. A track counts from two seconds after its
first label on, since it is confirmed then; changes are counted between frames in which it is labelled.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

from agecam.drawing.label_text import gender_word
from agecam.sources import open_source
from agecam.vision.analyzer import create_analyzer

SETTLED_AFTER_S = 2.0


def count_changes(clip: str) -> tuple[float, int, int, int]:
    """Seconds of confirmed tracks, changes of printed age, of printed gender, and how many tracks."""
    first_s: dict[int, float] = {}
    labels: dict[int, tuple[int, str]] = {}
    last_s: dict[int, float] = {}
    changes: dict[str, int] = defaultdict(int)
    seconds = 0.0
    tracks: set[int] = set()
    source = open_source(clip)
    source.open()
    try:
        with create_analyzer() as analyzer:
            while (frame := source.read()) is not None:
                for person in analyzer.analyze(frame).people:
                    if person.estimate is None or not person.confirmed:
                        continue
                    number = person.track_id
                    label = (round(person.estimate.age), gender_word(person.estimate.female))
                    if frame.time_s - first_s.setdefault(number, frame.time_s) >= SETTLED_AFTER_S:
                        if number in tracks:
                            seconds += frame.time_s - last_s[number]
                            changes["age"] += label[0] != labels[number][0]
                            changes["gender"] += label[1] != labels[number][1]
                        tracks.add(number)
                    labels[number], last_s[number] = label, frame.time_s
    finally:
        source.close()
    return seconds, changes["age"], changes["gender"], len(tracks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", help="video file")
    seconds, ages, genders, tracks = count_changes(parser.parse_args().clip)
    print(f"{tracks} confirmed tracks, {seconds:.0f} s together")
    print(f"printed age:    {ages} changes, one in {seconds / max(1, ages):.1f} s")
    print(f"printed gender: {genders} changes, one in {seconds / max(1, genders):.1f} s")


if __name__ == "__main__":
    main()
