"""Where jobs run other than in the command's own process: processes here, or workers of Dask."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

from agecam.commands.annotate import run_job_with
from agecam.commands.job import Job, Summary
from agecam.commands.signals import WorkerSignals, prepare_processes
from agecam.errors import AgeCamError, UsageError
from agecam.opencv import cv2
from agecam.runtime import Runtime
from agecam.vision.analyzer import Analyzer, create_analyzer

_Models = tuple[Runtime, Path | None]


class _Analyzers:
    """Models that were loaded by earlier jobs of this process: one set a job that runs at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[tuple[_Models, Analyzer]] = []

    @contextlib.contextmanager
    def borrowed(self, job: Job, cores: int | None = None) -> Iterator[Analyzer]:
        """One that no other thread has, given back at the end; made for so many cores where it is new."""
        models = (job.runtime, job.models)
        with self._lock:
            fitting = [one for one in self._idle if one[0] == models]
            if fitting:
                self._idle.remove(fitting[-1])
        if fitting:
            analyzer = fitting[-1][1]
        else:
            analyzer = create_analyzer(runtime=job.runtime, models=job.models, cores=cores)
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
_signals = WorkerSignals()


class Workers(Protocol):
    """Runs jobs elsewhere."""

    @property
    def limit(self) -> int:
        """How many jobs to submit at a time."""
        ...

    def submit(self, job: Job) -> Future[Summary]:
        """Raises :class:`concurrent.futures.process.BrokenProcessPool` where a process has died.

        Call it with signals held back, for it may start a process.
        """
        ...

    @property
    def gives_up_with(self) -> tuple[type[BaseException], ...]:
        """What a job fails with that several workers have died of."""
        ...

    def stop(self) -> None:
        """End all jobs at once; of those at work here what is done is kept."""
        ...

    def lost(self) -> AgeCamError:
        """Why a job was called off that nobody has stopped."""
        ...


MakeWorkers = Callable[[int], AbstractContextManager[Workers]]
"""Makes workers for so many inputs."""


@contextlib.contextmanager
def processes(number: int, inputs: int) -> Iterator[Workers]:
    """So many processes on this computer, for so many inputs."""
    # Spawned, not forked: LiteRT and OpenCV hold threads that a fork would lose.
    context = _SpawnContext()
    prepare_processes()
    number = min(number, max(1, inputs))
    cores = max(1, (os.cpu_count() or 1) // number)
    with ProcessPoolExecutor(number, context, _begin_process, (cores,)) as pool:
        try:
            yield _Processes(pool, context, cores, number)
        except BaseException:
            for process in context.started:
                process.kill()
            raise


class _SpawnContext(SpawnContext):
    """Knows the processes that a pool has started, to which the pool itself passes no signal."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[BaseProcess] = []

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        process = SpawnProcess(*args, **kwargs)
        self.started.append(process)
        return process


@dataclass(frozen=True, slots=True)
class _Processes:
    _pool: ProcessPoolExecutor
    _context: _SpawnContext
    _cores: int
    limit: int
    gives_up_with: tuple[type[BaseException], ...] = ()

    def submit(self, job: Job) -> Future[Summary]:
        return self._pool.submit(_run_in_process, job, self._cores)

    def stop(self) -> None:
        for process in self._context.started:
            process.terminate()

    def lost(self) -> AgeCamError:
        return AgeCamError("The work was called off; give the same command again.")


def _begin_process(cores: int) -> None:
    _signals.take_over()
    cv2.setNumThreads(cores)
    threading.Thread(target=_end_with_parent, name="agecam-parent", daemon=True).start()


def _end_with_parent() -> None:
    # A parent that is killed cannot say so, and its processes would wait for jobs for ever.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_in_process(job: Job, cores: int) -> Summary:
    with _signals.working(), _analyzers.borrowed(job, cores) as analyzer:
        return run_job_with(analyzer, job)


@contextlib.contextmanager
def dask_workers(scheduler: str) -> Iterator[Workers]:
    """The workers of a Dask scheduler. Raises :class:`UsageError` where there is none."""
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise UsageError("--scheduler needs Dask: install agecam with its extra `dask`.") from error
    # A scheduler that goes away is one sentence of ours, not a traceback of Dask's.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client = Client(scheduler, timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise UsageError(f"No Dask scheduler answers at {scheduler}; check the address.") from error
    with client:
        executor = client.get_executor(pure=False)  # type: ignore[no-untyped-call]
        # A job whose worker dies is begun again by another: four times, by Dask's "allowed-failures".
        yield _DaskWorkers(client, executor, scheduler, (KilledWorker,))
        if client.status == "running":
            client.run(_analyzers_released, on_error="ignore")


@dataclass(frozen=True, slots=True)
class _DaskWorkers:
    _client: Any
    _executor: Executor
    _scheduler: str
    gives_up_with: tuple[type[BaseException], ...]
    limit: int = 1000
    """More would only fill the scheduler's memory."""

    def submit(self, job: Job) -> Future[Summary]:
        return self._executor.submit(_run_on_dask, job.absolute())

    def stop(self) -> None:
        self._executor.shutdown(wait=False)

    def lost(self) -> AgeCamError:
        return AgeCamError(
            f"The Dask scheduler at {self._scheduler} has gone away; start it, then give the same command."
        )


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
