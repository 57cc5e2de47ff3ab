"""Signals that ask a command to end: Ctrl-C, and those that end a session or a service."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker
from types import FrameType
from typing import Final

_ENDING: Final = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGHUP")
    if hasattr(signal, name)  # Windows has no SIGHUP
)
_ALL: Final = frozenset({signal.SIGINT, *_ENDING})


class Stopped(KeyboardInterrupt):
    """A signal has asked the command to end, as Ctrl-C does with a plain :class:`KeyboardInterrupt`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """130 for Ctrl-C, 143 for SIGTERM and for SIGHUP: a closed terminal is one way more to be told to end."""
    is_ending = isinstance(interrupt, Stopped) and interrupt.number != signal.SIGINT
    return 128 + (signal.SIGTERM if is_ending else signal.SIGINT)


@contextlib.contextmanager
def ending_signals_raise() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise :class:`Stopped` in the main thread, until the block is left.

    One that is ignored stays so: ``nohup`` means that a closed terminal ends nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _raise_stopped)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # None: not set by Python
                signal.signal(number, handler)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Deliver no signal of these in the block, and none to processes that are started in it.

    Those hold them back until they call :meth:`WorkerSignals.take_over`. Where systems lack it (Windows)
    nothing is held back.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def prepare_processes() -> None:
    """To be called before the first process is started with signals :func:`held_back`.

    The process that watches over the others' resources lets signals through when it is started itself.
    """
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()


class NotedSignals:
    """Which signal has asked the command to end while it waits for others to end first."""

    number: int | None = None

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Take the first one down; a second one raises :class:`Stopped`."""
        if self.number is not None:
            raise Stopped(number)
        self.number = number


@contextlib.contextmanager
def signals_noted() -> Iterator[NotedSignals]:
    """Let Ctrl-C and what else would raise be noted in the block, where an exception would lose something."""
    noted = NotedSignals()
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = {number: signal.getsignal(number) for number in _ALL}
    handled = {number for number, handler in before.items() if callable(handler)}
    for number in handled:
        signal.signal(number, noted.note)
    try:
        yield noted
    finally:
        for number in handled:
            signal.signal(number, before[number])


class WorkerSignals:
    """What signals do in a process of a pool: the first one ends the job at work, and all that would follow.

    An idle process is not ended by one, for it would take the pool with it. Ctrl-C in a terminal reaches the
    processes of a pool by itself; the others are sent on to them.
    """

    def __init__(self) -> None:
        self._stopped_by: int | None = None
        self._is_working = False

    def take_over(self) -> None:
        """Handle the signals from now on, those that were held back first."""
        for number in _ALL:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ALL)

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """A job is at work; raises :class:`Stopped` where a signal has come."""
        self._is_working = True
        try:
            if self._stopped_by is not None:
                raise Stopped(self._stopped_by)
            yield
        finally:
            self._is_working = False

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._stopped_by is None:  # a second one would break off the end that the first has begun
            self._stopped_by = number
            if self._is_working:
                raise Stopped(number)


def _raise_stopped(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)
