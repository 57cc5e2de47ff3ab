"""AgeCam beside other programs that find faces and tell age and gender: speed, and how right they are.

    python -m benchmarks.peers CLIP --openvino PYTHON MODELS... --node-modules FOLDER
        [--photographs PREPARED ARCHIVE...] [--runs 5] [--json benchmarks/peers.json] > table.md

See ``benchmarks/peers.md`` for what is measured, how the others are installed, and what came of it. AgeCam
and the OpenVINO pipeline, which is a column with each folder of models, run alternately, ``--runs`` times
each; figures are medians. The JavaScript libraries, many times slower, run once. A program whose option is
not given is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.sources import open_source
from agecam.sources.prefetch import each_frame
from benchmarks.peers_protocol import Face, write_frame
from benchmarks.peers_truth import clip_measures, labelled_photographs, score_all

_ROOT: Final = Path(__file__).resolve().parent.parent
_JAVASCRIPT: Final = ("human", "face-api")
_CLIP_ROWS: Final = (
    ("frames a second", "{fps:.1f}"),
    ("processor ms a frame", "{cpu_ms:.1f}"),
    ("processor s until the tenth frame", "{start_cpu_s:.1f}"),
    ("faces a frame", "{faces:.1f}"),
    ("changes of a printed age a second, each face", "{changes:.2f}"),
    ("the same, ages averaged over a second", "{changes_smoothed:.2f}"),
)
_PHOTOGRAPH_ROWS: Final = (
    ("faces found", "{found} of {photographs}"),
    ("age error, years", "{age_error:.1f}"),
    ("age error where all found a face, years", "{age_error_common:.1f}"),
    ("age error from 18 to 75, years", "{age_error_adults:.1f}"),
    ("gender right", "{gender:.1%}"),
)


@dataclass(frozen=True, slots=True)
class Program:
    """How one program is started; without ``for_clip`` it reads no videos, and is fed with frames."""

    name: str
    for_photographs: Sequence[str]
    for_clip: Sequence[str] | None = None
    fed_with_clip: Sequence[str] | None = None


def programs(options: argparse.Namespace) -> list[Program]:
    """AgeCam and those that options say the place of."""
    clip = str(options.clip)
    agecam = [sys.executable, "-m", "benchmarks.peers_agecam"]
    chosen = [
        Program("AgeCam", agecam, [*agecam, clip]),
        Program("AgeCam, drawing too", [], [*agecam, clip, "--draw"]),
    ]
    python, *folders = options.openvino or [""]
    for models in folders:
        start = [python, "-m", "benchmarks.peers_openvino", models]
        chosen.append(Program(f"OpenVINO, {Path(models).name}", start, [*start, clip]))
    if options.node_modules:
        for name in _JAVASCRIPT:
            start = ["node", str(_ROOT / "benchmarks" / "peers.cjs"), str(options.node_modules), name]
            chosen.append(Program(name, [*start, "photographs"], fed_with_clip=[*start, "video"]))
    return chosen


def run(command: Sequence[str], frames: Iterable[NDArray[np.uint8]] = ()) -> dict[str, Any]:
    """What a program prints of a clip, or of the frames that it is given."""
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment) as process:
        assert process.stdin is not None
        try:
            for frame in frames:
                write_frame(process.stdin, frame)
        except BrokenPipeError:
            pass  # it ends early, and its exit code says so
        printed, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{command[0]} failed with exit code {process.returncode}.")
    told: dict[str, Any] = json.loads(printed)
    told["faces"] = [[Face(*face) for face in faces] for faces in told["faces"]]
    return told


def measure_clip(
    chosen: Sequence[Program], clip: Path, runs: int, fed: int | None = None
) -> dict[str, dict[str, Any]]:
    """Medians of each program's cost, and what it says of the people of the clip; see ``--fed``."""
    measured: dict[str, list[dict[str, Any]]] = {one.name: [] for one in chosen}
    source = open_source(str(clip))
    source.open()
    fps = source.fps or 25.0
    source.close()
    for number in range(runs):
        for one in chosen:
            if one.for_clip is not None:
                told = run(one.for_clip)
            elif number == 0 and one.fed_with_clip is not None:
                told = run(one.fed_with_clip, islice(_frames(clip), fed))
            else:
                continue
            measured[one.name].append(told)
            print(f"run {number + 1}: {one.name}", file=sys.stderr)
    return {
        name: {
            "version": all_told[0]["version"],
            "runs": len(all_told),
            "frames": len(all_told[0]["faces"]),
            "fps": 1000 / statistics.median(each["wall_ms"] for each in all_told),
            **{
                key: statistics.median(each[key] for each in all_told)
                for key in ("wall_ms", "cpu_ms", "start_cpu_s")
            },
            **clip_measures(all_told[0]["faces"], fps),
        }
        for name, all_told in measured.items()
    }


def _frames(clip: Path) -> Iterable[NDArray[np.uint8]]:
    source = open_source(str(clip))
    source.open()
    try:
        for frame in each_frame(source):
            yield frame.image_bgr
    finally:
        source.close()


def table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown: a column a program, a row a measure."""
    datasets = sorted({name for one in results.values() for name in one.get("photographs", {})})
    rows = [(title, None, form) for title, form in _CLIP_ROWS]
    rows += [(f"{title} ({name})", name, form) for name in datasets for title, form in _PHOTOGRAPH_ROWS]
    lines = ["| | " + " | ".join(results) + " |", "| --- |" + " ---: |" * len(results)]
    for title, name, form in rows:
        cells = []
        for one in results.values():
            values = one if name is None else one.get("photographs", {}).get(name)
            cells.append(form.format(**values) if values else "")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--openvino", nargs="+", metavar=("PYTHON", "MODELS"))
    parser.add_argument("--node-modules", type=Path, metavar="FOLDER")
    parser.add_argument("--photographs", type=Path, nargs="+", metavar=("PREPARED", "ARCHIVE"))
    parser.add_argument("--count", type=int, default=400, help="photographs of each archive")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--fed", type=int, help="frames of the clip that JavaScript sees; all by default")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args()
    chosen = programs(options)
    results = measure_clip(chosen, options.clip, options.runs, options.fed)
    if options.photographs:
        prepared, *archives = options.photographs
        photographs = list(labelled_photographs(prepared, archives, options.count))
        images, labels = [image for image, _ in photographs], [label for _, label in photographs]
        found = {one.name: run(one.for_photographs, images)["faces"] for one in chosen if one.for_photographs}
        for name, scored in score_all(found, labels).items():
            results[name]["photographs"] = scored
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
