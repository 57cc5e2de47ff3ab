"""What was measured, as tables on the screen and as JSON."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import motmetrics as mm
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.identity_clips import ClipMetrics
from benchmarks.identity_coverage import Coverage
from benchmarks.identity_crowd import CrowdMetrics
from benchmarks.identity_metrics import NEAR_YEARS, FilmMetrics, Reference, identity_metrics
from benchmarks.identity_people import Head


def _by_kind() -> dict[str, list[mm.MOTAccumulator]]:
    return defaultdict(list)


@dataclass(slots=True)
class Report:
    """All that was measured; ``films`` by kind, ``peers`` by name and kind the accumulators, a film each."""

    films: dict[str, FilmMetrics] = field(default_factory=lambda: defaultdict(FilmMetrics))
    peers: dict[str, dict[str, list[mm.MOTAccumulator]]] = field(
        default_factory=lambda: defaultdict(_by_kind)
    )
    coverage: dict[str, Coverage] = field(default_factory=dict)
    clips: list[ClipMetrics] = field(default_factory=list)
    crowd: CrowdMetrics | None = None
    processor_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    own: dict[str, float] = field(default_factory=dict)
    """Of people's own films: how many there are, how many labelled, the mean error of age, years, and the
    share of people with two such films whose ages there differ by at most NEAR_YEARS."""

    @contextlib.contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the processor time of a part of the run, and say that it is done."""
        started_s = time.process_time()
        yield
        took_s = time.process_time() - started_s
        self.processor_s[name] += took_s
        print(f"{name}: {took_s:.0f} s", file=sys.stderr)

    def add_people(
        self,
        references: Mapping[int, Reference],
        again: Mapping[int, Reference],
        people: Mapping[int, Head],
    ) -> None:
        """Add what people's own films show; some have a second one, ``again``."""
        errors = [abs(reference.age - people[person].age) for person, reference in references.items()]
        apart = [
            abs(references[person].age - second.age) if second.is_age_printed else np.inf
            for person, second in again.items()
            if person in references and references[person].is_age_printed
        ]
        self.own = {"people": len(people), "labelled": len(references), "age_error": float(np.mean(errors))}
        if apart:
            self.own |= {"twice": len(apart), "twice_near": float(np.mean(np.array(apart) <= NEAR_YEARS))}

    def total(self) -> FilmMetrics:
        total = FilmMetrics()
        for metrics in self.films.values():
            total.add(metrics)
        return total


def film_figures(metrics: FilmMetrics) -> dict[str, float | None]:
    """The figures of films by name; ``None`` where nothing was to be measured."""
    identity = identity_metrics(metrics.accumulators)
    settled = np.array(metrics.settled)
    return {
        "face_s": metrics.face_seconds,
        "labelled_s": metrics.labelled_s,
        **identity,
        "numbers_per_person": metrics.numbers / max(1, metrics.people),
        "wrong_s": metrics.wrong_s,
        "wrong_age_s": metrics.wrong_age_s,
        "wrong_gender_s": metrics.wrong_gender_s,
        "leaked_per_cut": float(np.mean(metrics.leaked)) if metrics.leaked else None,
        "leaked_most": float(np.max(metrics.leaked)) if metrics.leaked else None,
        "settled_share": float(np.mean(settled <= NEAR_YEARS)) if len(settled) else None,
        "ghosts": metrics.ghosts,
        "first_label_s": float(np.median(metrics.first_label_s)) if metrics.first_label_s else None,
        "first_label_worst_s": max(metrics.first_label_s, default=None),
        "never_labelled": metrics.never_labelled,
        "age_step": metrics.age_step,
    }


_COLUMNS = {
    "face_s": ("face s", ".0f"),
    "idf1": ("IDF1", ".3f"),
    "switches": ("switches", ".0f"),
    "transfers": ("transfers", ".0f"),
    "numbers_per_person": ("numbers\na person", ".2f"),
    "wrong_s": ("wrong\nlabel s", ".1f"),
    "wrong_age_s": ("age", ".1f"),
    "wrong_gender_s": ("gender", ".1f"),
    "leaked_per_cut": ("leaked\na cut", ".1f"),
    "settled_share": ("near in\n10 frames", ".0%"),
    "ghosts": ("ghosts", ".0f"),
    "first_label_s": ("first\nlabel s", ".2f"),
    "first_label_worst_s": ("worst", ".2f"),
    "never_labelled": ("never", ".0f"),
    "age_step": ("age step", ".1f"),
}
"""Figures of films on the screen: heading and format."""


def print_report(report: Report) -> None:
    """Print all tables."""
    console = Console(width=180)
    if report.films:
        _print_films(console, report)
    if report.coverage:
        _print_table(
            console,
            "Ages held by their intervals",
            [
                *("group", "held", "95 % interval", "width, years", "error, years"),
                *("people", "labelled", "films"),
            ],
            [
                [
                    name,
                    f"{one.held:.1%}",
                    f"{one.held_low:.1%} to {one.held_high:.1%}",
                    f"{one.width_years:.1f}",
                    f"{one.error_years:.1f}",
                    str(one.people),
                    str(one.labelled),
                    str(one.films),
                ]
                for name, one in report.coverage.items()
            ],
        )
    if report.clips:
        _print_clips(console, report.clips)
    if report.crowd is not None:
        figures = (f"{value} {name.replace('_', ' ')}" for name, value in asdict(report.crowd).items())
        console.print("Crowd: " + ", ".join(figures))
    seconds = report.processor_s
    console.print("Processor seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in seconds.items()))
    console.print(f"All: {sum(seconds.values()):.0f}")


def _print_films(console: Console, report: Report) -> None:
    own = report.own
    console.print(
        f"{own['people']:.0f} people, {own['labelled']:.0f} of them labelled in their own films, "
        f"with an age error of {own['age_error']:.1f} years"
    )
    if "twice" in own:
        console.print(
            f"Two own films show ages of at most {NEAR_YEARS:.0f} years apart of {own['twice_near']:.0%} of "
            f"{own['twice']:.0f} people: as many as can be near after a cut"
        )
    rows = {kind: film_figures(metrics) for kind, metrics in (*report.films.items(), ("all", report.total()))}
    cells = [[kind, *_cells(figures)] for kind, figures in rows.items()]
    _print_table(console, "Films", ["kind", *(heading for heading, _ in _COLUMNS.values())], cells)
    peers = _peers(report).values()
    _print_table(
        console,
        "Other trackers on the same detections: IDF1, switches, transfers",
        ["kind", "AgeCam", *report.peers],
        [
            [
                kind,
                _identity_text(rows[kind]),
                *(_identity_text(peer[kind]) for peer in peers),
            ]
            for kind in rows
        ],
    )


def _cells(figures: Mapping[str, float | None]) -> list[str]:
    return [
        "" if (value := figures[name]) is None else format(value, form)
        for name, (_, form) in _COLUMNS.items()
    ]


def _identity_text(figures: Mapping[str, float | None]) -> str:
    return f"{figures['idf1']:.3f}  {figures['switches']:3.0f} {figures['transfers']:3.0f}"


def _peers(report: Report) -> dict[str, dict[str, dict[str, float]]]:
    """Identity metrics of each peer by kind, and of all films."""
    return {
        peer: {
            **{kind: identity_metrics(one) for kind, one in kinds.items()},
            "all": identity_metrics([one for accumulators in kinds.values() for one in accumulators]),
        }
        for peer, kinds in report.peers.items()
    }


def _print_clips(console: Console, clips: Sequence[ClipMetrics]) -> None:
    _print_table(
        console,
        "Clips",
        ["clip", "frames", "numbers", "with a label", "labels a minute", "age step", "labels: frames"],
        [
            [
                clip.name,
                str(clip.frames),
                str(clip.numbers),
                str(clip.labelled_frames),
                f"{clip.labels_a_minute:.0f}",
                f"{clip.age_step:.1f}",
                ", ".join(f"{labels}: {frames}" for labels, frames in clip.frames_with.items()),
            ]
            for clip in clips
        ],
    )


def _print_table(
    console: Console, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    table = Table(title=title, title_justify="left")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place == 0 else "right")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def as_json(report: Report) -> dict[str, Any]:
    """All figures as what JSON can hold."""
    films = {kind: film_figures(metrics) for kind, metrics in report.films.items()}
    if films:
        films["all"] = film_figures(report.total())
    return {
        "own_films": report.own,
        "films": films,
        "peers": _peers(report),
        "coverage": {name: asdict(one) for name, one in report.coverage.items()},
        "clips": [asdict(clip) for clip in report.clips],
        "crowd": None if report.crowd is None else asdict(report.crowd),
        "processor_s": dict(report.processor_s),
    }
