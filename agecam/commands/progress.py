"""How far a command has come: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from agecam.commands.console import complain, printable

LINE_EVERY_S: Final = 10.0
"""Seconds between two lines where no terminal shows the bar."""
_EVIDENCE_DONE: Final = 3
_EVIDENCE_S: Final = 5.0
"""What an estimate of the time that is left needs: so many done after the first, over so many seconds. What
comes before the first, as the loading of models, does not come again. Chosen."""


class ProgressDisplay:
    """Shows on standard error how far some tasks have come; a context manager.

    On a terminal each task has a bar. Elsewhere a task says so every :data:`LINE_EVERY_S` seconds, as in
    ``agecam: 120/500 inputs, 24 %, about 3 min left``. With ``quiet`` there is neither. How much time is left
    is told once enough is done to go by.

    >>> with ProgressDisplay() as progress:
    ...     task = progress.task("inputs", total=len(inputs))
    ...     for one in inputs:
    ...         work_on(one)
    ...         task.advance()
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
        write_line: Callable[[str], None] = complain,
    ) -> None:
        """``console`` shows the bar where it is a terminal that can; ``write_line`` takes the lines."""
        # Not rich's own opinion alone: FORCE_COLOR would bring bars into logs.
        console = console or Console(stderr=True, force_terminal=sys.stderr.isatty())
        self._bar: Progress | None = None
        if console.is_terminal and not console.is_dumb_terminal and not quiet:
            self._bar = _make_bar(console)
        self._clock = clock
        self._write_line = None if quiet or self._bar is not None else write_line

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def task(self, unit: str, *, name: str = "", total: int | None = None) -> ProgressTask:
        """Begin a task that counts ``unit`` ("inputs", "frames"); ``name``, of a file say, is no markup."""
        return ProgressTask(unit, printable(name), total, self._bar, self._write_line, self._clock)

    def print(self, text: str) -> None:
        """Print results on standard output, at once and as they are, above the bar.

        Raises :class:`OSError` where that cannot be written.
        """
        if self._bar is not None and sys.stdout.isatty():
            # A long line is the terminal's to break: rich would put line ends in.
            self._bar.console.print(Text(text), soft_wrap=True, highlight=False)
        else:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


class ProgressTask:
    """One task of a :class:`ProgressDisplay`, which makes it."""

    def __init__(
        self,
        unit: str,
        name: str,
        total: int | None,
        bar: Progress | None,
        write_line: Callable[[str], None] | None,
        clock: Callable[[], float],
    ) -> None:
        self._unit, self._name, self._total = unit, name, total
        self._bar, self._write_line, self._clock = bar, write_line, clock
        self._done = 0
        self._told_s = clock()
        self._first: tuple[int, float] | None = None
        """How many were done when the first were, and when that was."""
        self._id: TaskID | None = None
        if bar is not None:
            self._id = bar.add_task(name or unit, total=total, done=self._count(), left="")

    def advance(self, number: int = 1) -> None:
        """So many more are done."""
        self.update(self._done + number, self._total)

    def update(self, done: int, total: int | None) -> None:
        """So many are done, of ``total`` where that is known."""
        self._done, self._total = done, total
        now_s = self._clock()
        if self._first is None and done:
            self._first = done, now_s
        if self._bar is not None and self._id is not None:
            left = self._left(now_s) or ""
            self._bar.update(self._id, completed=done, total=total, done=self._count(), left=left)
        elif self._write_line is not None and now_s - self._told_s >= LINE_EVERY_S:
            self._told_s = now_s
            self._write_line(self._sentence(now_s))

    def hide(self) -> None:
        """Take the bar away, of a task that is over while others go on."""
        if self._bar is not None and self._id is not None:
            self._bar.update(self._id, visible=False)

    def _count(self) -> str:
        return f"{self._done}/{self._total}" if self._total else str(self._done)

    def _sentence(self, now_s: float) -> str:
        text = f"{self._name}: " if self._name else ""
        text += f"{self._count()} {self._unit}"
        if self._total:
            text += f", {self._done / self._total:.0%}".replace("%", " %")
        left = self._left(now_s)
        return text if left is None else f"{text}, {left}"

    def _left(self, now_s: float) -> str | None:
        """About how much time is left; ``None`` where that is not known, or nothing is left."""
        if self._first is None or not self._total or self._done >= self._total:
            return None
        first, first_s = self._first
        done, elapsed_s = self._done - first, now_s - first_s
        if done < _EVIDENCE_DONE or elapsed_s < _EVIDENCE_S:
            return None
        return f"about {_duration(elapsed_s / done * (self._total - self._done))} left"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def _make_bar(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}", markup=False),  # it is a file's name
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TextColumn("{task.fields[left]}"),
    )
    # Lines for a file or pipe go there, not to the terminal that shows the bar.
    return Progress(*columns, console=console, redirect_stdout=sys.stdout.isatty())
