"""Where jobs run other than in the command's own process: processes here, or workers of Dask."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from agecam.commands.annotate import run_job_with
from agecam.commands.job import Job, Summary
from agecam.commands.pool import ProcessPool, WorkerDiedError
from agecam.commands.signals import WorkerSignals
from agecam.errors import AgeCamError, UsageError
from agecam.runtime import Runtime
from agecam.vision.analyzer import Analyzer, create_analyzer

_Models = tuple[Runtime, Path | None]


class _Analyzers:
    """Models that were loaded by earlier jobs of a Dask worker: one set a job that runs at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[tuple[_Models, Analyzer]] = []

    @contextlib.contextmanager
    def borrowed(self, job: Job) -> Iterator[Analyzer]:
        """One that no other thread has, given back at the end."""
        models = (job.runtime, job.models)
        with self._lock:
            fitting = [one for one in self._idle if one[0] == models]
            if fitting:
                self._idle.remove(fitting[-1])
        analyzer = fitting[-1][1] if fitting else create_analyzer(runtime=job.runtime, models=job.models)
        try:
            yield analyzer
        finally:
            with self._lock:
                self._idle.append((models, analyzer))

    def release(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for _, analyzer in idle:
            analyzer.close()


_analyzers = _Analyzers()


Outcome = Callable[[], Summary]
"""Gives the summary of a job, or raises why there is none."""


class Workers(Protocol):
    """Runs jobs elsewhere."""

    @property
    def limit(self) -> int:
        """How many jobs to submit at a time."""
        ...

    def submit(self, job: Job) -> None:
        """Take a job to work on."""
        ...

    def finished(self, timeout_s: float) -> list[tuple[Job, Outcome | None]]:
        """The jobs that are over, waited for so long; ``None``: it was called off by :meth:`stop`.

        Raises :class:`AgeCamError` where no job can be worked on any more.
        """
        ...

    def stop(self) -> None:
        """End all jobs at once; of those at work here what is done is kept."""
        ...


MakeWorkers = Callable[[int], AbstractContextManager[Workers]]
"""Makes workers for so many inputs."""


@contextlib.contextmanager
def processes(number: int, models: _Models, inputs: int) -> Iterator[Workers]:
    """So many processes on this computer, for so many inputs, with what runs models and their folder."""
    over = list[tuple[Job, Callable[[], Summary]]]()
    limit = min(number, max(1, inputs))
    set_up = partial(_set_up_process, models)
    with ProcessPool[Job, Summary](limit, set_up, lambda job, result: over.append((job, result))) as pool:
        yield _Processes(pool, over, limit)


@dataclass(frozen=True, slots=True)
class _Processes:
    _pool: ProcessPool[Job, Summary]
    _over: list[tuple[Job, Callable[[], Summary]]]
    limit: int

    def submit(self, job: Job) -> None:
        self._pool.submit(job)

    def finished(self, timeout_s: float) -> list[tuple[Job, Outcome | None]]:
        self._pool.receive(timeout_s)
        over = [(job, _judged(job, result)) for job, result in self._over]
        self._over.clear()
        return over

    def stop(self) -> None:
        self._pool.interrupt()


def _judged(job: Job, result: Outcome) -> Outcome | None:
    try:
        summary = result()
    except KeyboardInterrupt:
        return None
    except WorkerDiedError:
        return partial(_raise_died, job)
    except Exception:  # noqa: BLE001 - raised where the outcome is taken
        return result
    return lambda: summary


def _raise_died(job: Job) -> Summary:
    raise AgeCamError(
        f"{job.name} has ended the process that worked on it; it may be damaged or too large for the memory."
    )


@contextlib.contextmanager
def _set_up_process(models: _Models, cores: int) -> Iterator[Callable[[Job], Summary]]:
    signals = WorkerSignals()
    signals.take_over()
    runtime, folder = models
    with create_analyzer(runtime=runtime, models=folder, cores=cores) as analyzer:

        def work(job: Job) -> Summary:
            with signals.working():
                return run_job_with(analyzer, job, cores=cores)

        yield work


@contextlib.contextmanager
def dask_workers(scheduler: str) -> Iterator[Workers]:
    """The workers of a Dask scheduler. Raises :class:`UsageError` where there is none."""
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("--scheduler needs Dask: install agecam with its extra `dask`.") from error
    # A scheduler that goes away is one sentence of ours, not a traceback of Dask's.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client = Client(scheduler, timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise UsageError(f"No Dask scheduler answers at {scheduler}; check the address.") from error
    with client:
        yield _DaskWorkers(client, client.get_executor(pure=False), scheduler)  # type: ignore[no-untyped-call]
        if client.status == "running":
            client.run(_analyzers_released, on_error="ignore")


@dataclass(slots=True)
class _DaskWorkers:
    _client: Any
    _executor: Executor
    _scheduler: str
    limit: int = 1000
    """More would only fill the scheduler's memory."""
    _running: dict[Future[Summary], Job] = field(default_factory=dict)
    _is_stopped: bool = False

    def submit(self, job: Job) -> None:
        self._running[self._executor.submit(_run_on_dask, job.absolute())] = job

    def finished(self, timeout_s: float) -> list[tuple[Job, Outcome | None]]:
        done, _ = wait(self._running, timeout_s, FIRST_COMPLETED)
        return [(job := self._running.pop(future), self._outcome(job, future)) for future in done]

    def stop(self) -> None:
        self._is_stopped = True
        self._executor.shutdown(wait=False)

    def _outcome(self, job: Job, future: Future[Summary]) -> Outcome | None:
        from distributed import KilledWorker

        if future.cancelled():
            if self._is_stopped:
                return None
            raise AgeCamError(
                f"The Dask scheduler at {self._scheduler} has gone away; "
                "start it, then give the same command."
            )
        # A job whose worker dies is begun again by another: four times, by Dask's "allowed-failures".
        return partial(_raise_died, job) if isinstance(future.exception(), KilledWorker) else future.result


def _run_on_dask(job: Job) -> Summary:
    with _analyzers.borrowed(job) as analyzer:
        return run_job_with(analyzer, job, _end_with_task())


def _end_with_task() -> Callable[[int, int | None], None]:
    """Raises, where it is called by a task that nobody wants any more: its client has gone or been stopped.

    Dask itself cannot end what runs.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def check(_done: int, _total: int | None) -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            raise AgeCamError("The work on this input was called off.")

    return check


def _analyzers_released() -> None:
    _analyzers.release()
