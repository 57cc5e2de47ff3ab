"""What a run says while it trains: on what, on how much, how fast, and until when."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import keras
import typer

from train.fit.curves import LearningCurves
from train.plotting import save_png

_REDRAW_S: Final = 5.0
"""Curves are drawn again at the end of an epoch that is so much later, and at the end of the training:
drawing takes some tenths of a second, which short epochs do not."""


class Progress(keras.callbacks.Callback):
    """Say after each epoch how many images a second were learnt from, and how long the run will take."""

    def __init__(
        self,
        images: int,
        epochs: int,
        say: Callable[[str], None] = typer.echo,
        clock_s: Callable[[], float] = time.perf_counter,
    ) -> None:
        """``images`` are those of an epoch; ``clock_s`` tells seconds."""
        super().__init__()
        self._images = images
        self._epochs = epochs
        self._say = say
        self._clock_s = clock_s
        self._begun_s = 0.0
        self._trained_s = 0.0
        self._durations_s: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """An epoch begins."""
        self._begun_s = self._clock_s()

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Its steps are done, and validation begins."""
        self._trained_s = self._clock_s() - self._begun_s

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Tell the rate of the epoch and the time that is left."""
        self._durations_s.append(self._clock_s() - self._begun_s)
        rate = self._images / max(self._trained_s, 1e-9)
        left = self._epochs - epoch - 1
        # The first epoch also compiles the network: where there are others, it says nothing of the rest.
        left_s = left * statistics.median(self._durations_s[1:] or self._durations_s)
        rest = f"; {_duration(left_s)} left, {_at(left_s)}" if left else ""
        self._say(
            f"Epoch {epoch + 1} of {self._epochs}: {rate:,.{0 if rate >= 10 else 1}f} images a second{rest}."
        )


class DrawCurves(keras.callbacks.Callback):
    """Draw the learning curves to a PNG file again and again, from the ``log.csv`` of a run."""

    def __init__(self, log: Path, path: Path, clock_s: Callable[[], float] = time.perf_counter) -> None:
        super().__init__()
        self._log = log
        self._path = path
        self._clock_s = clock_s
        self._drawn_s: float | None = None
        self._is_new = False

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Draw, unless it was done a moment ago."""
        self._is_new = True
        if self._drawn_s is None or self._clock_s() - self._drawn_s >= _REDRAW_S:
            self._draw()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Draw all epochs."""
        if self._is_new:
            self._draw()

    def _draw(self) -> None:
        curves = LearningCurves(self._log)
        save_png(self._path, curves.size_inches, curves.draw)
        self._drawn_s = self._clock_s()
        self._is_new = False


def _duration(seconds: float) -> str:
    """Such as "0:42", "12:05" or "3:07:09"."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def _at(seconds: float) -> str:
    """When that will be."""
    now = datetime.now().astimezone()
    then = now + timedelta(seconds=seconds)
    return f"until {then:%H:%M}" + ("" if then.date() == now.date() else f" on {then:%A, %d %B}")
