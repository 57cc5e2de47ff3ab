"""One input annotated: the analysis of the live window for files, every frame, nothing dropped."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agecam.drawing.annotate import annotate
from agecam.drawing.label_layout import LabelMemory
from agecam.drawing.label_text import LabelStyle
from agecam.errors import SourceError, SourceLostError
from agecam.messages import Analysis, Frame
from agecam.output import CsvLog, VideoWriter, write_image
from agecam.sources import is_image, open_source, read_image
from agecam.sources.image import is_animated
from agecam.sources.prefetch import PrefetchSource, each_frame
from agecam.sources.video import VideoFileSource
from agecam.vision.analyzer import Analyzer, create_analyzer
from agecam.vision.manifest import Runtime


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
    analyzer.reset()
    style = job.style
    warning, stopped = None, False
    with _csv_log(job.csv) as log_to:
        if is_picture(job.spec):
            frames, people = 1, _annotate_image(job, analyzer, style, log_to)
        else:
            frames, people, warning, stopped = _annotate_video(job, analyzer, style, log_to, on_frame)
    return Summary(job.spec, job.target, frames, people, time.perf_counter() - started_s, warning, stopped)


def is_picture(spec: str) -> bool:
    """Whether an input is a single picture: not an address, not a video, not an animation."""
    return "://" not in spec and is_image(spec) and not is_animated(Path(spec))


@contextlib.contextmanager
def _csv_log(path: Path | None) -> Iterator[Callable[[Analysis], None]]:
    if path is None:
        yield lambda _analysis: None
        return
    csv = CsvLog(path)
    try:
        yield csv.write
    finally:
        csv.close()


def _annotate_image(
    job: Job, analyzer: Analyzer, style: LabelStyle, log_to: Callable[[Analysis], None]
) -> int:
    analysis = analyzer.analyze_still(Frame(read_image(Path(job.spec)), 0.0, 0))
    write_image(annotate(analysis.frame.image_bgr, analysis.people, style), job.target)
    log_to(analysis)
    return len(analysis.people)


def _annotate_video(
    job: Job,
    analyzer: Analyzer,
    style: LabelStyle,
    log_to: Callable[[Analysis], None],
    on_frame: OnFrame | None,
) -> tuple[int, int, str | None, bool]:
    source = open_source(job.spec)
    tracks: set[int] = set()
    labels = LabelMemory()
    frames = 0
    warning, stopped = None, False
    writer = None
    # A stream's frames come no sooner for being asked for early, and waiting for one cannot be broken off.
    reader = source if source.is_live else PrefetchSource(source)
    try:
        reader.open()
        first_s = 0.0
        with contextlib.closing(analyzer.analyze_all(each_frame(reader))) as analyses:
            for analysis in analyses:
                frame = analysis.frame
                if writer is None:
                    writer = VideoWriter(job.target, frame.width, frame.height, source.fps)
                    first_s = frame.time_s
                picture = annotate(frame.image_bgr, analysis.people, style, labels)
                writer.write(picture, frame.time_s - first_s)
                log_to(analysis)
                tracks |= {person.track_id for person in analysis.people if person.confirmed}
                frames += 1
                if on_frame is not None:
                    on_frame(frames, source.frame_count)
    except SourceLostError as error:
        if not frames:
            raise
        warning = str(error)  # a stream that ends is not lost work
    except KeyboardInterrupt:
        if writer is None:
            raise
        stopped = True
        warning = f"Stopped after {frames} frames; {job.target} holds them."
    finally:
        reader.close()
        if writer is not None:
            writer.close()
    if not frames:
        raise SourceError(f"{job.spec} holds no frame that can be decoded.")
    if warning is None and isinstance(source, VideoFileSource):
        warning = source.damage
    return frames, len(tracks), warning, stopped
