"""``agecam annotate``: many inputs, here, in several processes, or on several machines."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Final, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from agecam.commands.annotate import Job, OnFrame, Summary, is_photograph, run_job, run_job_with
from agecam.commands.arguments import AnnotateArguments
from agecam.commands.outputs import check_writable, make_folder
from agecam.errors import AgeCamError, UsageError
from agecam.sources import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from agecam.vision.analyzer import create_analyzer

log = logging.getLogger(__name__)

_VIDEO_SUFFIX: Final = ".mp4"


def annotate_inputs(arguments: AnnotateArguments) -> int:
    """Annotate all inputs with a progress bar; returns 1 when one of them failed, else 0.

    Raises :class:`UsageError` before any work when the outputs make no sense.
    """
    jobs, scheduler = arguments.jobs, arguments.scheduler
    planned = plan(arguments)
    for job in planned:
        check_writable(job.target, force=arguments.force)
        if job.csv is not None:
            check_writable(job.csv, force=arguments.force)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"))
    with (
        Progress(*columns, TimeRemainingColumn(), console=console) as progress,
        contextlib.ExitStack() as stack,
    ):
        if jobs == 1 and scheduler is None:
            outcomes = _run_here(planned, progress)
        else:
            executor = stack.enter_context(_executor(jobs, scheduler))
            outcomes = _run_elsewhere(planned, executor, progress)
        return int(_report(outcomes))


def annotate_file(spec: str, target: Path) -> Summary:
    """Annotate one clip with a progress bar, replacing what is at ``target``."""
    make_folder(target.parent)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(Path(spec).name, total=None)
        return run_job(Job(spec, target), _progress_of(progress, task))


def plan(arguments: AnnotateArguments) -> list[Job]:
    """Which input goes to which file. Raises :class:`UsageError` where that cannot work."""
    inputs, output = arguments.inputs, arguments.output
    single = len(inputs) == 1 and not Path(inputs[0]).is_dir()
    if single and not output.is_dir():
        jobs = [Job(inputs[0], output, arguments.csv, arguments.style(), arguments.runtime)]
    else:
        if output.exists() and not output.is_dir():
            raise UsageError(f"{output} is a file, but several inputs need a folder; name a folder.")
        jobs = list(_into_folder(arguments, single=single))
    for job in jobs:
        if "://" not in job.spec and job.target.resolve() == Path(job.spec).resolve():
            raise UsageError(f"{job.target} is the input itself; choose another output.")
    return jobs


def _into_folder(arguments: AnnotateArguments, *, single: bool) -> Iterator[Job]:
    taken: set[Path] = set()
    style, csv = arguments.style(), arguments.csv
    for spec, relative in _expand(arguments.inputs):
        suffix = relative.suffix.lower()
        kept = suffix in (".png", ".jpg", ".jpeg")
        kind = ".png" if is_photograph(spec) else _VIDEO_SUFFIX
        name = relative if kept else relative.with_suffix(kind)
        if name in taken:  # clip.mov and clip.mkv would both become clip.mp4
            name = relative.with_name(f"{relative.stem}-{suffix.lstrip('.')}{name.suffix}")
        taken.add(name)
        rows = csv if csv is None or single else csv / name.with_suffix(".csv")
        yield Job(spec, arguments.output / name, rows, style, arguments.runtime)


def _expand(inputs: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Every input with the name that its output gets inside the output folder."""
    kinds = IMAGE_SUFFIXES | VIDEO_SUFFIXES
    for spec in inputs:
        if "://" in spec:
            rest = spec.split("://", 1)[1].split("@")[-1]
            yield spec, Path("".join(c if c.isalnum() or c in ".-" else "_" for c in rest) + _VIDEO_SUFFIX)
            continue
        path = Path(spec)
        if not path.is_dir():
            yield spec, Path(path.name)
            continue
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in kinds and p.is_file())
        if not inside:
            raise UsageError(f"The folder {path} holds no videos and no pictures.")
        for file in inside:
            yield str(file), file.relative_to(path)


class _Outcome(Protocol):
    """Something finished: gives the summary, or raises what went wrong."""

    def __call__(self) -> Summary: ...


def _run_here(jobs: Sequence[Job], progress: Progress) -> Iterator[_Outcome]:
    with create_analyzer(runtime=jobs[0].runtime) as analyzer:
        for job in jobs:
            task = progress.add_task(_label(job), total=None, done="")

            def outcome(job: Job = job, task: TaskID = task) -> Summary:
                try:
                    return run_job_with(analyzer, job, _progress_of(progress, task))
                finally:
                    progress.update(task, visible=len(jobs) == 1)

            yield outcome


def _run_elsewhere(jobs: Sequence[Job], executor: Executor, progress: Progress) -> Iterator[_Outcome]:
    task = progress.add_task("inputs", total=len(jobs), done=f"0/{len(jobs)}")
    futures: list[Future[Summary]] = [executor.submit(run_job, job) for job in jobs]
    for done, future in enumerate(as_completed(futures), 1):
        progress.update(task, completed=done, done=f"{done}/{len(jobs)}")
        yield future.result


def _report(outcomes: Iterator[_Outcome]) -> bool:
    failed = False
    for outcome in outcomes:
        try:
            summary = outcome()
        except AgeCamError as error:
            failed = True
            log.debug("%s", error, exc_info=True)
            typer.echo(f"agecam: {error}", err=True)
            continue
        if summary.warning is not None:
            failed = True
            typer.echo(f"agecam: {summary.warning}", err=True)
        typer.echo(summary.sentence())
        if summary.stopped:
            break
    return failed


def _label(job: Job) -> str:
    return Path(job.spec).name if "://" not in job.spec else job.target.name


def _progress_of(progress: Progress, task: TaskID) -> OnFrame:
    def on_frame(done: int, total: int | None) -> None:
        of = f"{done}/{total}" if total else str(done)
        progress.update(task, completed=done, total=total, done=of)

    return on_frame


@contextlib.contextmanager
def _executor(jobs: int, scheduler: str | None) -> Iterator[Executor]:
    if scheduler is None:
        # Spawned, not forked: LiteRT and OpenCV hold threads that a fork would lose.
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
            yield pool
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("--scheduler needs Dask: install agecam with its extra `dask`.") from error
    try:
        client = Client(scheduler, timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise UsageError(f"No Dask scheduler answers at {scheduler}; check the address.") from error
    with client:
        yield client.get_executor()  # type: ignore[no-untyped-call]
