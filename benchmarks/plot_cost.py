"""Draw how the cost of a frame grows with the number of faces and with the resolution.

    python -m benchmarks.plot_cost docs/cost.png

Made-up scenes of moving faces are encoded, then decoded, analysed and drawn as ``agecam annotate`` does; see
``agecam bench``. Best on a machine that does nothing else: it takes some minutes. What other programs need
for a frame of a clip stands in a file that ``benchmarks.peers --json`` wrote, and is drawn beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from agecam.commands.measure import measure_file_mode, measure_parts
from agecam.commands.scene import write_scene
from agecam.sources import open_source

FACES: Final = (1, 2, 5, 10, 20)
SIZES: Final = {"480p": (640, 480), "720p": (1280, 720), "1080p": (1920, 1080), "4K": (3840, 2160)}
FACES_AT_SIZES: Final = 5
REAL_TIME_MS: Final = 1000 / 30
_FRAME, _CPU = "#0072B2", "#D55E00"
_MARKERS: Final = ("*", "D", "P", "X", "p", "h")
PEERS_SIZE: Final = "720p"
"""Of the clip on which other programs are measured."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a frame, milliseconds: by the clock, of processor, and of the parts that cannot be avoided."""

    frame_ms: float
    cpu_ms: float
    unavoidable_ms: float


@dataclass(frozen=True, slots=True)
class Peer:
    """A program on the one clip: mean faces, milliseconds a frame by the clock and of processor."""

    name: str
    faces: float
    frame_ms: float
    cpu_ms: float


def read_peers(path: Path) -> list[Peer]:
    """The programs of a file that ``benchmarks.peers --json`` wrote, that AgeCam's drawing is not part of."""
    programs = json.loads(path.read_text(encoding="utf-8")).items()
    return [
        Peer(name, one["faces"], 1000 / one["fps"], one["cpu_ms"])
        for name, one in programs
        if "drawing" not in name
    ]


def measure(faces: int, size: tuple[int, int], runs: int) -> Cost:
    """Medians of ``runs`` runs."""
    with tempfile.TemporaryDirectory(prefix="agecam-") as folder:
        path = Path(folder) / "scene.mp4"
        write_scene(path, faces, *size)
        files = [measure_file_mode(open_source(str(path)), "litert") for _ in range(runs)]
        parts = [measure_parts(open_source(str(path)), "litert", files[0].people) for _ in range(runs)]
    return Cost(
        statistics.median(one.frame_ms for one in files),
        statistics.median(one.cpu_ms for one in files),
        statistics.median(sum(one.wall_ms.values()) for one in parts),
    )


def draw(
    path: Path, by_faces: Mapping[int, Cost], by_size: Mapping[str, Cost], peers: Sequence[Peer]
) -> None:
    """Two panels side by side, with the programs that fit in; the cost of the others is told below."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
    near, beyond = split_peers(peers, [*by_faces.values(), *by_size.values()])
    _panel(left, list(by_faces), list(by_faces.values()))
    _points(left, [one.faces for one in near], near)
    left.set(title="1280 x 720", xlabel="faces", ylabel="milliseconds a frame")
    left.set_xticks(list(by_faces))
    left.set_ylim(bottom=0)
    _panel(right, list(range(len(by_size))), list(by_size.values()))
    if PEERS_SIZE in by_size:
        _points(right, [list(by_size).index(PEERS_SIZE)] * len(near), near)
    right.set(title=f"{FACES_AT_SIZES} faces", xlabel="resolution")
    right.set_xticks(range(len(by_size)), list(by_size))
    right.set_ylim(bottom=0)
    handles, labels = left.get_legend_handles_labels()
    told = ", ".join(f"{one.name} {one.cpu_ms:.0f}" for one in beyond)
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize="small",
        title=f"Beyond the plot, processor ms a frame of the clip: {told}" if told else None,
        title_fontsize="small",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def split_peers(peers: Sequence[Peer], costs: Sequence[Cost]) -> tuple[list[Peer], list[Peer]]:
    """Those that leave what is measured of AgeCam at least half the height of the plot, and the others."""
    most_ms = 2 * max(REAL_TIME_MS, *(max(one.frame_ms, one.cpu_ms, one.unavoidable_ms) for one in costs))
    near = [one for one in peers if max(one.frame_ms, one.cpu_ms) <= most_ms]
    return near, [one for one in peers if one not in near]


def _panel(axes: Any, x: Sequence[int], costs: Sequence[Cost]) -> None:
    axes.plot(x, [one.frame_ms for one in costs], "o-", color=_FRAME, label="time a frame, two cores")
    axes.plot(x, [one.cpu_ms for one in costs], "s-", color=_CPU, label="processor time a frame")
    axes.plot(
        x,
        [one.unavoidable_ms for one in costs],
        "^--",
        color="#666666",
        label="unavoidable parts, one after the other",
    )
    axes.axhline(REAL_TIME_MS, color="#009E73", linewidth=1, label="30 frames a second")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _points(axes: Any, x: Sequence[float], peers: Sequence[Peer]) -> None:
    """Time a frame and processor time of programs on the clip, in the colours of the lines."""
    for at, peer, marker in zip(x, peers, _MARKERS, strict=False):
        kind = {
            "linestyle": "",
            "marker": marker,
            "markersize": 11,
            "fillstyle": "none",
            "markeredgewidth": 2,
        }
        axes.plot([at], [peer.frame_ms], color=_FRAME, **kind)
        axes.plot([at], [peer.cpu_ms], color=_CPU, **kind)
        axes.plot([], [], color="#666666", label=f"{peer.name}, both, classroom clip", **kind)


def read_costs(path: Path) -> tuple[dict[int, Cost], dict[str, Cost]]:
    """By faces and by size, as ``--save`` wrote them."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return (
        {int(faces): Cost(**cost) for faces, cost in told["faces"].items()},
        {name: Cost(**cost) for name, cost in told["sizes"].items()},
    )


def write_costs(path: Path, by_faces: Mapping[int, Cost], by_size: Mapping[str, Cost]) -> None:
    """As JSON, for :func:`read_costs`."""
    told = {
        "faces": {str(faces): asdict(cost) for faces, cost in by_faces.items()},
        "sizes": {name: asdict(cost) for name, cost in by_size.items()},
    }
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def measure_all(
    faces: Sequence[int], sizes: Sequence[str], runs: int
) -> tuple[dict[int, Cost], dict[str, Cost]]:
    """By faces at 720p, and by size with five faces."""
    by_faces: dict[int, Cost] = {}
    by_size: dict[str, Cost] = {}
    for count in faces:
        by_faces[count] = measure(count, SIZES["720p"], runs)
        print(f"{count} faces, 720p: {by_faces[count]}", flush=True)
    for name in sizes:
        by_size[name] = measure(FACES_AT_SIZES, SIZES[name], runs)
        print(f"{FACES_AT_SIZES} faces, {name}: {by_size[name]}", flush=True)
    return by_faces, by_size


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("plot", type=Path, help="the plot, a PNG or SVG file")
    parser.add_argument("--faces", type=int, nargs="+", default=list(FACES))
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--runs", type=int, default=3, help="medians of so many")
    parser.add_argument("--peers", type=Path, default=Path(__file__).with_name("peers.json"))
    parser.add_argument("--save", type=Path, help="a file to keep what was measured in")
    parser.add_argument("--load", type=Path, help="such a file, to draw it without measuring again")
    options = parser.parse_args()
    if options.load:
        by_faces, by_size = read_costs(options.load)
    else:
        by_faces, by_size = measure_all(options.faces, options.sizes, options.runs)
    if options.save:
        write_costs(options.save, by_faces, by_size)
    draw(options.plot, by_faces, by_size, read_peers(options.peers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
