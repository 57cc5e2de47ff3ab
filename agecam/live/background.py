"""Slow work that nobody waits for, one thread for each kind of it, so that none waits for another."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

log = logging.getLogger(__name__)


class BackgroundTasks:
    """Runs functions in threads named after their kind; those of one kind go one after another.

    What a function raises is logged. After :meth:`close` nothing is begun any more.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._closed = False

    def run(self, kind: str, work: Callable[[], None]) -> None:
        """Do it soon; returns at once."""
        with self._lock:
            if self._closed:
                log.info("%s refused while closing", kind)
                return
            if kind not in self._pools:
                self._pools[kind] = ThreadPoolExecutor(1, thread_name_prefix=f"agecam-{kind}")
            done = self._pools[kind].submit(work)
        done.add_done_callback(_log_failure)

    def close(self) -> None:
        """Drop what has not begun, and wait for what has."""
        with self._lock:
            self._closed = True
            pools = list(self._pools.values())
        for pool in pools:
            pool.shutdown(wait=True, cancel_futures=True)


def _log_failure(done: Future[None]) -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None:
        log.error("unexpected error in background work", exc_info=error)
