"""One input annotated: the analysis of the live window for files, every frame, nothing dropped."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from agecam.drawing.label_text import LabelStyle
from agecam.errors import SourceError, SourceLostError
from agecam.files import PartialFile
from agecam.live.pipeline import Pipeline
from agecam.messages import Analysis, Frame
from agecam.output import IMAGE_OUTPUTS, CsvSink, ImageSink, QueuedSink, VideoOptions, VideoSink, WhenFull
from agecam.output.files import write_error
from agecam.runtime import Runtime
from agecam.sources import Source, is_still, open_source
from agecam.sources.files import input_file
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
    force: bool = False
    """Whether to replace files that are there."""


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
    """The same with models that are loaded already, one input after another.

    The files appear when all of them are whole, and what stood there before stays until then. Where the user
    stops the work, they hold what was done; so they do where a file is damaged, or a stream ends.
    """
    started_s = time.perf_counter()
    source = open_source(job.spec)
    with _Run(job, source) as run:
        interruption = _annotate(analyzer, run, on_frame)
        if not run.frames:
            raise SourceError(f"{source.name} holds no frame that can be decoded.")
        stopped = isinstance(interruption, KeyboardInterrupt)
        target = run.keep(stopped=stopped)
    warning = None if interruption is None else str(interruption)
    if stopped:
        warning = f"Stopped after {run.frames} frames; {target} holds them."
    elif target != job.target:
        warning = f"{job.target} has come to be there meanwhile; the result is {target}."
    elif warning is None and isinstance(source, VideoFileSource):
        warning = source.damage
    seconds = time.perf_counter() - started_s
    return Summary(job.spec, target, run.frames, len(run.tracks), seconds, warning, stopped)


def _annotate(
    analyzer: Analyzer, run: _Run, on_frame: OnFrame | None
) -> SourceLostError | KeyboardInterrupt | None:
    """Bring all frames to the sinks; gives what ended that early, after some frames were done."""
    source = run.source
    pipeline = Pipeline(analyzer, style=run.job.style, sinks=run.sinks)
    pipeline.reset()
    # A stream's frames come no sooner for being asked for early, and waiting for one cannot be broken off.
    reader = source if source.is_live else PrefetchSource(source)
    try:
        reader.open()
        with contextlib.closing(pipeline.process_all(run.opened_for(each_frame(reader)))) as annotated:
            for one in annotated:
                run.count(one.analysis)
                if on_frame is not None:
                    on_frame(run.frames, source.frame_count)
    except (SourceLostError, KeyboardInterrupt) as error:
        if not run.frames:
            raise
        return error
    finally:
        reader.close()
    return None


class _Run:
    """The files of one job: opened for the first frame, and all kept or none.

    Leaving the context without :meth:`keep` leaves what stood there before.
    """

    def __init__(self, job: Job, source: Source) -> None:
        self.job, self.source = job, source
        self.frames = 0
        self.tracks: set[int] = set()
        self._sinks: list[QueuedSink] = []
        self._partials: list[PartialFile] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        for partial in self._partials:
            partial.discard()

    def opened_for(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The frames; before the first is handed on, there are sinks for its kind."""
        for frame in frames:
            if not self._sinks:
                self._open()
            yield frame

    def _open(self) -> None:
        job = self.job
        target = self._partial(job.target)
        if job.target.suffix.lower() in IMAGE_OUTPUTS:
            self._sinks.append(ImageSink(target, when_full=WhenFull.WAIT))
        else:
            options = VideoOptions(nominal_fps=self.source.fps)
            self._sinks.append(VideoSink(target, options=options, when_full=WhenFull.WAIT))
        if job.csv is not None:
            live = self.source.is_live
            rows = self._partial(job.csv)
            self._sinks.append(CsvSink(rows, from_first_frame=live, when_full=WhenFull.WAIT))

    def _partial(self, target: Path) -> Path:
        partial = PartialFile(target)
        try:
            partial.claim()
        except OSError as error:
            raise write_error(target, error) from error
        self._partials.append(partial)
        return partial.path

    def sinks(self) -> Sequence[QueuedSink]:
        return self._sinks

    def count(self, analysis: Analysis) -> None:
        """Take an analysed frame into account."""
        self.frames += 1
        self.tracks |= {person.track_id for person in analysis.people if person.confirmed}

    def keep(self, *, stopped: bool) -> Path:
        """Finish the files and move them to their places; gives the path of the annotated one.

        What stands there is replaced only by a whole result, and only with the job's ``force``; otherwise the
        files get new names beside it. Raises :class:`agecam.errors.OutputError` where one cannot be written.
        """
        self._close()
        for sink in self._sinks:
            sink.raise_error()
        places = [partial.target for partial in self._partials]
        as_planned = (self.job.force and not stopped) or not any(map(_is_taken, places))
        if not as_planned:
            places = _free_names(places, "stopped" if stopped else "new")
        for partial, place in zip(self._partials, places, strict=True):
            try:
                partial.commit(place)
            except OSError as error:
                raise write_error(place, error) from error
        return self.job.target if as_planned else places[0]

    def _close(self) -> None:
        for sink in self._sinks:
            sink.close()


def _is_taken(path: Path) -> bool:
    """Whether there is something that a file moved there would replace."""
    return path.is_file() or path.is_dir()


def _free_names(paths: Sequence[Path], word: str) -> list[Path]:
    """The same files with a word in their names, and a number where it needs one, which are not there yet."""
    endings = (f"-{word}" if number == 1 else f"-{word}-{number}" for number in itertools.count(1))
    named = ([path.with_stem(path.stem + ending) for path in paths] for ending in endings)
    return next(paths for paths in named if not any(map(os.path.lexists, paths)))


def is_photograph(spec: str) -> bool:
    """Whether an input is one still frame: not an address of the network, not an animation."""
    path = input_file(spec)
    return path is not None and is_still(path)
