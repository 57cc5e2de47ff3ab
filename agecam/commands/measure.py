"""What ``agecam bench`` measures: every frame of a file, the parts of a frame, live latency, the start."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from agecam.display import has_display
from agecam.drawing.annotate import annotate
from agecam.drawing.label_layout import LabelMemory
from agecam.errors import AgeCamError
from agecam.live.capture import SourceRequest
from agecam.live.session import Session
from agecam.live.state import SourceState
from agecam.messages import Person
from agecam.sources.base import Source
from agecam.sources.prefetch import PrefetchSource, each_frame
from agecam.vision.align import align_faces
from agecam.vision.analyzer import create_analyzer, create_classifier
from agecam.vision.detector import MediaPipeDetector
from agecam.vision.manifest import Runtime

STAGES: Final = ("decode", "detect", "align", "classify", "track", "draw")
PARTS: Final = ("decode", "detect", "classify", "draw")
_WARM_UP_FRAMES: Final = 10
_LIVE_WARM_UP_S: Final = 2.0
_SAMPLED_FRAMES: Final = 40
_PACED_FRAMES: Final = 100
_PROBE_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class FileMode:
    """Every frame of a file decoded, analysed and drawn, as ``agecam annotate`` does, nothing encoded.

    ``stages_ms`` are means a frame of the time each stage took; stages of several frames run at the same
    time, so they add up to more than ``frame_ms``. ``cpu_ms`` is processor time a frame, of all threads.
    ``people`` are the labelled people of each frame.
    """

    width: int
    height: int
    frame_ms: float
    cpu_ms: float
    stages_ms: Mapping[str, float]
    people: Sequence[tuple[Person, ...]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What nobody can do without, each part done alone: means a frame, by the clock and of the processor.

    ``decode``; ``detect``, one pass of both detectors over the whole picture; ``classify``, one batched
    call of each model for all labelled faces; ``draw``.
    """

    wall_ms: Mapping[str, float]
    cpu_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Live:
    """A clip at its own rate through the session of the window: rates a second, processor cores in use,
    and milliseconds from capture to annotated picture."""

    fps_captured: float
    fps_analysed: float
    cores: float
    latency_ms: Mapping[str, float]


class _Stopwatch:
    """Adds up time by the clock and of the processor, by name of what it was spent on."""

    def __init__(self) -> None:
        self.wall_ms: dict[str, float] = {}
        self.cpu_ms: dict[str, float] = {}

    @contextlib.contextmanager
    def time(self, name: str) -> Iterator[None]:
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        yield
        self.wall_ms[name] = self.wall_ms.get(name, 0.0) + (time.perf_counter() - wall_s) * 1000
        self.cpu_ms[name] = self.cpu_ms.get(name, 0.0) + (time.process_time() - cpu_s) * 1000


@contextlib.contextmanager
def _opened(source: Source) -> Iterator[Source]:
    source.open()
    try:
        yield source
    finally:
        source.close()


def measure_file_mode(source: Source, runtime: Runtime) -> FileMode:
    """Raises :class:`AgeCamError` for a clip that is too short."""
    reads_ms: list[float] = []
    reader = PrefetchSource(source, on_read=reads_ms.append)
    labels = LabelMemory()
    stages_ms = dict.fromkeys(STAGES, 0.0)
    people: list[tuple[Person, ...]] = []
    size = (0, 0)
    started_s = cpu_s = 0.0
    with create_analyzer(runtime=runtime) as analyzer, _opened(reader):
        with contextlib.closing(analyzer.analyze_all(each_frame(reader))) as analyses:
            for analysis in analyses:
                if len(people) == _WARM_UP_FRAMES:  # caches filled, interpreters sized
                    stages_ms = dict.fromkeys(STAGES, 0.0)
                    started_s, cpu_s = time.perf_counter(), time.process_time()
                drawn_s = time.perf_counter()
                annotate(analysis.frame.image_bgr, analysis.people, memory=labels)
                stages_ms["draw"] += (time.perf_counter() - drawn_s) * 1000
                for name, value_ms in analysis.stages_ms.items():
                    stages_ms[name] += value_ms
                people.append(tuple(one for one in analysis.people if one.confirmed))
                size = (analysis.frame.width, analysis.frame.height)
        frames = len(people) - _WARM_UP_FRAMES
        if frames < 1:
            raise AgeCamError(f"{source.name} is too short to measure; give a clip of a few seconds.")
        frame_ms = (time.perf_counter() - started_s) * 1000 / frames
        cpu_ms = (time.process_time() - cpu_s) * 1000 / frames
    stages_ms = {name: value / frames for name, value in stages_ms.items()}
    stages_ms["decode"] = float(np.mean(reads_ms[_WARM_UP_FRAMES:-1]))
    return FileMode(*size, frame_ms, cpu_ms, stages_ms, people)


def measure_parts(
    source: Source, runtime: Runtime, people: Sequence[tuple[Person, ...]], *, paced: bool = False
) -> Parts:
    """Measure on frames all over the clip; ``people`` says who is labelled in each of its frames.

    With ``paced``, on the first hundred frames at the clip's own rate: with pauses between them, in which
    cores fall asleep and caches are lost, every part takes longer than without.
    """
    watch = _Stopwatch()
    labels = LabelMemory()
    classifier = create_classifier(runtime)
    every = 1 if paced else max(1, len(people) // _SAMPLED_FRAMES)
    read = sampled = 0
    with MediaPipeDetector() as detector, _opened(source):
        started_s, pause_s = time.perf_counter(), 1 / (source.fps or 25.0)
        for index, present in enumerate(people[:_PACED_FRAMES] if paced else people):
            if paced:
                time.sleep(max(0.0, started_s + index * pause_s - time.perf_counter()))
            with watch.time("decode"):
                frame = source.read()
            if frame is None:
                break
            read += 1
            if index % every:
                continue
            image = frame.image_bgr
            crops = align_faces(image, [one.face for one in present])
            if not sampled:  # the first call of each is not like the others
                detector.detect(image)
                classifier.classify(crops)
            sampled += 1
            with watch.time("detect"):
                detector.detect(image)
            with watch.time("classify"):
                classifier.classify(crops)
            with watch.time("draw"):
                annotate(image, present, memory=labels)
    counts = {name: read if name == "decode" else sampled for name in PARTS}
    return Parts(
        {name: watch.wall_ms[name] / count for name, count in counts.items()},
        {name: watch.cpu_ms[name] / count for name, count in counts.items()},
    )


def measure_live(spec: str, runtime: Runtime, seconds: float) -> Live:
    """Play a file at its own rate, again and again, for so many seconds after two that warm up."""
    changed = threading.Event()
    live = Session(lambda: create_analyzer(runtime=runtime), changed.set)
    latencies_ms: list[float] = []
    started_s = cpu_s = 0.0
    live.start()
    try:
        live.show(SourceRequest(spec, loop=True))
        seen = None
        while not latencies_ms or time.monotonic() < started_s + seconds:
            changed.wait(0.5)
            changed.clear()
            shown = live.latest()
            if shown is not None and shown is not seen:
                now_s = time.monotonic()
                if seen is None:
                    started_s = now_s + _LIVE_WARM_UP_S
                seen = shown
                if now_s >= started_s:
                    if not latencies_ms:
                        started_s, cpu_s = now_s, time.process_time()
                    latencies_ms.append((now_s - shown.captured_s) * 1000)
            status = live.status()
            if status.state is SourceState.FAILED:
                raise AgeCamError(status.message)
        took_s = time.monotonic() - started_s
        cores = (time.process_time() - cpu_s) / took_s
        captured = live.status().statistics.fps_captured
    finally:
        live.close()
    values = np.percentile(latencies_ms, (50, 95, 99))
    latency_ms = {name: float(value) for name, value in zip(("p50", "p95", "p99"), values, strict=True)}
    return Live(captured, (len(latencies_ms) - 1) / took_s, cores, latency_ms)


def measure_start(clip: Path, runtime: Runtime) -> tuple[dict[str, float], float | None]:
    """Seconds to the window and to the first label in a new process, and its peak resident memory in MB."""
    environment = dict(os.environ)
    if not has_display():
        environment["QT_QPA_PLATFORM"] = "offscreen"
    started_s = time.time()
    done = subprocess.run(
        [sys.executable, "-m", "agecam.ui.start_probe", str(clip), runtime, repr(started_s)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_PROBE_TIMEOUT_S,
        check=False,
    )
    try:
        told = json.loads(done.stdout.splitlines()[-1])
        startup_s = {name: float(told[name]) for name in ("window", "first_label")}
    except (IndexError, KeyError, ValueError) as error:
        raise AgeCamError(
            "The window could not be started to measure it; `agecam doctor` may say why."
        ) from error
    return startup_s, told["rss_mb"]
