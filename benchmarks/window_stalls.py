"""The longest time for which the window's thread does nothing else, while it is live and under load.

    python -m benchmarks.window_stalls [CLIP] [--seconds 60] [--busy 1] [--where]

The real window, with its statistics and the panel of people, plays a clip (the built-in one without an
argument) over and over, records, writes a CSV, takes a snapshot every two seconds and has its labels changed
every second, while ``--busy`` other processes keep the cores from it. A timer of 10 ms in its thread notes
how late it is.
With ``--where`` the places at which the thread was found when it was more than 30 ms late are printed
too. Where the system tells for how long the thread was ready and had no core (Linux), the gaps less that
time are printed as well: they are what the program itself is to blame for. They still hold what the thread
waited for Python's lock while who held that had no core; its processor time holds none of that.

Without a display the window is drawn off screen.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PyQt6.QtCore import QObject, Qt, QTimer

from agecam.display import has_display
from agecam.live.memory import resident_mb
from agecam.live.session import Session
from agecam.live.state import SourceState
from agecam.paths import demo_clip
from agecam.settings import Settings
from agecam.ui import app
from agecam.ui.options import StartOptions
from agecam.ui.window import MainWindow
from agecam.vision.analyzer import create_analyzer

_TICK_MS = 10
_LIMIT_MS = 50.0
_LATE_S = 0.03
_CLOSES_AFTER_S = 120.0


class Watch:
    """Samples where a thread is while it is late; :meth:`alive` says that it is not."""

    def __init__(self, thread_id: int) -> None:
        self.places: Counter[str] = Counter()
        self._thread_id = thread_id
        self._beat_s = time.perf_counter()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")
        self._thread.start()

    def alive(self) -> None:
        self._beat_s = time.perf_counter()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(0.005):
            if time.perf_counter() - self._beat_s > _LATE_S:
                stack = traceback.extract_stack(sys._current_frames()[self._thread_id])
                self.places[" < ".join(f"{one.name}:{one.lineno}" for one in stack[:-5:-1])] += 1


class Stopwatch(QObject):
    """Measures a window from its first live frame on, and uses it meanwhile."""

    def __init__(self, window: MainWindow, seconds: float, watch: Watch | None) -> None:
        super().__init__(window)
        self.gaps_ms: list[float] = []
        self.coreless_ms: list[float] = []
        self.processor_ms: list[float] = []
        """What each turn took of a processor, whoever else wanted one."""
        self.numbers = ""
        self.memory_mb: list[float] = []
        """Resident, second by second."""
        self._window = window
        self._seconds = seconds
        self._watch = watch
        self._last_s: float | None = None
        self._last_coreless_s = self._last_processor_s = 0.0
        self._ticker = QTimer(self)
        self._ticker.setTimerType(Qt.TimerType.PreciseTimer)
        self._ticker.timeout.connect(self._tick)
        self._ticker.start(_TICK_MS)
        self._every(1000, window.controls["interval"].trigger)
        self._every(2000, window.controls["snapshot"].trigger)
        self._every(5000, window.session.list_cameras)
        self._every(1000, lambda: self.memory_mb.append(resident_mb() or 0.0))

    def _every(self, interval_ms: int, work: Callable[[], object]) -> None:
        timer = QTimer(self)
        timer.timeout.connect(lambda: work() and None)
        timer.start(interval_ms)

    def _tick(self) -> None:
        if self._watch is not None:
            self._watch.alive()
        now_s, now_coreless_s, now_processor_s = time.perf_counter(), _coreless_s(), time.thread_time()
        if self._last_s is not None:
            self.gaps_ms.append((now_s - self._last_s) * 1000)
            self.coreless_ms.append((now_coreless_s - self._last_coreless_s) * 1000)
            self.processor_ms.append((now_processor_s - self._last_processor_s) * 1000)
        elif self._window.session.state().source.state is SourceState.LIVE:
            QTimer.singleShot(round(self._seconds * 1000), self._end)
        else:
            return
        self._last_s, self._last_coreless_s = now_s, now_coreless_s
        self._last_processor_s = now_processor_s

    def _end(self) -> None:
        self._ticker.stop()
        self.numbers = self._window.status_text()
        self._window.close_without_asking()


def measure(clip: Path, seconds: float, watch: Watch | None) -> Stopwatch:
    """Milliseconds between turns of the window's event loop, of them without a core, and its last numbers."""
    stopwatches: list[Stopwatch] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = folder / "settings.json"
        Settings(snapshots_folder=str(folder / "snapshots"), has_agreed=True, show_statistics=True).save(
            settings
        )
        options = StartOptions(
            str(clip),
            loop=True,
            record=folder / "record.mp4",
            csv=folder / "rows.csv",
            quit_after_s=seconds + _CLOSES_AFTER_S,
        )
        app.run_window(
            lambda on_change: Session(create_analyzer, on_change),
            options,
            settings_path=settings,
            on_window=lambda window: stopwatches.append(Stopwatch(window, seconds, watch)),
        )
    return stopwatches[0]


def _coreless_s() -> float:
    """For how long this thread has been ready and had no core; 0 where that is not known."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


@contextlib.contextmanager
def _busy(processes: int) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_spin, daemon=True) for _ in range(processes)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _spin() -> None:
    while True:
        np.linalg.norm(np.ones((300, 300)) @ np.ones((300, 300)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clip", type=Path, nargs="?", default=demo_clip(), help="video (the built-in one)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to measure (60)")
    parser.add_argument("--busy", type=int, default=1, help="other processes that keep a core busy (1)")
    parser.add_argument("--where", action="store_true", help="print where the thread was when late")
    arguments = parser.parse_args()
    if not has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    watch = Watch(threading.get_ident()) if arguments.where else None
    try:
        with _busy(arguments.busy):
            measured = measure(arguments.clip, arguments.seconds, watch)
    finally:
        if watch is not None:
            watch.stop()
    gaps, coreless = np.array(measured.gaps_ms or [np.nan]), np.array(measured.coreless_ms or [0.0])
    print(f"{len(gaps)} turns in {gaps.sum() / 1000:.0f} s, the window said: {measured.numbers}")
    own, processor = np.maximum(0, gaps - coreless), np.array(measured.processor_ms or [0.0])
    for name, values in (
        ("between turns", gaps),
        ("without waiting for a core", own),
        ("of processor time", processor),
    ):
        print(
            f"{name}: longest {values.max():.1f} ms, 99.9 % within {np.quantile(values, 0.999):.1f} ms, "
            f"{(values > _LIMIT_MS).sum()} over {_LIMIT_MS:.0f} ms"
        )
    memory_mb = measured.memory_mb or [float("nan")]
    print(
        f"memory: {memory_mb[0]:.0f} MB in the beginning, {memory_mb[-1]:.0f} at the end, "
        f"{max(memory_mb):.0f} at most"
    )
    minutes = [memory_mb[at : at + 60] for at in range(0, len(memory_mb), 60)]
    print(f"memory at most, minute by minute: {' '.join(f'{max(minute):.0f}' for minute in minutes)} MB")
    ends_s = np.cumsum(gaps) / 1000
    worst = [f"{gaps[index]:.0f} ms at {ends_s[index]:.1f} s" for index in np.argsort(gaps)[:-6:-1]]
    print(f"the worst: {', '.join(worst)}")
    for place, samples in (watch.places if watch is not None else Counter()).most_common(8):
        print(f"{samples:5} samples at {place}")
    return int(not own.max() <= _LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
