"""Images analysed in several processes, each of which loads the models once."""

from __future__ import annotations

import contextlib
import heapq
import logging
import multiprocessing
import os
import signal
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Final

from agecam.commands.prediction import Prediction, predict_file
from agecam.commands.signals import held_back, prepare_processes
from agecam.errors import AgeCamError
from agecam.opencv import cv2
from agecam.runtime import Runtime
from agecam.vision.analyzer import Analyzer, create_analyzer

_QUEUED: Final = 2
"""Images that a worker has at a time: the next one is there when it is done with one."""
_LOOK_AHEAD: Final = 64
"""Images by which the others may be ahead of one that takes long, per worker; their results wait."""
_ENDS_WITHIN_S: Final = 5.0
"""Seconds for a worker that has closed its connection to end by itself, and so to say how."""


def predict_in_processes(
    files: Sequence[Path],
    jobs: int,
    *,
    runtime: Runtime = "litert",
    make_analyzer: Callable[..., Analyzer] = create_analyzer,
) -> Generator[Prediction, None, None]:
    """What :func:`predict_file` gives for each file, in their order, from ``jobs`` processes.

    An image at which a process dies gives a :class:`Prediction` with an error, and a new process goes on with
    the others. The processes end with the generator; where ``KeyboardInterrupt`` comes upon it, what is done
    already comes first. Raises what ``make_analyzer`` raises of :class:`AgeCamError`.
    """
    pool = _Pool(files, jobs, runtime, make_analyzer)
    try:
        yield from pool.predictions()
    finally:
        pool.stop()


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    connection: Connection
    tasks: deque[int] = field(default_factory=deque)
    """Indices of the images that it has, the one in work first."""
    is_ready: bool = False
    """Whether it has loaded the models."""


class _Pool:
    def __init__(
        self, files: Sequence[Path], jobs: int, runtime: Runtime, make_analyzer: Callable[..., Analyzer]
    ) -> None:
        self._files, self._jobs = files, jobs
        self._worker_arguments = (runtime, make_analyzer, max(1, (os.cpu_count() or 1) // jobs))
        self._waiting = list(range(len(files)))  # a heap
        self._done: dict[int, Prediction] = {}
        self._workers: list[_Worker] = []

    def predictions(self) -> Iterator[Prediction]:
        self._workers += [self._start() for _ in range(self._jobs)]
        try:
            for index in range(len(self._files)):
                while index not in self._done:
                    self._hand_out(index + _LOOK_AHEAD * self._jobs)
                    self._receive()
                yield self._done.pop(index)
        except KeyboardInterrupt:
            yield from (self._done[index] for index in sorted(self._done))
            raise

    def stop(self) -> None:
        for worker in self._workers:
            _end(worker)
        self._workers.clear()

    def _start(self) -> _Worker:
        # Spawned, not forked: LiteRT and OpenCV hold threads that a fork would lose.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, *self._worker_arguments), daemon=True)
        prepare_processes()
        with held_back():
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def _hand_out(self, limit: int) -> None:
        """Give each worker something to do, of the images before ``limit``."""
        for worker in self._workers:
            while len(worker.tasks) < _QUEUED and self._waiting and self._waiting[0] < limit:
                index = heapq.heappop(self._waiting)
                worker.tasks.append(index)
                with contextlib.suppress(OSError):  # a dead one is met when it is read from
                    worker.connection.send(self._files[index])

    def _receive(self) -> None:
        """Wait for a worker, and take what has come."""
        ready = wait([worker.connection for worker in self._workers])
        for worker in [worker for worker in self._workers if worker.connection in ready]:
            try:
                message: Prediction | AgeCamError | None = worker.connection.recv()
            except (EOFError, OSError):
                self._replace(worker)
                continue
            if isinstance(message, AgeCamError):
                raise message
            if message is None:
                worker.is_ready = True
            else:
                self._done[worker.tasks.popleft()] = message

    def _replace(self, dead: _Worker) -> None:
        """The image that a worker died of is given up; its other ones go to the rest, and to a new worker."""
        self._workers.remove(dead)
        dead.process.join(_ENDS_WITHIN_S)
        code = _end(dead)
        if dead.is_ready and dead.tasks:
            index = dead.tasks.popleft()
            self._done[index] = _fatal(self._files[index], code)
        for index in dead.tasks:
            heapq.heappush(self._waiting, index)
        if dead.is_ready and self._waiting:
            self._workers.append(self._start())
        if not self._workers and self._waiting:
            raise AgeCamError("A process ended while it loaded the models; try again with fewer --jobs.")


def _fatal(path: Path, code: int | None) -> Prediction:
    how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    return Prediction(str(path), error=f"{path} could not be analysed: its process ended ({how}).")


def _end(worker: _Worker) -> int | None:
    """End a worker at once, which keeps nothing; gives its exit code, below 0 where a signal ended it."""
    worker.process.kill()
    worker.process.join()
    worker.connection.close()
    return worker.process.exitcode


def _work(
    connection: Connection, runtime: Runtime, make_analyzer: Callable[..., Analyzer], cores: int
) -> None:
    """In a process of its own: answers paths by predictions, until the other end is closed.

    The signals that were held back at its start stay so: the parent ends it, or its own end does.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where none can be held back
    logging.getLogger("agecam").addHandler(logging.NullHandler())  # standard error would be the last resort
    cv2.setNumThreads(cores)
    with contextlib.suppress(EOFError, OSError):
        try:
            analyzer = make_analyzer(runtime=runtime, cores=cores)
        except AgeCamError as error:
            connection.send(error)
            return
        except Exception as error:  # noqa: BLE001 - the parent tells of it; here it would be printed
            failure = AgeCamError(
                f"The models could not be loaded ({type(error).__name__}); the log says why."
            )
            failure.add_note(traceback.format_exc())
            connection.send(failure)
            return
        with analyzer:
            connection.send(None)
            while True:
                connection.send(predict_file(analyzer, connection.recv()))
