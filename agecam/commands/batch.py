"""``agecam annotate``: many inputs, here, in several processes, or on several machines."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import sys
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from agecam.commands.annotate import Job, OnFrame, Summary, run_job, run_job_with
from agecam.commands.arguments import AnnotateArguments
from agecam.commands.console import complain, printable, tell
from agecam.commands.outputs import OutputPlan
from agecam.commands.plan import plan_jobs
from agecam.errors import AgeCamError, UsageError
from agecam.files import remove_leftovers
from agecam.sources.stream import without_secrets
from agecam.vision.analyzer import Analyzer, create_analyzer

log = logging.getLogger(__name__)


def annotate_inputs(
    arguments: AnnotateArguments, make_analyzer: Callable[..., Analyzer] = create_analyzer
) -> int:
    """Annotate all inputs with a progress bar; returns 1 when one of them failed, else 0.

    Raises :class:`UsageError` before any work when the outputs make no sense. ``make_analyzer`` takes what
    :func:`create_analyzer` takes; other processes and machines make their own analyzers.
    """
    jobs, scheduler = arguments.jobs, arguments.scheduler
    planned = plan_jobs(arguments)
    with _progress() as progress, contextlib.ExitStack() as stack:
        # Of processes that were killed, by the system or by Ctrl-C.
        stack.callback(remove_leftovers, [path for job in planned for path in (job.target, job.csv) if path])
        if jobs == 1 and scheduler is None:
            analyzer = stack.enter_context(make_analyzer(runtime=arguments.runtime))
            outcomes = _run_here(analyzer, planned, progress)
        else:
            executor = stack.enter_context(_executor(jobs, scheduler))
            outcomes = _run_elsewhere(planned, executor, progress)
            stack.callback(outcomes.close)
        return int(_report(outcomes))


def annotate_file(spec: str, target: Path, *, force: bool) -> Summary:
    """Annotate one clip with a progress bar. Raises as :class:`agecam.commands.outputs.OutputPlan` does."""
    outputs = OutputPlan([spec])
    outputs.claim(target)
    outputs.prepare(force=force)
    with _progress() as progress:
        task = progress.add_task(_label(Job(spec, target)), total=None, done="")
        return run_job(Job(spec, target, force=force), _progress_of(progress, task))


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description}", markup=False),  # it is a file's name
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TimeRemainingColumn(),
    )
    # Lines for a file or pipe go there, not to the terminal that shows the bar.
    to_terminal = sys.stdout.isatty()
    return Progress(*columns, console=Console(stderr=True), redirect_stdout=to_terminal)


class _Outcome(Protocol):
    """Something finished: gives the summary, or raises what went wrong."""

    def __call__(self) -> Summary: ...


_Outcomes = Generator[tuple[Job, _Outcome], None, None]


def _run_here(analyzer: Analyzer, jobs: Sequence[Job], progress: Progress) -> _Outcomes:
    for job in jobs:
        task = progress.add_task(_label(job), total=None, done="")

        def outcome(job: Job = job, task: TaskID = task) -> Summary:
            try:
                return run_job_with(analyzer, job, _progress_of(progress, task))
            finally:
                progress.update(task, visible=len(jobs) == 1)

        yield job, outcome


def _run_elsewhere(jobs: Sequence[Job], executor: Executor, progress: Progress) -> _Outcomes:
    task = progress.add_task("inputs", total=len(jobs), done=f"0/{len(jobs)}")
    futures: dict[Future[Summary], Job] = {executor.submit(run_job, job): job for job in jobs}
    try:
        for done, future in enumerate(as_completed(futures), 1):
            progress.update(task, completed=done, done=f"{done}/{len(jobs)}")
            job = futures[future]
            if isinstance(future.exception(), BrokenProcessPool):
                # Some process died and took with it all that was to be done: a process each shows whose.
                yield job, partial(_run_alone, job)
            else:
                yield job, future.result
    finally:
        for future in futures:  # a pool that is left finishes all that was submitted
            future.cancel()


def _run_alone(job: Job) -> Summary:
    with _processes(1) as pool:
        return pool.submit(run_job, job).result()


def _report(outcomes: _Outcomes) -> bool:
    """Tell what became of each input; whether one failed, for whatever reason."""
    failed = False
    for job, outcome in outcomes:
        try:
            summary = outcome()
        except AgeCamError as error:
            failed = True
            log.debug("%s", error, exc_info=True)
            complain(str(error))
        except Exception as error:  # noqa: BLE001 - logged, but for what an address holds
            failed = True
            shown = without_secrets(job.spec) if "://" in job.spec else job.spec
            text = "".join(traceback.format_exception(error)).replace(job.spec, shown)
            log.error("unexpected error in annotating %s\n%s", printable(shown), text)
            complain(f"{shown} could not be annotated ({type(error).__name__}); the log says why.")
        else:
            if summary.warning is not None:
                failed = True
                complain(summary.warning)
            tell(summary.sentence())
            if summary.stopped:
                break
    return failed


def _label(job: Job) -> str:
    return printable(Path(job.spec).name if "://" not in job.spec else job.target.name)


def _progress_of(progress: Progress, task: TaskID) -> OnFrame:
    def on_frame(done: int, total: int | None) -> None:
        of = f"{done}/{total}" if total else str(done)
        progress.update(task, completed=done, total=total, done=of)

    return on_frame


@contextlib.contextmanager
def _executor(jobs: int, scheduler: str | None) -> Iterator[Executor]:
    if scheduler is None:
        with _processes(jobs) as pool:
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


def _processes(number: int) -> ProcessPoolExecutor:
    # Spawned, not forked: MediaPipe and OpenCV hold threads that a fork would lose.
    return ProcessPoolExecutor(number, mp_context=multiprocessing.get_context("spawn"))
