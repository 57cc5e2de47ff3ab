"""Draw how the cost of a frame grows with the number of faces and with the resolution.

    python benchmarks/plot_cost.py docs/cost.png

Made-up scenes of moving faces are encoded, then decoded, analysed and drawn as ``agecam annotate`` does; see
``agecam bench``. Best on a machine that does nothing else: it takes some minutes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agecam.commands.measure import measure_file_mode, measure_parts
from agecam.commands.scene import write_scene
from agecam.sources import open_source

FACES: Final = (1, 2, 5, 10, 20)
SIZES: Final = {"480p": (640, 480), "720p": (1280, 720), "1080p": (1920, 1080), "4K": (3840, 2160)}
FACES_AT_SIZES: Final = 5
REAL_TIME_MS: Final = 1000 / 30


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a frame, milliseconds: by the clock, of processor, and of the parts that cannot be avoided."""

    frame_ms: float
    cpu_ms: float
    unavoidable_ms: float


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


def draw(path: Path, by_faces: dict[int, Cost], by_size: dict[str, Cost]) -> None:
    """Two panels side by side."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    _panel(left, list(by_faces), list(by_faces.values()))
    left.set(title="1280 x 720", xlabel="faces", ylabel="milliseconds a frame")
    left.set_xticks(list(by_faces))
    _panel(right, list(range(len(by_size))), list(by_size.values()))
    right.set(title=f"{FACES_AT_SIZES} faces", xlabel="resolution")
    right.set_xticks(range(len(by_size)), list(by_size))
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _panel(axes: Any, x: Sequence[int], costs: Sequence[Cost]) -> None:
    axes.plot(x, [one.frame_ms for one in costs], "o-", color="#0072B2", label="time a frame, two cores")
    axes.plot(x, [one.cpu_ms for one in costs], "s-", color="#D55E00", label="processor time a frame")
    axes.plot(
        x,
        [one.unavoidable_ms for one in costs],
        "^--",
        color="#666666",
        label="unavoidable parts, one after the other",
    )
    axes.axhline(REAL_TIME_MS, color="#009E73", linewidth=1, label="30 frames a second")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("plot", type=Path, help="the plot, a PNG or SVG file")
    parser.add_argument("--faces", type=int, nargs="+", default=list(FACES))
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--runs", type=int, default=3, help="medians of so many")
    options = parser.parse_args()
    by_faces: dict[int, Cost] = {}
    by_size: dict[str, Cost] = {}
    for faces in options.faces:
        by_faces[faces] = measure(faces, SIZES["720p"], options.runs)
        print(f"{faces} faces, 720p: {by_faces[faces]}", flush=True)
    for name in options.sizes:
        by_size[name] = measure(FACES_AT_SIZES, SIZES[name], options.runs)
        print(f"{FACES_AT_SIZES} faces, {name}: {by_size[name]}", flush=True)
    draw(options.plot, by_faces, by_size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
