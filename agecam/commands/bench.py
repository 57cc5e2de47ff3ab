"""``agecam bench``: how fast it is here, stage by stage, measured and not guessed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from agecam.commands.scene import FacesScene
from agecam.display import has_display
from agecam.engine.capture import SourceRequest
from agecam.engine.engine import Engine as LiveEngine
from agecam.engine.state import SourceState
from agecam.errors import AgeCamError
from agecam.messages import Frame
from agecam.paths import demo_clip
from agecam.sources import open_source
from agecam.sources.base import Source
from agecam.vision.analyzer import Analyzer, Engine, create_analyzer
from agecam.vision.annotate import annotate
from agecam.vision.place import LabelMemory

_STAGES: Final = ("decode", "detect", "align", "classify", "track", "draw")
_WARM_UP_FRAMES: Final = 10
_LIVE_S: Final = 12.0
_PROBE_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Figures of one clip: rates in frames a second, times as their names say, memory in MB of 10^6 bytes.

    ``fps`` is in file mode, every frame decoded, analysed and drawn, nothing encoded; ``stages_ms`` are means
    a frame of the same run. ``latency_ms`` is from capture to annotated picture while the clip plays at its
    own rate. ``startup_s`` counts from the start of a new process.
    """

    clip: str
    frames: int
    width: int
    height: int
    faces_mean: float
    fps: float
    stages_ms: Mapping[str, float]
    latency_ms: Mapping[str, float]
    startup_s: Mapping[str, float]
    rss_mb: float
    engine: str


def run_bench(clip: Path | None, *, faces: int | None, as_json: bool, engine: Engine) -> int:
    """Measure, print, and return the exit code 0."""
    path = clip or demo_clip()
    source: Source = FacesScene(faces) if faces is not None else open_source(str(path))
    with Console(stderr=True).status("Measuring every frame…"):
        file_mode = _file_mode(source, engine)
    with Console(stderr=True).status("Measuring live latency…"):
        latency_ms = _live_latency(str(path), engine) if faces is None else {}
    with Console(stderr=True).status("Measuring the start…"):
        startup_s, rss_mb = _start_up(path, engine)
    result = Benchmark(
        clip=source.name,
        frames=file_mode.frames,
        width=file_mode.width,
        height=file_mode.height,
        faces_mean=round(file_mode.faces / max(1, file_mode.frames), 2),
        fps=round(file_mode.frames / file_mode.seconds, 1),
        stages_ms={name: round(file_mode.stages_ms.get(name, 0.0), 3) for name in _STAGES},
        latency_ms=latency_ms,
        startup_s=startup_s,
        rss_mb=rss_mb,
        engine=engine,
    )
    if as_json:
        typer.echo(json.dumps(asdict(result)))
    else:
        _print(result)
    return 0


@dataclass(slots=True)
class _FileMode:
    stages_ms: dict[str, float]
    frames: int = 0
    faces: int = 0
    width: int = 0
    height: int = 0
    seconds: float = 0.0


def _file_mode(source: Source, engine: Engine) -> _FileMode:
    result = _FileMode(dict.fromkeys(_STAGES, 0.0))
    labels = LabelMemory()
    started_s: float | None = None
    with create_analyzer(engine=engine) as analyzer:
        source.open()
        try:
            for number, frame in enumerate(_timed_frames(source, result)):
                if number == _WARM_UP_FRAMES:  # caches filled, interpreters sized
                    result.stages_ms = dict.fromkeys(_STAGES, 0.0)
                    result.frames = result.faces = 0
                    started_s = time.perf_counter()
                _one_frame(analyzer, frame, labels, result)
        finally:
            source.close()
    if started_s is None:
        raise AgeCamError(f"{source.name} is too short to measure; give a clip of a few seconds.")
    result.seconds = time.perf_counter() - started_s
    result.stages_ms = {name: value / result.frames for name, value in result.stages_ms.items()}
    return result


def _timed_frames(source: Source, result: _FileMode) -> Iterator[Frame]:
    while True:
        started_s = time.perf_counter()
        frame = source.read()
        result.stages_ms["decode"] += (time.perf_counter() - started_s) * 1000
        if frame is None:
            return
        yield frame


def _one_frame(analyzer: Analyzer, frame: Frame, labels: LabelMemory, result: _FileMode) -> None:
    analysis = analyzer.analyze(frame)
    started_s = time.perf_counter()
    annotate(frame.image_bgr, analysis.people, memory=labels)
    result.stages_ms["draw"] += (time.perf_counter() - started_s) * 1000
    for name, value_ms in analysis.stages_ms.items():
        result.stages_ms[name] += value_ms
    result.frames += 1
    result.faces += sum(person.settled for person in analysis.people)
    result.width, result.height = frame.width, frame.height


def _live_latency(spec: str, engine: Engine) -> dict[str, float]:
    """From capture to annotated picture, in milliseconds, over some seconds of the clip at its own rate."""
    changed = threading.Event()
    live = LiveEngine(lambda: create_analyzer(engine=engine), changed.set)
    latencies_ms: list[float] = []
    seen = None
    live.start()
    try:
        live.show(SourceRequest(spec, loop=True))
        until_s = time.monotonic() + _LIVE_S
        while time.monotonic() < until_s:
            changed.wait(0.5)
            changed.clear()
            shown = live.latest()
            if shown is not None and shown is not seen:
                seen = shown
                latencies_ms.append((time.monotonic() - shown.captured_s) * 1000)
        status = live.status()
        if status.state is SourceState.FAILED:
            raise AgeCamError(status.message)
    finally:
        live.close()
    settled = latencies_ms[_WARM_UP_FRAMES:] or [0.0]
    values = np.percentile(settled, (50, 95, 99))
    return {name: round(float(value), 1) for name, value in zip(("p50", "p95", "p99"), values, strict=True)}


def _start_up(clip: Path, engine: Engine) -> tuple[dict[str, float], float]:
    """Seconds to the window and to the first label in a new process, and its peak resident memory in MB."""
    environment = dict(os.environ)
    if not has_display():
        environment["QT_QPA_PLATFORM"] = "offscreen"
    started_s = time.time()
    done = subprocess.run(
        [sys.executable, "-m", "agecam.ui.start_probe", str(clip), engine, repr(started_s)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_PROBE_TIMEOUT_S,
        check=False,
    )
    try:
        times = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise AgeCamError(
            "The window could not be started to measure it; `agecam doctor` may say why."
        ) from error
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 1e6
    return {name: round(float(times[name]), 2) for name in ("window", "first_label")}, round(peak, 1)


def _print(result: Benchmark) -> None:
    table = Table("figure", "value", title=f"{result.clip}, {result.width} x {result.height}")
    rows = [
        ("frames", str(result.frames)),
        ("faces a frame", f"{result.faces_mean}"),
        ("frames a second, nothing encoded", f"{result.fps}"),
        *((f"{name}, ms a frame", f"{value:.2f}") for name, value in result.stages_ms.items()),
        *((f"latency {name}, ms", f"{value}") for name, value in result.latency_ms.items()),
        ("start to window, s", f"{result.startup_s['window']}"),
        ("start to first label, s", f"{result.startup_s['first_label']}"),
        ("memory at most, MB", f"{result.rss_mb}"),
    ]
    for row in rows:
        table.add_row(*row)
    Console().print(table)
