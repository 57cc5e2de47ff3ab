"""One input annotated: the analysis of the live window for files, every frame, nothing dropped."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from agecam.allocator import keep_freed_memory
from agecam.commands.job import Job, OnFrame, Summary
from agecam.commands.merge import write_report
from agecam.commands.record import Entry, Stamp, State, new_stamps, record_path
from agecam.commands.signals import Stopped, held_back
from agecam.errors import DiskFullError, SourceError, SourceLostError
from agecam.files import PartialFile, free_names, is_taken
from agecam.live.pipeline import Pipeline
from agecam.messages import Analysis, Frame
from agecam.output import (
    IMAGE_OUTPUTS,
    CarriedStreams,
    CsvSink,
    ImageSink,
    QueuedSink,
    SinkConfig,
    VideoOptions,
    VideoSink,
    VideoWriter,
    WhenFull,
)
from agecam.output.files import write_error
from agecam.output.json_lines import JsonSink
from agecam.output.report import ReportSink
from agecam.sources import Source, is_still, open_source, pages_left_out
from agecam.sources.files import input_file
from agecam.sources.image import ImageSource
from agecam.sources.prefetch import PrefetchSource, each_frame
from agecam.sources.selection import select_frames
from agecam.sources.video import VideoFileSource
from agecam.vision.analyzer import Analyzer, create_analyzer
from agecam.vision.quality import measure_crop

_VIDEO_QUEUE: Final = SinkConfig(frames_bytes=60_000_000)
"""Drawn frames that wait for the encoder with what they were made of: 8 of 1280 x 720. Nothing is gained by
more, since a file waits for its encoder, and ``LookBack`` gives 16 frames at a time at most."""
_CORES_FOR_ONE_THREAD: Final = 2
"""Processor cores for whose number the encoder gets one thread: the analysis keeps both of them busy, and two
threads of an encoder cut each image in two, which costs 1 % of size and the waiting of one for the other."""
_Interruption = SourceLostError | KeyboardInterrupt | DiskFullError
"""What ends an input early and leaves what was done until then."""


def run_job(job: Job, on_frame: OnFrame | None = None) -> Summary:
    """Annotate one input. Raises :class:`AgeCamError` with one clear sentence."""
    with create_analyzer(runtime=job.runtime, models=job.models) as analyzer:
        return run_job_with(analyzer, job, on_frame)


def run_job_with(
    analyzer: Analyzer, job: Job, on_frame: OnFrame | None = None, *, cores: int | None = None
) -> Summary:
    """The same with models that are loaded already, one input after another.

    ``cores`` is how many processor cores there are for it, where others work beside it; all by default.

    The files appear when all of them are whole, and what stood there before stays until then. A file that is
    damaged gives what can be read of it, a stream what came until it ended. Where the user stops the work on
    a file, files called ``NAME-stopped`` hold what was done; where the disk is full, the files themselves
    hold it if nothing stands there.
    """
    earlier = _done_in_this_run(job)
    if earlier is not None:
        return earlier
    started_s = time.perf_counter()
    keep_freed_memory()
    stamp = job.stamp()
    source = select_frames(open_source(job.spec, keeps_coded=True), job.selection)
    with _Run(job, source, started_s, cores) as run:
        interruption = _annotate(analyzer, run, on_frame)
        if not run.frames:
            raise SourceError(f"{source.name} holds no frame that can be decoded.")
        return run.keep(stamp, interruption)


def _done_in_this_run(job: Job) -> Summary | None:
    """What another process has done of it, which died before it could say so."""
    entry = None if job.place is None else Entry.read(job.place.path)
    if entry is None or job.place is None or entry.run != job.place.run:
        return None
    is_done = entry.state(job.place, job.outputs, job.stamp()) is State.DONE
    return Summary.recorded(job, entry) if is_done else None


def _annotate(analyzer: Analyzer, run: _Run, on_frame: OnFrame | None) -> _Interruption | None:
    """Bring all frames to the sinks; gives what ended that early, after some frames were done."""
    source = run.source
    pipeline = Pipeline(analyzer, style=run.job.style, sinks=run.sinks)
    pipeline.reset()
    # A stream's frames come no sooner for being asked for early, and waiting for one cannot be broken off.
    # On one core nothing comes sooner.
    reader = source if source.is_live or run.cores == 1 else PrefetchSource(source)
    try:
        reader.open()
        with contextlib.closing(pipeline.process_all(run.opened_for(each_frame(reader)))) as annotated:
            for one in annotated:
                run.count(one.analysis)
                if on_frame is not None:
                    on_frame(run.frames, source.frame_count)
    except (SourceLostError, KeyboardInterrupt, DiskFullError) as error:
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

    def __init__(self, job: Job, source: Source, started_s: float, cores: int | None) -> None:
        """``started_s`` by :func:`time.perf_counter`; ``cores``: how many there are for it, ``None``: all."""
        self.job, self.source, self.cores = job, source, cores
        self.frames = 0
        self._started_s = started_s
        self._tracks: set[int] = set()
        self._sinks: list[QueuedSink] = []
        self._partials: list[PartialFile] = []
        self._writer: VideoWriter | None = None
        self._report: ReportSink | None = None
        self._page: PartialFile | None = None
        """What a page is to be written to of the report."""

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
                self._open(frame)
            yield frame

    def _open(self, frame: Frame) -> None:
        job = self.job
        target = self._partial(job.target)
        if job.target.suffix.lower() in IMAGE_OUTPUTS:
            self._sinks.append(ImageSink(target, when_full=WhenFull.WAIT))
        else:
            options = self._video_options(frame)
            sink = VideoSink(
                target,
                options=options,
                when_full=WhenFull.WAIT,
                make_writer=self._make_video_writer,
                config=_VIDEO_QUEUE,
            )
            self._sinks.append(sink)
        live = self.source.is_live
        if job.csv is not None:
            rows = self._partial(job.csv)
            self._sinks.append(CsvSink(rows, from_first_frame=live, when_full=WhenFull.WAIT))
        if job.json is not None:
            lines = self._partial(job.json)
            self._sinks.append(JsonSink(lines, from_first_frame=live, when_full=WhenFull.WAIT))
        if job.report is not None:
            part, is_part = self._partial(job.report), job.is_private(job.report)
            self._report = ReportSink(
                part if is_part else None,
                job.name,
                measure_crop,
                with_crops=not job.style.blur,
                when_full=WhenFull.WAIT,
            )
            self._sinks.append(self._report)
            self._page = None if is_part else self._partials[-1]

    def _make_video_writer(self, path: Path, width: int, height: int, options: VideoOptions) -> VideoWriter:
        self._writer = VideoWriter(path, width, height, options)
        return self._writer

    def _video_options(self, frame: Frame) -> VideoOptions:
        """A file's times count from the start that was asked for, and what it holds beside goes along."""
        cores = self.cores or os.cpu_count() or 1
        options = VideoOptions(
            nominal_fps=self.source.fps,
            threads=1 if cores <= _CORES_FOR_ONE_THREAD else self.cores,
            matrix=None if frame.coded is None else frame.coded.matrix,
        )
        path, chosen = input_file(self.job.spec), self.job.selection
        if self.source.is_live or path is None or frame.is_still:
            return options
        carried = CarriedStreams(path, chosen.start_s, chosen.end_s)
        return replace(options, start_s=chosen.start_s, carried=carried)

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
        self._tracks |= {person.track_id for person in analysis.people if person.confirmed}

    def keep(self, stamp: Stamp | None, interruption: _Interruption | None) -> Summary:
        """Finish the files and move them to their places.

        What stands there is replaced only by a whole result, and only where that is asked for, or where it is
        AgeCam's own; otherwise the files get new names beside it. ``stamp`` is that of the input before it
        was read. Raises :class:`agecam.errors.OutputError` where a file cannot be written.
        """
        self._close()
        cut = self._cut_by(interruption)
        self._write_page(cut)
        planned = {one: one.target for one in self._partials}
        taken = [path for path in planned.values() if is_taken(path) and not self.job.is_private(path)]
        is_planned = not (taken if cut else [path for path in taken if not self._may_replace(path)])
        if isinstance(cut, KeyboardInterrupt) and not self.source.is_live:
            is_planned = False
        if not is_planned:
            visible = [one for one in self._partials if not self.job.is_private(one.target)]
            names = free_names([one.target for one in visible], "stopped" if cut else "new")
            planned.update(zip(visible, names, strict=True))
        is_whole = cut is None or (isinstance(cut, KeyboardInterrupt) and self.source.is_live)
        target = self.job.target if is_planned else planned[self._partials[0]]
        summary = self._summary(target, cut or interruption, is_whole=is_whole)
        with held_back():
            if is_planned:
                self._record(stamp, summary)
            else:
                self._record_other(target, stamp)
            for partial, place in planned.items():
                if is_whole or not self.job.is_private(place):
                    _commit(partial, place)
        return summary

    def _write_page(self, cut: KeyboardInterrupt | DiskFullError | None) -> None:
        """Of what was cut off, no page costs the rest its place."""
        if self._report is None or self._page is None:
            return
        try:
            write_report([self._report.report()], self._page.path)
        except OSError as error:
            if cut is None:
                raise write_error(self._page.target, error) from error
            self._partials.remove(self._page)
            self._page.discard()

    def _cut_by(self, interruption: _Interruption | None) -> KeyboardInterrupt | DiskFullError | None:
        """What has ended the work before the end of the input; raises what leaves no file to be kept."""
        cut = None if isinstance(interruption, SourceLostError) else interruption
        for sink in self._sinks:
            error = sink.status().error
            if isinstance(error, DiskFullError) and isinstance(self._sinks[0], VideoSink):
                if not self._sinks[0].status().written:
                    raise error
                cut = cut or error
            else:
                sink.raise_error()
        return cut

    def _summary(self, target: Path, interruption: _Interruption | None, *, is_whole: bool) -> Summary:
        job, stopped_by = self.job, None
        warning = None if interruption is None else str(interruption)
        if isinstance(interruption, KeyboardInterrupt):
            warning = f"Stopped after {self.frames} frames; {target} holds them."
            stopped_by = interruption.number if isinstance(interruption, Stopped) else signal.SIGINT
        elif isinstance(interruption, DiskFullError) and target != job.target:
            warning = f"{interruption} What was done is in {target}."
        elif target != job.target:
            warning = f"{job.target} has come to be there meanwhile; the result is {target}."
        elif warning is None and isinstance(self.source, VideoFileSource | ImageSource):
            warning = self.source.damage
        seconds = time.perf_counter() - self._started_s
        notes = () if self._writer is None else self._writer.left_out
        path = input_file(job.spec)
        pages = None if path is None or self.source.is_live else pages_left_out(path)
        return Summary(
            job.spec,
            target,
            self.frames,
            len(self._tracks),
            seconds,
            warning=warning,
            stopped_by=stopped_by,
            is_whole=is_whole,
            notes=notes if pages is None else (*notes, pages),
        )

    def _may_replace(self, path: Path) -> bool:
        place = self.job.place
        entry = None if place is None else Entry.read(place.path)
        return self.job.force or (place is not None and entry is not None and entry.owns(place, path))

    def _record(self, stamp: Stamp | None, summary: Summary) -> None:
        place = self.job.place
        if place is None:
            return
        stamps = new_stamps(place, {one.target: one.path for one in self._partials})
        said = {name: getattr(summary, name) for name in ("frames", "people", "seconds")}
        said["warning"] = summary.warning if summary.stopped_by is None else None
        Entry(place.inputs, place.settings, place.run, stamp, summary.is_whole, stamps, said).write(
            place.path
        )

    def _record_other(self, target: Path, stamp: Stamp | None) -> None:
        """A result with a name beside the planned one is no input of the next run either."""
        place = self.job.place
        if place is None:
            return
        written = Stamp.of(self._partials[0].path)
        stamps = {place.name_of(target): () if written is None else (written,)}
        path = record_path(target, place.output_folder)
        Entry(place.inputs, place.settings, place.run, stamp, done=False, outputs=stamps).write(path)

    def _close(self) -> None:
        for sink in self._sinks:
            sink.close()


def _commit(partial: PartialFile, place: Path) -> None:
    try:
        partial.commit(place)
    except OSError as error:
        raise write_error(place, error) from error


def is_photograph(spec: str) -> bool:
    """Whether an input is one still frame: not an address of the network, not an animation."""
    path = input_file(spec)
    return path is not None and is_still(path)
