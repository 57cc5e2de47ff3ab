"""``agecam annotate``: many inputs, here, in several processes, or on several machines."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
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
            outcomes = _run_elsewhere(planned, executor, len(planned) if scheduler else jobs, progress)
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
    stopped = False
    for job in jobs:
        task = progress.add_task(_label(job), total=None, done="")

        def outcome(job: Job = job, task: TaskID = task) -> Summary:
            nonlocal stopped
            try:
                summary = run_job_with(analyzer, job, _progress_of(progress, task))
            finally:
                progress.update(task, visible=len(jobs) == 1)
            stopped = summary.stopped
            return summary

        yield job, outcome
        if stopped:
            return


def _run_elsewhere(jobs: Sequence[Job], executor: Executor, limit: int, progress: Progress) -> _Outcomes:
    """Runs ``limit`` jobs at a time: what a pool has been given it finishes, also after Ctrl-C.

    Ctrl-C reaches the processes of a pool too; what they have done until then is told first.
    """
    task = progress.add_task("inputs", total=len(jobs), done=f"0/{len(jobs)}")
    run = _run_interruptibly if isinstance(executor, ProcessPoolExecutor) else run_job
    waiting, running = deque(jobs), dict[Future[Summary], Job]()
    stopped, broken = False, list[Job]()
    while running or (waiting and not stopped):
        while waiting and not stopped and len(running) < limit and not broken:
            job = waiting.popleft()
            try:
                running[executor.submit(run, job)] = job
            except BrokenProcessPool:
                broken.append(job)
        try:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
        except KeyboardInterrupt:
            if stopped:
                raise
            stopped = True
            finished = {future for future in running if future.cancel()}
        for future in finished:
            job = running.pop(future)
            error = None if future.cancelled() else future.exception()
            if future.cancelled() or isinstance(error, KeyboardInterrupt):
                stopped = True
            elif isinstance(error, BrokenProcessPool):
                broken.append(job)
            else:
                yield job, future.result
            progress.advance(task)
            progress.update(task, done=f"{progress.tasks[task].completed:.0f}/{len(jobs)}")
        if broken and not running:
            # Some process died and took the others with it: a process each shows whose fault it was.
            left = [] if stopped else [*broken, *waiting]
            waiting.clear()
            yield from ((job, partial(_run_alone, job)) for job in left)
    if stopped:
        raise KeyboardInterrupt


def _run_interruptibly(job: Job) -> Summary:
    """For a process of a pool: Ctrl-C ends its job early; while idle it would take all others with it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return run_job(job)
    finally:
        _ignore_interrupts()


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run_alone(job: Job) -> Summary:
    with _processes(1) as pool:
        return pool.submit(_run_interruptibly, job).result()


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
    # Spawned, not forked: LiteRT and OpenCV hold threads that a fork would lose.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(number, mp_context=context, initializer=_ignore_interrupts)
