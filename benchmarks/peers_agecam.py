"""AgeCam as one of the programs that :mod:`benchmarks.peers` compares.

python -m benchmarks.peers_agecam CLIP [--draw]    every frame, as ``agecam annotate`` analyses it
python -m benchmarks.peers_agecam < FRAMES         photographs, as ``agecam predict`` does
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator

from agecam import __version__
from agecam.live.pipeline import Pipeline
from agecam.messages import Detection, Estimate
from agecam.sources import open_source
from agecam.sources.prefetch import PrefetchSource, each_frame
from agecam.vision.analyzer import create_analyzer
from benchmarks.peers_protocol import Face, measure, read_frames


def analyze_clip(clip: str, *, draw: bool) -> Iterator[list[Face]]:
    """The labelled people of each frame, as printed."""
    source = PrefetchSource(open_source(clip))
    source.open()
    with contextlib.closing(source), create_analyzer() as analyzer:
        frames = Pipeline(analyzer).process_all(each_frame(source), draw_plain=draw)
        with contextlib.closing(frames):
            for one in frames:
                yield [
                    _face(person.face, person.estimate, person.track_id)
                    for person in one.people
                    if person.confirmed and person.estimate is not None
                ]


def analyze_photographs() -> Iterator[list[Face]]:
    """The faces of each image of standard input."""
    with create_analyzer() as analyzer:
        for image_bgr in read_frames(sys.stdin.buffer):
            yield [_face(face, estimate) for face, estimate in analyzer.analyze_image(image_bgr)]


def _face(face: Detection, estimate: Estimate, track: int = 0) -> Face:
    x, y, width, height = face.box
    return Face(x, y, width, height, estimate.age, estimate.female, track)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("clip", nargs="?")
    parser.add_argument("--draw", action="store_true", help="draw each frame, too")
    options = parser.parse_args()
    results = analyze_clip(options.clip, draw=options.draw) if options.clip else analyze_photographs()
    print(measure(results, f"AgeCam {__version__}"))


if __name__ == "__main__":
    main()
