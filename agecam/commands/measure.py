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

from agecam.allocator import keep_freed_memory
from agecam.display import has_display
from agecam.drawing.annotate import Annotator
from agecam.errors import AgeCamError
from agecam.live.capture import SourceRequest
from agecam.live.pipeline import Pipeline
from agecam.live.session import Session
from agecam.live.state import SourceState
from agecam.messages import Person
from agecam.runtime import Runtime
from agecam.sources.base import Source
from agecam.sources.prefetch import PrefetchSource, each_frame
from agecam.vision.align import align_faces
from agecam.vision.analyzer import create_analyzer, create_classifier
from agecam.vision.detector import MediaPipeDetector
from agecam.vision.stage_clock import NetworkUsage

STAGES: Final = ("decode", "detect", "align", "classify", "track", "draw")
PARTS: Final = ("decode", "detect", "classify", "draw")
_PROBE_TIMEOUT_S: Final = 600.0
"""A net against a window that never opens, far above what any machine needs."""


@dataclass(frozen=True, slots=True)
class MeasureConfig:
    """How much is measured."""

    warm_up_frames: int = 10
    """Frames of a file before the measured ones: caches filled, interpreters sized."""
    sampled_frames: int = 40
    """Frames all over a clip on which its parts are measured one by one."""
    paced_frames: int = 100
    """Frames at the clip's own rate on which the same is done."""
    usual_fps: float = 25.0
    """Frames a second of a clip that tells none."""
    live_warm_up_s: float = 2.0
    """Seconds of a live run that are not counted."""
    live_s: float = 10.0
    """Seconds of a live run that are."""


DEFAULT_CONFIG: Final = MeasureConfig()


@dataclass(frozen=True, slots=True)
class FileMode:
    """Every frame of a file decoded, analysed and drawn, as ``agecam annotate`` does, nothing encoded.

    ``stages_ms`` are means a frame of the time each stage took; stages of several frames run at the same
    time, so they add up to more than ``frame_ms``. ``cpu_ms`` is processor time a frame, of all threads.
    ``people`` are the labelled people of each frame, ``networks`` means a frame by the networks' names.
    """

    width: int
    height: int
    frame_ms: float
    cpu_ms: float
    stages_ms: Mapping[str, float]
    people: Sequence[tuple[Person, ...]]
    networks: Mapping[str, NetworkUsage]


@dataclass(frozen=True, slots=True)
class Parts:
    """What nobody can do without, each part done alone: means a frame, by the clock and of the processor.

    ``decode``; ``detect``, one pass of both detectors over the whole frame; ``classify``, one batched
    call of each model for all labelled faces; ``draw``.
    """

    wall_ms: Mapping[str, float]
    cpu_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Live:
    """A clip at its own rate through the session of the window: rates a second, processor cores in use,
    and milliseconds from capture to annotated frame."""

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


def measure_file_mode(
    source: Source, runtime: Runtime, config: MeasureConfig = DEFAULT_CONFIG, *, models: Path | None = None
) -> FileMode:
    """Raises :class:`AgeCamError` for a clip that is too short."""
    keep_freed_memory()
    decode_ms: list[float] = []
    reader = PrefetchSource(source, on_read=decode_ms.append)
    stages_ms: list[Mapping[str, float]] = []
    people: list[tuple[Person, ...]] = []
    usage: Mapping[str, NetworkUsage] = {}
    size = (0, 0)
    started_s = cpu_s = 0.0
    with create_analyzer(runtime=runtime, models=models) as analyzer, _opened(reader):
        frames = Pipeline(analyzer).process_all(each_frame(reader), draw_plain=True)
        with contextlib.closing(frames) as annotated:
            for one in annotated:
                analysis = one.analysis
                stages_ms.append(analysis.stages_ms)
                people.append(tuple(person for person in analysis.people if person.confirmed))
                size = (analysis.frame.width, analysis.frame.height)
                if len(people) == config.warm_up_frames:
                    usage = analyzer.network_usage()
                    started_s, cpu_s = time.perf_counter(), time.process_time()
        measured = len(people) - config.warm_up_frames
        if measured < 1:
            raise AgeCamError(f"{source.name} is too short to measure; give a clip of a few seconds.")
        frame_ms = (time.perf_counter() - started_s) * 1000 / measured
        cpu_ms = (time.process_time() - cpu_s) * 1000 / measured
        networks = {
            name: one.per_frame(usage[name], measured) for name, one in analyzer.network_usage().items()
        }
    warm = stages_ms[config.warm_up_frames :]
    means_ms = {name: sum(stages.get(name, 0.0) for stages in warm) / measured for name in STAGES}
    means_ms["decode"] = float(np.mean(decode_ms[config.warm_up_frames : -1]))
    return FileMode(*size, frame_ms, cpu_ms, means_ms, people, networks)


def measure_parts(
    source: Source,
    runtime: Runtime,
    people: Sequence[tuple[Person, ...]],
    *,
    paced: bool = False,
    config: MeasureConfig = DEFAULT_CONFIG,
    models: Path | None = None,
) -> Parts:
    """Measure on frames all over the clip; ``people`` says who is labelled in each of its frames.

    With ``paced``, on the first hundred frames at the clip's own rate: with pauses between them, in which
    cores fall asleep and caches are lost, every part takes longer than without.
    """
    watch = _Stopwatch()
    annotator = Annotator()
    classifier = create_classifier(runtime, models)
    every = 1 if paced else max(1, len(people) // config.sampled_frames)
    read = sampled = 0
    with MediaPipeDetector() as detector, _opened(source):
        started_s, pause_s = time.perf_counter(), 1 / (source.fps or config.usual_fps)
        for index, present in enumerate(people[: config.paced_frames] if paced else people):
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
                annotator.draw(image, present, frame.time_s)
    counts = {name: read if name == "decode" else sampled for name in PARTS}
    return Parts(
        {name: watch.wall_ms[name] / count for name, count in counts.items()},
        {name: watch.cpu_ms[name] / count for name, count in counts.items()},
    )


def measure_live(
    spec: str, runtime: Runtime, config: MeasureConfig = DEFAULT_CONFIG, *, models: Path | None = None
) -> Live:
    """Play a file at its own rate, again and again, for some seconds after those that warm up."""
    changed = threading.Event()
    live = Session(lambda: create_analyzer(runtime=runtime, models=models), changed.set)
    latencies_ms: list[float] = []
    started_s = cpu_s = 0.0
    live.start()
    try:
        live.show(SourceRequest(spec, loop=True))
        seen = None
        while not latencies_ms or time.monotonic() < started_s + config.live_s:
            changed.wait(0.5)
            changed.clear()
            latest = live.latest()
            if latest is not None and latest is not seen:
                now_s = time.monotonic()
                if seen is None:
                    started_s = now_s + config.live_warm_up_s
                seen = latest
                if now_s >= started_s:
                    if not latencies_ms:
                        started_s, cpu_s = now_s, time.process_time()
                    latencies_ms.append((now_s - latest.captured_s) * 1000)
            source = live.state().source
            if source.state is SourceState.FAILED:
                raise AgeCamError(source.message)
        took_s = time.monotonic() - started_s
        cores = (time.process_time() - cpu_s) / took_s
        captured = live.statistics().fps_captured
    finally:
        live.close()
    values = np.percentile(latencies_ms, (50, 95, 99))
    latency_ms = {name: float(value) for name, value in zip(("p50", "p95", "p99"), values, strict=True)}
    return Live(captured, (len(latencies_ms) - 1) / took_s, cores, latency_ms)


def measure_start(
    clip: Path, runtime: Runtime, models: Path | None = None
) -> tuple[dict[str, float], float | None]:
    """Seconds to the window and to the first label in a new process, and its peak resident memory in MB."""
    environment = dict(os.environ)
    if not has_display():
        environment["QT_QPA_PLATFORM"] = "offscreen"
    started_s = time.time()
    done = subprocess.run(
        [sys.executable, "-m", "agecam.ui.start_probe", str(clip), runtime, repr(started_s)]
        + ([] if models is None else [str(models)]),
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
