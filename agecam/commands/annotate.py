"""One input annotated: the analysis of the live window for files, every frame, nothing dropped."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agecam.drawing.label_text import LabelStyle
from agecam.errors import SourceError, SourceLostError
from agecam.live.pipeline import Pipeline
from agecam.messages import Analysis, Frame
from agecam.output import CsvSink, ImageSink, QueuedSink, VideoSink, WhenFull
from agecam.runtime import Runtime
from agecam.sources import Source, is_image, open_source
from agecam.sources.image import is_animated
from agecam.sources.prefetch import PrefetchSource, each_frame
from agecam.sources.video import VideoFileSource
from agecam.vision.analyzer import Analyzer, create_analyzer


@dataclass(frozen=True, slots=True)
class Job:
    """One input and what becomes of it; travels to other processes and machines."""

    spec: str
    target: Path
    csv: Path | None = None
    style: LabelStyle = field(default_factory=LabelStyle)
    runtime: Runtime = "litert"


@dataclass(frozen=True, slots=True)
class Summary:
    """What was done to one input.

    ``warning`` tells of a file that was damaged part of the way; ``stopped`` where the user ended the work.
    """

    spec: str
    target: Path
    frames: int
    people: int
    seconds: float
    warning: str | None = None
    stopped: bool = False

    def sentence(self) -> str:
        if self.frames == 1:
            return f"{self.target}: {_count(self.people, 'face')}."
        speed = self.frames / max(self.seconds, 1e-6)
        return (
            f"{self.target}: {self.frames} frames, {_count(self.people, 'person', 'people')}, "
            f"{speed:.0f} frames a second."
        )


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


OnFrame = Callable[[int, int | None], None]
"""Called with the number of frames done and, where known, of all frames."""


def run_job(job: Job, on_frame: OnFrame | None = None) -> Summary:
    """Annotate one input. Raises :class:`AgeCamError` with one clear sentence."""
    with create_analyzer(runtime=job.runtime) as analyzer:
        return run_job_with(analyzer, job, on_frame)


def run_job_with(analyzer: Analyzer, job: Job, on_frame: OnFrame | None = None) -> Summary:
    """The same with models that are loaded already, one input after another."""
    started_s = time.perf_counter()
    source = open_source(job.spec)
    run = _Run(job, source)
    pipeline = Pipeline(analyzer, style=job.style, sinks=run.sinks)
    pipeline.reset()
    # A stream's frames come no sooner for being asked for early, and waiting for one cannot be broken off.
    reader = source if source.is_live else PrefetchSource(source)
    warning, stopped = None, False
    try:
        reader.open()
        with contextlib.closing(pipeline.process_all(run.opened_for(each_frame(reader)))) as annotated:
            for one in annotated:
                run.count(one.analysis)
                if on_frame is not None:
                    on_frame(run.frames, source.frame_count)
    except SourceLostError as error:
        if not run.frames:
            raise
        warning = str(error)  # a stream that ends is not lost work
    except KeyboardInterrupt:
        if not run.frames:
            raise
        stopped = True
        warning = f"Stopped after {run.frames} frames; {job.target} holds them."
    finally:
        reader.close()
        run.close()
    run.raise_error()
    if not run.frames:
        raise SourceError(f"{job.spec} holds no frame that can be decoded.")
    if warning is None and isinstance(source, VideoFileSource):
        warning = source.damage
    seconds = time.perf_counter() - started_s
    return Summary(job.spec, job.target, run.frames, len(run.tracks), seconds, warning, stopped)


class _Run:
    """The sinks of one job, which are opened by the first frame, and what has gone through them."""

    def __init__(self, job: Job, source: Source) -> None:
        self.frames = 0
        self.tracks: set[int] = set()
        self._job, self._source = job, source
        self._sinks: list[QueuedSink] = []

    def opened_for(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The frames; before the first is handed on, there are sinks for its kind."""
        for frame in frames:
            if not self._sinks:
                self._open(frame)
            yield frame

    def _open(self, first: Frame) -> None:
        job = self._job
        if first.is_still:
            self._sinks.append(ImageSink(job.target, when_full=WhenFull.WAIT))
        else:
            self._sinks.append(VideoSink(job.target, nominal_fps=self._source.fps, when_full=WhenFull.WAIT))
        if job.csv is not None:
            live = self._source.is_live
            self._sinks.append(CsvSink(job.csv, from_first_frame=live, when_full=WhenFull.WAIT))

    def sinks(self) -> Sequence[QueuedSink]:
        return self._sinks

    def count(self, analysis: Analysis) -> None:
        """Take an analysed frame into account."""
        self.frames += 1
        self.tracks |= {person.track_id for person in analysis.people if person.confirmed}

    def close(self) -> None:
        """Wait until every file is whole."""
        for sink in self._sinks:
            sink.close()

    def raise_error(self) -> None:
        """Raise the first failure of a sink as :class:`agecam.errors.OutputError`."""
        for sink in self._sinks:
            sink.raise_error()


def is_photograph(spec: str) -> bool:
    """Whether an input is a single image: not an address, not a video, not an animation."""
    return "://" not in spec and is_image(spec) and not is_animated(Path(spec))
