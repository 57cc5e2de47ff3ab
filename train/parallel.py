"""Work shared by processes, each with tools of its own that are made once."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, Protocol, TypeVar

from agecam.opencv import cv2

_Task = TypeVar("_Task", contravariant=True)
_Result = TypeVar("_Result", covariant=True)


class Worker(Protocol[_Task, _Result]):
    """Does one task after another with tools that it keeps, such as a detector."""

    def run(self, task: _Task, /) -> _Result: ...

    def close(self) -> None: ...


_T = TypeVar("_T")
_R = TypeVar("_R")


def map_in_processes(
    make_worker: Callable[[], Worker[_T, _R]], tasks: Sequence[_T], jobs: int
) -> Iterator[_R]:
    """Results of all tasks in their order, from ``jobs`` processes, or from this one where that is 1.

    ``make_worker`` is called once a process, and must be importable there, as must be tasks and results. Few
    tasks are under way at a time, so that results do not pile up in memory, and those not begun are dropped
    when the caller stops. What a task raises is raised here.
    """
    if jobs <= 1:
        worker = make_worker()
        try:
            yield from map(worker.run, tasks)
        finally:
            worker.close()
        return
    # Spawned, since threads of LiteRT and OpenCV do not survive a fork.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, _start, (make_worker,))
    running: deque[Future[_R]] = deque()
    try:
        for task in tasks:
            running.append(pool.submit(_run, task))
            if len(running) >= 2 * jobs:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


_worker: Worker[Any, Any] | None = None


def _start(make_worker: Callable[[], Worker[Any, Any]]) -> None:
    global _worker
    cv2.setNumThreads(1)
    _worker = make_worker()


def _run(task: Any) -> Any:
    assert _worker is not None, "the pool's initializer runs before its tasks"
    return _worker.run(task)
