"""Processes that do one task after another, each set up once: the pool of ``annotate`` and ``predict``."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import threading
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Final, Generic, Literal, Self, TypeVar

from agecam.commands.signals import held_back, prepare_processes
from agecam.errors import AgeCamError
from agecam.opencv import cv2

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

SetUp = Callable[[int], AbstractContextManager[Callable[[TaskT], ResultT]]]
"""From the processor cores that there are for a process: what does a task. It is pickled, and run there."""

OnDone = Callable[[TaskT, Callable[[], ResultT]], None]
"""Takes a task and what gives its result, or raises why there is none."""

_ENDS_WITHIN_S: Final = 5.0
"""Seconds for a worker that has closed its connection to end by itself, and so to say how."""

_Message = tuple[Literal["ready", "failed", "result", "error"], Any]
"""What a worker says: that it is set up, that it cannot be, what a task gave, or what it raised."""


class WorkerDiedError(Exception):
    """A task has ended its process; the message says how."""


@dataclass(slots=True)
class _Worker(Generic[TaskT]):
    process: SpawnProcess
    connection: Connection
    tasks: deque[TaskT] = field(default_factory=deque)
    """What it was handed, the one in work first."""
    is_ready: bool = False


class ProcessPool(Generic[TaskT, ResultT]):
    """So many processes. One thread uses a pool; a context manager, which ends them at once.

    Each begins by ``set_up``, with the signals that end a command held back, and ends with this process,
    however that ends. One that dies costs the task in work, for which ``on_done`` raises
    :class:`WorkerDiedError`; another takes its place. ``queued`` is how many tasks each has at a time: with
    two, the next is there when one is done.
    """

    def __init__(
        self,
        number: int,
        set_up: SetUp[TaskT, ResultT],
        on_done: OnDone[TaskT, ResultT],
        *,
        queued: int = 1,
    ) -> None:
        cores = max(1, (os.cpu_count() or 1) // number)
        self._arguments = (set_up, cores)
        self._on_done = on_done
        self._queued = queued
        self._waiting: deque[TaskT] = deque()
        self._workers: list[_Worker[TaskT]] = []
        self._is_stopped = False
        prepare_processes()
        try:
            for _ in range(number):
                self._start()
        except BaseException:
            self.close()
            raise

    def submit(self, task: TaskT) -> None:
        """Take a task, which must be picklable, for the first process that has room for it."""
        self._waiting.append(task)

    def receive(self, timeout_s: float | None = None) -> None:
        """Wait for so long until a task is done, and hand on what has come.

        Raises the :class:`AgeCamError` that a process could not be set up for.
        """
        self._hand_out()
        ready = wait([worker.connection for worker in self._workers], timeout_s)
        for worker in [worker for worker in self._workers if worker.connection in ready]:
            try:
                kind, content = worker.connection.recv()
            except (EOFError, OSError):
                self._replace(worker)
                continue
            self._take(worker, kind, content)
        self._hand_out()

    def interrupt(self) -> None:
        """Let every process have SIGTERM, and the tasks in work end as they do then.

        For those that were not begun ``on_done`` raises :class:`KeyboardInterrupt`.
        """
        self._is_stopped = True
        self._call_off(self._waiting)
        for worker in self._workers:
            worker.process.terminate()

    def close(self) -> None:
        """End the processes, and what they are at."""
        for worker in self._workers:
            _end(worker)
        self._workers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        # Spawned, not forked: LiteRT and OpenCV hold threads that a fork would lose.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, *self._arguments), daemon=True)
        with held_back():
            process.start()
            self._workers.append(_Worker(process, ours))
        theirs.close()

    def _hand_out(self) -> None:
        for worker in self._workers:
            while len(worker.tasks) < self._queued and self._waiting:
                worker.tasks.append(self._waiting.popleft())
                with contextlib.suppress(OSError):  # a dead one is met when it is read from
                    worker.connection.send(worker.tasks[-1])

    def _take(self, worker: _Worker[TaskT], kind: str, content: Any) -> None:
        if kind == "ready":
            worker.is_ready = True
        elif kind == "failed":
            raise content
        elif isinstance(content, KeyboardInterrupt) and not self._is_stopped:
            # A signal to that process alone: it would do no other task either.
            _end(worker)
            self._give_up(worker)
        else:
            result: Callable[[], ResultT] = _raising(content) if kind == "error" else lambda: content
            self._on_done(worker.tasks.popleft(), result)

    def _replace(self, dead: _Worker[TaskT]) -> None:
        """The task that a worker died of is given up."""
        dead.process.join(_ENDS_WITHIN_S)
        code = _end(dead)
        if dead.is_ready and dead.tasks:
            how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
            self._on_done(dead.tasks.popleft(), _raising(WorkerDiedError(how)))
        self._give_up(dead)

    def _give_up(self, ended: _Worker[TaskT]) -> None:
        """What else a worker was handed goes to the rest, and to a new one."""
        self._workers.remove(ended)
        if self._is_stopped:
            self._call_off(ended.tasks)
            return
        self._waiting.extendleft(reversed(ended.tasks))
        if ended.is_ready:
            self._start()
        if not self._workers:
            raise AgeCamError("A process ended while it loaded the models; try again with fewer --jobs.")

    def _call_off(self, tasks: deque[TaskT]) -> None:
        while tasks:
            self._on_done(tasks.popleft(), _raising(KeyboardInterrupt()))


def _raising(error: BaseException) -> Callable[[], Any]:
    def result() -> Any:
        raise error

    return result


def _end(worker: _Worker[Any]) -> int | None:
    """End a worker at once, which keeps nothing; gives its exit code, below 0 where a signal ended it."""
    worker.process.kill()
    worker.process.join()
    worker.connection.close()
    return worker.process.exitcode


def _work(connection: Connection, set_up: SetUp[Any, Any], cores: int) -> None:
    """In a process of its own: answers tasks by their results, until it is ended."""
    threading.Thread(target=_end_with_parent, name="agecam-parent", daemon=True).start()
    logging.getLogger("agecam").addHandler(logging.NullHandler())  # standard error would be the last resort
    cv2.setNumThreads(cores)
    with contextlib.suppress(EOFError, OSError), contextlib.ExitStack() as stack:
        try:
            work = stack.enter_context(set_up(cores))
        except AgeCamError as error:
            connection.send(("failed", error))
            return
        except Exception as error:  # noqa: BLE001 - the parent tells of it; here it would be printed
            failure = AgeCamError(
                f"The models could not be loaded ({type(error).__name__}); the log says why."
            )
            failure.add_note(traceback.format_exc())
            connection.send(("failed", failure))
            return
        connection.send(("ready", None))
        while True:
            _send(connection, _done(work, connection.recv()))


def _done(work: Callable[[Any], Any], task: Any) -> _Message:
    try:
        return "result", work(task)
    except BaseException as error:  # noqa: BLE001 - raised in the parent, where the result is taken
        error.add_note(traceback.format_exc())  # which does not travel by itself
        return "error", error


def _send(connection: Connection, message: _Message) -> None:
    try:
        connection.send(message)
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - an error that cannot be pickled
        failure = RuntimeError(repr(message[1]))
        failure.add_note(traceback.format_exc())
        connection.send(("error", failure))


def _end_with_parent() -> None:
    # A parent that is killed cannot say so, and a task may take an hour more.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
