"""Whether the right label is on the right person: films made of labelled people, and clips.

    python -m benchmarks.identity --data FOLDER --prepared FOLDER [--clips FOLDER] [--quick] [--json FILE]

``--data`` holds the zips of labelled images, ``--prepared`` is a folder that ``python -m train prepare`` made
of them: people are of its test split alone, but for coverage with ``--split validation``, on which constants
are chosen. Every film goes through the pipeline as ``agecam annotate`` runs it, and what is drawn is compared
with who is there. What a label should say is what the same person's own film shows at its end, so that errors
of the models are not counted as errors of identity; how often a second film of their own shows another age
says what the models alone make of it. Other trackers get the very detections that AgeCam's got. Constants
were chosen on the films of seed 0: another ``--seed`` takes other people, other ways and other rooms.
``--keep`` names a folder for detections, so that a run after a change to tracking detects only what is new.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from agecam.drawing.label_text import gender_word
from agecam.vision.analyzer import Analyzer, create_classifier, create_detector
from benchmarks.identity_clips import SUFFIXES, measure_clip, observe_clip
from benchmarks.identity_coverage import load_coverage_people, measure_coverage
from benchmarks.identity_crowd import clip_name, measure_crowd
from benchmarks.identity_films import KINDS, OWN_PEOPLE, own_film
from benchmarks.identity_metrics import Reference, assign, measure_film
from benchmarks.identity_peers import PEERS, track_by_peer
from benchmarks.identity_people import Head, load_heads
from benchmarks.identity_report import Report, as_json, print_report
from benchmarks.identity_run import KeptDetections, run_film
from benchmarks.identity_scene import Film
from train.data.table import TEST, VALIDATION

_PARTS: Final = ("films", "coverage", "clips")
_FULL_SETS: Final = 2
"""Films of each kind, with other people and other paths each."""
_FULL_COVERAGE_PEOPLE: Final = 600
"""Of each pose, in each size: the test split has 581 people in half profile and 127 in profile."""
_QUICK_COVERAGE_PEOPLE: Final = 8
"""Too few for more than a check that all runs."""
_SECOND_OWN: Final = 10_000
"""Seed of people's second own films."""
_LONG_CLIPS: Final = ("people-from-behind-432p.mp4", "classroom-7-people-720p.mp4", "one-woman-720p.mp4")
"""Left out of quick runs."""


def make_films(
    heads: Iterator[Head], sets: int, kinds: Collection[str], seed: int = 0
) -> tuple[dict[str, Film], dict[int, Head]]:
    """Films of each kind, or of some, by name, and the people in them, nobody in two films.

    A film is the same whatever others are chosen beside it.
    """
    films: dict[str, Film] = {}
    people: dict[int, Head] = {}
    cast = enumerate(heads)
    for number in range(seed * sets, (seed + 1) * sets):
        for place, make in enumerate(KINDS):
            film = make(cast, np.random.default_rng([number, place]))
            if not kinds or film.kind in kinds:
                films[f"{film.kind.replace(' ', '-')}-{number}"] = film
                people |= {actor.person: actor.head for shot in film.shots for actor in shot.actors}
    return films, people


def find_references(
    analyzer: Analyzer, kept: KeptDetections, people: Mapping[int, Head], name: str, seed: int = 0
) -> dict[int, Reference]:
    """What is shown of each person at the end of their own film, of those who are labelled there.

    With another ``seed`` it is another film; ``name`` is where detections are kept.
    """
    found: dict[int, Reference] = {}
    everybody = sorted(people.items())
    for start in range(0, len(everybody), OWN_PEOPLE):
        group = everybody[start : start + OWN_PEOPLE]
        kept.begin(f"{name}-{group[0][0]}-{group[-1][0]}")
        last = run_film(analyzer, own_film(group, seed + start))[-1]
        kept.end()
        for place, row in assign(last.truths, [one.box for one in last.drawn]).items():
            person, drawn = last.truths[row].person, last.drawn[place]
            if drawn.estimate is not None:
                word = gender_word(drawn.estimate.female)
                found[person] = Reference(drawn.estimate.age, word, drawn.printed_age is not None)
    return found


def run(options: argparse.Namespace) -> Report:
    """Measure all that is asked for."""
    report = Report()
    kept = KeptDetections(create_detector(), options.keep)
    with Analyzer(kept, create_classifier("litert")) as analyzer:
        if "films" in options.only:
            _run_films(report, analyzer, kept, options)
        if "coverage" in options.only:
            with report.timed("heads for coverage"), create_detector() as detector:
                count = options.people or (_QUICK_COVERAGE_PEOPLE if options.quick else _FULL_COVERAGE_PEOPLE)
                people = load_coverage_people(options.data, options.prepared, detector, count, options.split)
            with report.timed("coverage"):
                report.coverage = measure_coverage(analyzer, kept, people, options.split)
        if "clips" in options.only and options.clips is not None:
            _run_clips(report, analyzer, kept, options)
    return report


def _run_films(report: Report, analyzer: Analyzer, kept: KeptDetections, options: argparse.Namespace) -> None:
    with report.timed("heads for films"), create_detector() as detector:
        heads = load_heads(options.data, options.prepared, detector, seed=options.seed)
        sets = 1 if options.quick else _FULL_SETS
        films, people = make_films(heads, sets, options.films, options.seed)
    name = f"own-{options.seed}"
    with report.timed("own films"):
        references = find_references(analyzer, kept, people, name)
        cut = {actor.person for film in films.values() for shot in film.shots[1:] for actor in shot.actors}
        judged = {person: people[person] for person in sorted(cut)}
        again = find_references(analyzer, kept, judged, f"{name}-again", _SECOND_OWN)
    report.add_people(references, again, people)
    for file, film in films.items():
        with report.timed(film.kind):
            kept.begin(file)
            observed = run_film(analyzer, film)
            report.films[film.kind].add(measure_film(observed, references, film.cuts, film.fps))
        with report.timed("other trackers"):
            truths = [frame.truths for frame in observed]
            detections = kept.by_frame(frame for frame, _ in film) if PEERS else []
            for peer in PEERS:
                accumulator = track_by_peer(peer, detections, truths, film.fps)
                report.peers[peer][film.kind].append(accumulator)
        kept.end()


def _run_clips(report: Report, analyzer: Analyzer, kept: KeptDetections, options: argparse.Namespace) -> None:
    for path in sorted(options.clips.iterdir()):
        if path.suffix in SUFFIXES and not (options.quick and path.name in _LONG_CLIPS):
            with report.timed(path.name):
                kept.begin(path.stem)
                observed = observe_clip(analyzer, path)
                kept.end()
            report.clips.append(measure_clip(path.name, observed))
            if path.name == clip_name():
                report.crowd = measure_crowd(observed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with aaf.zip and utkface.zip")
    parser.add_argument("--prepared", type=Path, required=True, help="folder of `python -m train prepare`")
    parser.add_argument("--clips", type=Path, help="folder with clips")
    parser.add_argument(
        "--films", action="append", default=[], metavar="KIND", help="only films of this kind"
    )
    parser.add_argument("--only", action="append", choices=_PARTS, help="this part of the measurements alone")
    parser.add_argument(
        "--split",
        default=TEST,
        choices=(TEST, VALIDATION),
        help=f"people that coverage is measured on ({TEST})",
    )
    parser.add_argument(
        "--people",
        type=int,
        metavar="N",
        help=f"people of each pose for coverage, if there are as many ({_FULL_COVERAGE_PEOPLE})",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="other people, ways and rooms (0)")
    parser.add_argument("--quick", action="store_true", help="one film of each kind and no long clip")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where detections are kept between runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    options = parser.parse_args()
    options.only = options.only or (["films"] if options.films else _PARTS)
    report = run(options)
    print_report(report)
    if options.json:
        options.json.write_text(json.dumps(as_json(report), indent=1) + "\n")


if __name__ == "__main__":
    main()
