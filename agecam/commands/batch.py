"""``agecam annotate``: many inputs, here, in several processes, or on several machines."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Final

from agecam.commands.annotate import run_job, run_job_with
from agecam.commands.arguments import AnnotateArguments
from agecam.commands.batch_report import BatchReport, Outcomes
from agecam.commands.console import complain
from agecam.commands.job import Job, Summary
from agecam.commands.outputs import OutputPlan
from agecam.commands.plan import plan_batch
from agecam.commands.progress import ProgressDisplay, ProgressTask
from agecam.commands.signals import Stopped, exit_code, signals_noted
from agecam.commands.workers import MakeWorkers, dask_workers, processes
from agecam.errors import AgeCamError
from agecam.files import remove_leftovers
from agecam.vision.analyzer import Analyzer, create_analyzer

_STOP_POLL_S: Final = 0.2
"""How long it takes at most until a signal is seen."""


def annotate_inputs(
    arguments: AnnotateArguments, make_analyzer: Callable[..., Analyzer] = create_analyzer
) -> int:
    """Annotate all inputs; returns 1 when one of them failed, else 0, and 130 or 143 when it was stopped.

    Raises :class:`UsageError` before any work when the outputs make no sense, and :class:`AgeCamError` when
    the work cannot go on. ``make_analyzer`` takes what :func:`create_analyzer` takes; other processes and
    machines make their own analyzers.
    """
    plan = plan_batch(arguments)
    with ProgressDisplay(quiet=arguments.quiet) as progress, contextlib.ExitStack() as stack:
        # Of processes that were killed, by the system or by the user.
        stack.callback(remove_leftovers, [path for job in plan.jobs for path in job.outputs])
        report = BatchReport(plan, quiet=arguments.quiet)
        report.begin()
        try:
            outcomes = _outcomes(arguments, plan.to_do, progress, make_analyzer)
            with contextlib.closing(outcomes):
                report.take(outcomes)
        except KeyboardInterrupt as interrupt:
            report.end_early("Stopped")
            return exit_code(interrupt)
        except AgeCamError:
            report.end_early("Ended early")
            raise
        return int(report.finish())


def annotate_file(spec: str, target: Path, *, force: bool) -> Summary:
    """Annotate one clip with a progress bar. Raises as :class:`agecam.commands.outputs.OutputPlan` does."""
    outputs = OutputPlan([spec])
    outputs.claim(target)
    outputs.prepare(force=force)
    job = Job(spec, target, force=force)
    with ProgressDisplay() as progress:
        summary = run_job(job, progress.task("frames", name=job.label).update)
    if summary.stopped_by is not None:
        complain(summary.warning or "")
        raise Stopped(summary.stopped_by)
    return summary


def _outcomes(
    arguments: AnnotateArguments,
    jobs: Sequence[Job],
    progress: ProgressDisplay,
    make_analyzer: Callable[..., Analyzer],
) -> Outcomes:
    """What becomes of each job, as it comes; raises :class:`KeyboardInterrupt` where the user stops them."""
    if not jobs:
        return
    if arguments.scheduler is None and min(arguments.jobs, len(jobs)) == 1:
        models = {} if jobs[0].models is None else {"models": jobs[0].models}
        with make_analyzer(runtime=arguments.runtime, **models) as analyzer:
            yield from _run_here(analyzer, jobs, progress)
        return
    scheduler = arguments.scheduler
    make_workers: MakeWorkers = partial(processes, arguments.jobs, (arguments.runtime, jobs[0].models))
    if scheduler is not None:
        make_workers = lambda _inputs: dask_workers(scheduler)  # noqa: E731
    yield from _run_elsewhere(jobs, make_workers, progress.task("inputs", total=len(jobs)))


def _run_here(analyzer: Analyzer, jobs: Sequence[Job], progress: ProgressDisplay) -> Outcomes:
    inputs = progress.task("inputs", total=len(jobs)) if len(jobs) > 1 else None
    for job in jobs:
        task = progress.task("frames", name=job.label)
        future = Future[Summary]()
        try:
            future.set_result(run_job_with(analyzer, job, task.update))
        except Exception as error:  # noqa: BLE001 - raised where the outcome is taken
            future.set_exception(error)
        finally:
            if inputs is not None:
                task.hide()
                inputs.advance()
        yield job, future.result
        if future.exception() is None and (number := future.result().stopped_by) is not None:
            raise Stopped(number)


def _run_elsewhere(jobs: Sequence[Job], make_workers: MakeWorkers, task: ProgressTask) -> Outcomes:
    """Once a signal is noted, tells what the jobs at work have done until then, and raises Stopped."""
    waiting = deque(jobs)
    running, is_stopping = 0, False
    with signals_noted() as noted, make_workers(len(jobs)) as workers:
        while running or (waiting and not is_stopping):
            if noted.number is not None and not is_stopping:
                is_stopping = True
                workers.stop()
            while waiting and running < workers.limit and not is_stopping:
                workers.submit(waiting.popleft())
                running += 1
            for job, outcome in workers.finished(_STOP_POLL_S):
                running -= 1
                if outcome is not None:
                    task.advance()
                    yield job, outcome
        if noted.number is not None:
            raise Stopped(noted.number)
