"""Processor time of the live window by what it shows: moving faces, a still scene, a paused file, no camera.

    python -m benchmarks.live_cost [STATE ...] [--seconds 10] [--no-window] [--json]

States are ``N`` or ``N@WxH`` (so many moving faces; 1280x720 unless said), ``still`` (one face that does not
move, with the noise of a sensor), ``paused`` (a file) and ``none`` (no camera). Without one all of
``STATES`` are measured. Each is measured in a process of its own, in the real window, off screen where
there is no display, or with ``--no-window`` in the session alone.

Moving and still scenes are encoded as a video file, decoded, and handed on as a camera does, 30 times a
second in the clock of the frames. The next frame comes when the last is shown, and no sooner than a camera
would give it: so none is dropped however busy the machine is, and the cores that are told are processor time
a frame times 30. What a timer does counts by the clock. ``paused`` and ``none`` are by the clock alone.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from PyQt6.QtCore import QObject, QTimer

from agecam.display import has_display
from agecam.errors import AgeCamError
from agecam.live.capture import SourceOpener, SourceRequest
from agecam.live.pipeline import AnnotatedFrame
from agecam.live.session import Session
from agecam.live.state import SourceState
from agecam.messages import Frame
from agecam.settings import Settings
from agecam.sources import open_source
from agecam.ui import app
from agecam.ui.options import StartOptions
from agecam.ui.window import MainWindow
from agecam.vision.analyzer import create_analyzer
from benchmarks.live_scenes import FPS, STATES, known_state, write_clip

WARM_UP_S: Final = 12.0
"""In the clock of the frames: a track is settled then, its models run least often."""


@dataclass(frozen=True, slots=True)
class LiveCost:
    """Of one state: processor cores in use at 30 frames a second, by the names of threads too.

    ``latency_ms_p95`` is from capture to the screen, ``None`` where no frames come.
    """

    state: str
    cores: float
    threads: Mapping[str, float]
    fps: float
    latency_ms_p95: float | None


class Camera:
    """Gives a file over and over as a camera gives frames: the next when the last was shown and its time has
    come. A :class:`agecam.sources.base.Source`.

    With ``in_memory`` frames are decoded once, since it takes longer to decode noise than to look at it.
    """

    is_live = True
    is_camera = True
    fps = FPS
    frame_count = None

    def __init__(self, path: Path, *, in_memory: bool = False) -> None:
        self.name = path.name
        self.shown = threading.Event()
        """To be set when the last frame was shown."""
        self.has_ended = False
        self._path = path
        self._in_memory = in_memory
        self._frames: Iterator[Frame] = iter(())
        self._index = 0
        self._due_s = self._began_s = 0.0

    def open(self) -> None:
        """Open the file."""
        frames = self._decoded()
        self._frames = itertools.cycle(list(frames)) if self._in_memory else frames
        self._due_s = self._began_s = time.monotonic()

    def read(self) -> Frame | None:
        """Frame ``n`` is of the time ``n / 30`` s, whenever it comes."""
        if self._index:
            self.shown.wait()
            self.shown.clear()
        if self.has_ended:
            return None
        frame = next(self._frames)
        time.sleep(max(0.0, self._due_s - time.monotonic()))
        self._due_s = max(self._due_s, time.monotonic()) + 1 / FPS
        frame = replace(frame, time_s=self._began_s + self._index / FPS, index=self._index)
        self._index += 1
        return frame

    def end(self) -> None:
        """Give no more frames, to whoever waits for one either."""
        self.has_ended = True
        self.shown.set()

    def close(self) -> None:
        """Nothing is held open but by a generator."""
        self._frames = iter(())

    def _decoded(self) -> Iterator[Frame]:
        while True:
            source = open_source(str(self._path))
            source.open()
            while (frame := source.read()) is not None:
                yield frame
            source.close()
            if self._in_memory:
                return


class Meter:
    """Takes the processor time of all threads between two moments."""

    def __init__(self) -> None:
        self.frames = 0
        self.latencies_ms: list[float] = []
        self._begun: tuple[float, float, dict[str, float]] | None = None

    @property
    def has_begun(self) -> bool:
        return self._begun is not None

    def begin(self) -> None:
        self._begun = time.monotonic(), time.process_time(), _thread_seconds()

    def end(self, state: str) -> LiveCost:
        """What was used a second since; where frames came, for 30 of them."""
        assert self._begun is not None
        began_s, cpu_s, by_thread = self._begun
        took_s = time.monotonic() - began_s
        counted_s = self.frames / FPS if self.frames else took_s
        threads = {
            name: round((seconds - by_thread.get(name, 0.0)) / counted_s, 4)
            for name, seconds in _thread_seconds().items()
        }
        return LiveCost(
            state,
            (time.process_time() - cpu_s) / counted_s,
            {name: cores for name, cores in threads.items() if cores >= 0.0005},
            self.frames / took_s,
            float(np.percentile(self.latencies_ms, 95)) if self.latencies_ms else None,
        )


def _thread_seconds() -> dict[str, float]:
    """Processor time of each thread of Python's, and of all others together; Linux alone tells it."""
    names = {one.native_id: one.name for one in threading.enumerate()}
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    seconds: dict[str, float] = {}
    for task in Path("/proc/self/task").glob("*/stat"):
        fields = task.read_text().rpartition(")")[2].split()
        name = names.get(int(task.parent.name), "native")
        seconds[name] = seconds.get(name, 0.0) + (int(fields[11]) + int(fields[12])) * tick_s
    return seconds


class Frames:
    """Counts frames that are shown, and asks the camera for the next."""

    def __init__(self, camera: Camera, meter: Meter, seconds: float, on_end: Callable[[], None]) -> None:
        self._camera, self._meter, self._on_end = camera, meter, on_end
        self._left = round(seconds * FPS)
        self._warm_up = round(WARM_UP_S * FPS)
        self._last: AnnotatedFrame | None = None

    def show(self, annotated: AnnotatedFrame) -> None:
        """A frame is shown, perhaps not for the first time."""
        if annotated is self._last or self._left < 0:
            return
        self._last = annotated
        meter = self._meter
        if self._warm_up:
            self._warm_up -= 1
        elif not meter.has_begun:
            meter.begin()
        elif self._left:
            self._left -= 1
            meter.frames += 1
            meter.latencies_ms.append((time.monotonic() - annotated.captured_s) * 1000)
        else:
            self._left = -1
            self._camera.end()
            self._on_end()
        self._camera.shown.set()


class _Window(QObject):
    """Measures a window and closes it."""

    def __init__(self, window: MainWindow, state: str, camera: Camera | None, seconds: float) -> None:
        super().__init__(window)
        self.meter = Meter()
        self.cost: LiveCost | None = None
        self.failure: str | None = None
        self._window, self._state, self._seconds, self._camera = window, state, seconds, camera
        self._failure = QTimer(self)
        self._failure.timeout.connect(self._close_on_failure)
        self._failure.start(1000)
        if camera is not None:
            self._frames = Frames(camera, self.meter, seconds, self._end)  # a connection holds it not
            window.frame_shown.connect(self._frames.show)
        else:
            QTimer.singleShot(3000, self._pause)
            QTimer.singleShot(5000, self._begin)

    def _close_on_failure(self) -> None:
        """Without frames nothing else would ever end it."""
        if (failure := failure_of(self._window.session)) is not None:
            self.failure = failure
            if self._camera is not None:
                self._camera.end()
            self._window.close_without_asking()

    def _pause(self) -> None:
        if self._state == "paused":
            self._window.session.playback.pause(True)

    def _begin(self) -> None:
        self.meter.begin()
        QTimer.singleShot(round(self._seconds * 1000), self._end)

    def _end(self) -> None:
        self.cost = self.meter.end(self._state)
        self._window.close_without_asking()


def measure_window(state: str, path: Path | None, seconds: float, folder: Path) -> LiveCost:
    """One state in the real window."""
    camera = Camera(path, in_memory=state == "still") if path is not None and state != "paused" else None
    opener = SourceOpener(list_cameras=list)
    if camera is not None:
        opener = SourceOpener(open_source=lambda _spec: camera, list_cameras=list)
    settings = folder / "settings.json"
    Settings(has_agreed=True).save(settings)
    windows: list[_Window] = []
    app.run_window(
        lambda on_change: Session(create_analyzer, on_change, opener=opener),
        StartOptions(None if path is None else str(path), loop=True),
        settings_path=settings,
        on_window=lambda window: windows.append(_Window(window, state, camera, seconds)),
    )
    if windows[0].cost is None:
        raise AgeCamError(windows[0].failure or f"{state} was not measured: the window closed before.")
    return windows[0].cost


def measure_session(state: str, path: Path, seconds: float) -> LiveCost:
    """One state of frames without a window."""
    changed, ended, meter, camera = (
        threading.Event(),
        threading.Event(),
        Meter(),
        Camera(path, in_memory=state == "still"),
    )
    session = Session(
        create_analyzer, changed.set, opener=SourceOpener(open_source=lambda _spec: camera, list_cameras=list)
    )
    costs: list[LiveCost] = []

    def end() -> None:
        costs.append(meter.end(state))
        ended.set()

    frames = Frames(camera, meter, seconds, end)
    session.start()
    try:
        session.show(SourceRequest(str(path)))
        while not ended.is_set():
            changed.wait(0.5)
            changed.clear()
            if (failure := failure_of(session)) is not None:
                camera.end()
                raise AgeCamError(failure)
            latest = session.latest()
            if latest is not None:
                frames.show(latest)
    finally:
        session.close()
    return costs[0]


def failure_of(session: Session) -> str | None:
    """Why there will be no more frames, if so."""
    source = session.state().source
    has_failed = source.state in (SourceState.ANALYSIS_FAILED, SourceState.FAILED)
    return source.message if has_failed else None


def measure(state: str, seconds: float, *, window: bool, clip: Path | None = None) -> LiveCost:
    """One state, in this process."""
    with tempfile.TemporaryDirectory(prefix="agecam-") as name:
        folder = Path(name)
        path = clip
        if clip is None and state != "none":
            path = folder / "scene.mp4"
            write_clip(path, state)
        if window or path is None or state == "paused":
            return measure_window(state, path, seconds, folder)
        return measure_session(state, path, seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "states", nargs="*", type=known_state, metavar="STATE", help=f"what is shown ({' '.join(STATES)})"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="how much of it is measured (10)")
    parser.add_argument("--clip", type=Path, help="a video in place of the made-up scene")
    parser.add_argument("--no-window", action="store_true", help="the session alone")
    parser.add_argument("--json", action="store_true", help="print a JSON line a state")
    parser.add_argument(
        "--here", action="store_true", help="in this process, the first state alone (used by itself)"
    )
    options = parser.parse_args()
    if not has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    states = options.states or list(STATES)
    if options.here:
        try:
            cost = measure(states[0], options.seconds, window=not options.no_window, clip=options.clip)
        except AgeCamError as error:
            print(error, file=sys.stderr)
            return 1
        print(json.dumps(asdict(cost)) if options.json else _line(cost))
        return 0
    rest = ["--seconds", str(options.seconds)]
    rest += ["--no-window"] if options.no_window else []
    rest += ["--json"] if options.json else []
    rest += ["--clip", str(options.clip)] if options.clip else []
    for state in states:
        one = [sys.executable, "-m", "benchmarks.live_cost", state, "--here", *rest]
        if code := subprocess.run(one, check=False).returncode:
            return code
    return 0


def _line(cost: LiveCost) -> str:
    by_thread = ", ".join(
        f"{name} {cores:.3f}" for name, cores in sorted(cost.threads.items(), key=lambda one: -one[1])
    )
    latency = "" if cost.latency_ms_p95 is None else f", delay {cost.latency_ms_p95:.0f} ms (95 %)"
    return f"{cost.state}: {cost.cores:.3f} cores{latency} ({cost.fps:.1f} fps here); {by_thread}"


if __name__ == "__main__":
    sys.exit(main())
