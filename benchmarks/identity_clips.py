"""Clips without labelled truth: how many are shown, for how long, and how far an age jumps in one frame."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agecam.messages import Frame
from agecam.sources import open_source
from agecam.sources.prefetch import each_frame
from agecam.vision.analyzer import Analyzer
from benchmarks.identity_metrics import largest_age_step
from benchmarks.identity_run import Observed, run_film
from benchmarks.identity_scene import Truth

SUFFIXES: Final = (".mp4", ".mkv", ".gif")


@dataclass(frozen=True, slots=True)
class ClipMetrics:
    """What was shown of one clip; a continuous shot."""

    name: str
    frames: int
    seconds: float
    numbers: int
    """Of people who were ever labelled."""
    labelled_frames: int
    frames_with: dict[int, int]
    """Frames by how many labels they have."""
    frames_of: list[int]
    """Labelled frames of each number, the most first."""
    labels_a_minute: float
    """Labelled boxes, one a frame, in a minute: all false where nobody shows a face."""
    age_step: float
    """The largest of a track in one frame, years."""


def measure_clip(name: str, observed: Sequence[Observed]) -> ClipMetrics:
    """Metrics of all frames of a clip."""
    counts = [sum(one.estimate is not None for one in frame.shown) for frame in observed]
    seconds = observed[-1].time_s - observed[0].time_s
    seconds *= len(observed) / max(1, len(observed) - 1)
    of_number = Counter(one.track_id for frame in observed for one in frame.shown if one.estimate is not None)
    return ClipMetrics(
        name,
        len(observed),
        seconds,
        len(of_number),
        sum(count > 0 for count in counts),
        dict(sorted(Counter(counts).items())),
        sorted(of_number.values(), reverse=True),
        60 * sum(counts) / seconds,
        largest_age_step(observed),
    )


def observe_clip(analyzer: Analyzer, path: Path) -> list[Observed]:
    """What is shown in each frame of a clip, as ``agecam annotate`` shows it."""
    source = open_source(str(path))
    source.open()
    with contextlib.closing(source):

        def film() -> Iterator[tuple[Frame, tuple[Truth, ...]]]:
            for frame in each_frame(source):
                yield frame, ()

        return run_film(analyzer, film())
