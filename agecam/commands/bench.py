"""``agecam bench``: how fast it is here, stage by stage, measured and not guessed."""

from __future__ import annotations

import contextlib
import json
import statistics
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agecam.commands.arguments import BenchArguments
from agecam.commands.console import printable
from agecam.commands.measure import (
    DEFAULT_CONFIG,
    STAGES,
    FileMode,
    Live,
    MeasureConfig,
    Parts,
    measure_file_mode,
    measure_live,
    measure_parts,
    measure_start,
)
from agecam.commands.scene import write_scene
from agecam.paths import demo_clip
from agecam.runtime import Runtime
from agecam.settings import models_folder
from agecam.sources import open_source


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Figures of one clip: rates in frames a second, times as their names say, memory in MB of 10^6 bytes.

    ``fps`` is in file mode, every frame decoded, analysed and drawn, nothing encoded; ``stages_ms`` are means
    a frame of the same run, ``cpu_ms`` the processor time a frame. ``networks`` has, by its name, how often
    each network ran a frame, on how many images, and the processor time of that, also a frame.
    ``latency_ms`` is from capture to annotated frame while the clip plays at its own rate, and ``live`` says
    how many frames a second were captured and analysed then, on how many cores. ``startup_s`` counts from the
    start of a new process, whose peak memory is ``rss_mb`` (``None`` on Windows).

    ``unavoidable_ms`` and ``unavoidable_cpu_ms`` are the parts that no design can leave out, each done alone,
    one frame after the other; ``unavoidable_live_ms`` are the same at the clip's own rate, which takes longer
    (processors slow down and caches empty between frames). ``overhead`` is by what share a figure exceeds the
    sum of its parts: ``frame`` and ``cpu`` in file mode, ``latency`` at the median. It is below 0 where work
    is spared or done on several cores at a time.
    """

    clip: str
    frames: int
    width: int
    height: int
    faces_mean: float
    fps: float
    stages_ms: Mapping[str, float]
    networks: Mapping[str, Mapping[str, float]]
    cpu_ms: float
    unavoidable_ms: Mapping[str, float]
    unavoidable_cpu_ms: Mapping[str, float]
    unavoidable_live_ms: Mapping[str, float]
    overhead: Mapping[str, float]
    latency_ms: Mapping[str, float]
    live: Mapping[str, float]
    startup_s: Mapping[str, float]
    rss_mb: float | None
    runtime: str


def run_bench(arguments: BenchArguments, config: MeasureConfig = DEFAULT_CONFIG) -> int:
    """Measure as often as asked for, print the medians, and return the exit code 0."""
    runtime, runs = arguments.runtime, arguments.runs
    models = models_folder(arguments.models)
    with _clip(arguments.clip, arguments.faces) as (path, name):
        measured = _Measured()
        for number in range(1, runs + 1):
            with _telling("every frame", number, runs):
                measured.files.append(
                    measure_file_mode(open_source(str(path)), runtime, config, models=models)
                )
            with _telling("what cannot be avoided", number, runs):
                people = measured.files[-1].people
                for paced, parts in ((False, measured.parts), (True, measured.paced_parts)):
                    source = open_source(str(path))
                    parts.append(
                        measure_parts(source, runtime, people, paced=paced, config=config, models=models)
                    )
            with _telling("live latency", number, runs):
                measured.lives.append(measure_live(str(path), runtime, config, models=models))
            with _telling("the start", number, runs):
                measured.starts.append(measure_start(path, runtime, models))
    result = _summary(name, runtime, measured)
    if arguments.as_json:
        # "engine" is what "runtime" was called before, for one release.
        typer.echo(json.dumps({**asdict(result), "engine": result.runtime}))
    else:
        _print(result)
    return 0


@dataclass(frozen=True, slots=True)
class _Measured:
    """One entry a run of each."""

    files: list[FileMode] = field(default_factory=list)
    parts: list[Parts] = field(default_factory=list)
    paced_parts: list[Parts] = field(default_factory=list)
    lives: list[Live] = field(default_factory=list)
    starts: list[tuple[dict[str, float], float | None]] = field(default_factory=list)


def _telling(what: str, number: int, runs: int) -> contextlib.AbstractContextManager[object]:
    of = f" ({number} of {runs})" if runs > 1 else ""
    return Console(stderr=True).status(f"Measuring {what}{of}…")


@contextlib.contextmanager
def _clip(clip: Path | None, faces: int | None) -> Iterator[tuple[Path, str]]:
    """The clip to measure, and what to call it; a made-up scene becomes a video like any other."""
    if faces is None:
        path = clip or demo_clip()
        yield path, path.name
        return
    with tempfile.TemporaryDirectory(prefix="agecam-") as folder:
        path = Path(folder) / "scene.mp4"
        write_scene(path, faces)
        yield path, f"{faces} moving face{'s' if faces > 1 else ''}"


def _summary(name: str, runtime: Runtime, measured: _Measured) -> Benchmark:
    files, parts, lives = measured.files, measured.parts, measured.lives
    people = files[0].people
    frame_ms = statistics.median(one.frame_ms for one in files)
    cpu_ms = statistics.median(one.cpu_ms for one in files)
    wall = _with_sum(_medians((one.wall_ms for one in parts), 3))
    cpu = _with_sum(_medians((one.cpu_ms for one in parts), 3))
    # What has been captured is decoded already.
    live = _with_sum(_without_decode(_medians((one.wall_ms for one in measured.paced_parts), 3)))
    latency_ms = _medians((one.latency_ms for one in lives), 1)
    peaks_mb = [peak for _, peak in measured.starts if peak is not None]
    return Benchmark(
        clip=name,
        frames=len(people),
        width=files[0].width,
        height=files[0].height,
        faces_mean=round(sum(map(len, people)) / len(people), 2),
        fps=round(1000 / frame_ms, 1),
        stages_ms=_medians(({name: one.stages_ms[name] for name in STAGES} for one in files), 3),
        networks={
            name: _medians((asdict(one.networks[name]) for one in files), 3) for name in files[0].networks
        },
        cpu_ms=round(cpu_ms, 2),
        unavoidable_ms=wall,
        unavoidable_cpu_ms=cpu,
        unavoidable_live_ms=live,
        overhead={
            "frame": round(frame_ms / wall["sum"] - 1, 3),
            "cpu": round(cpu_ms / cpu["sum"] - 1, 3),
            "latency": round(latency_ms["p50"] / live["sum"] - 1, 3),
        },
        latency_ms=latency_ms,
        live=_medians(
            (
                {"fps_captured": one.fps_captured, "fps_analysed": one.fps_analysed, "cores": one.cores}
                for one in lives
            ),
            2,
        ),
        startup_s=_medians((times_s for times_s, _ in measured.starts), 2),
        rss_mb=round(max(peaks_mb), 1) if peaks_mb else None,
        runtime=runtime,
    )


def _medians(figures: Iterable[Mapping[str, float]], digits: int) -> dict[str, float]:
    runs = list(figures)
    return {name: round(statistics.median(run[name] for run in runs), digits) for name in runs[0]}


def _without_decode(parts: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in parts.items() if name != "decode"}


def _with_sum(parts: dict[str, float]) -> dict[str, float]:
    return {**parts, "sum": round(sum(parts.values()), 3)}


def _network_ms(usage: Mapping[str, float]) -> float:
    return sum(value for name, value in usage.items() if name.endswith("_ms"))


def _print(result: Benchmark) -> None:
    title = printable(f"{result.clip}, {result.width} x {result.height}")
    table = Table("figure", "value", "unavoidable", title=Text(title))
    parts_ms, overhead = result.unavoidable_ms, result.overhead
    rows: list[tuple[str, ...]] = [
        ("frames", str(result.frames)),
        ("faces a frame", f"{result.faces_mean}"),
        (
            "frames a second, nothing encoded",
            f"{result.fps}",
            f"{1000 / parts_ms['sum']:.1f} one after the other",
        ),
        ("time a frame, ms", f"{1000 / result.fps:.2f} ({overhead['frame']:+.0%})", f"{parts_ms['sum']:.2f}"),
        (
            "processor time a frame, ms",
            f"{result.cpu_ms:.2f} ({overhead['cpu']:+.0%})",
            f"{result.unavoidable_cpu_ms['sum']:.2f}",
        ),
        *(
            (f"{name}, ms a frame", f"{value:.2f}", f"{parts_ms[name]:.2f}" if name in parts_ms else "")
            for name, value in result.stages_ms.items()
        ),
        *(
            (
                f"{name} network, runs a frame",
                f"{one['runs']:.2f}, {_network_ms(one):.2f} ms of the processor",
            )
            for name, one in result.networks.items()
        ),
        (
            "latency p50, ms",
            f"{result.latency_ms['p50']} ({overhead['latency']:+.0%})",
            f"{result.unavoidable_live_ms['sum']:.2f}",
        ),
        *((f"latency {name}, ms", f"{result.latency_ms[name]}") for name in ("p95", "p99")),
        ("live: frames a second captured", f"{result.live['fps_captured']}"),
        ("live: frames a second analysed", f"{result.live['fps_analysed']}"),
        ("live: cores in use", f"{result.live['cores']}"),
        ("start to window, s", f"{result.startup_s['window']}"),
        ("start to first label, s", f"{result.startup_s['first_label']}"),
        ("memory at most, MB", "unknown" if result.rss_mb is None else f"{result.rss_mb}"),
    ]
    for row in rows:
        table.add_row(*row)
    Console().print(table)
