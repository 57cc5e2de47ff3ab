"""How many faces of group photographs are found, against reference boxes, and how many boxes are extra.

An extra, on material that is not part of the project:

    python benchmarks/group_photographs.py PICTURES FACES.csv

``FACES.csv`` has the columns ``file,x,y,width,height`` in pixels, one row a face; ``PICTURES`` is the folder
of those files. A face is found where a box overlaps it by 0.3 of their union or half of the smaller one. A
box at least 32 pixels wide that meets no reference box is extra; it may be a face all the same, so look at
it: ``--pictures OUT`` draws what was found (green), missed (red) and extra (yellow).
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import defaultdict
from pathlib import Path

from agecam.opencv import cv2
from agecam.output import write_image
from agecam.sources import read_image
from agecam.vision.boxes import intersection_over_smaller, iou
from agecam.vision.detector import MediaPipeDetector

Box = tuple[float, float, float, float]

_LARGE_PX = 48
_EXTRA_PX = 32


def _references(path: Path) -> dict[str, list[Box]]:
    boxes: dict[str, list[Box]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            x, y, width, height = (float(row[name]) for name in ("x", "y", "width", "height"))
            boxes[row["file"]].append((x, y, width, height))
    return boxes


def _is_met(reference: Box, found: list[Box]) -> bool:
    return any(iou(reference, box) > 0.3 or intersection_over_smaller(reference, box) > 0.5 for box in found)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("pictures_folder", type=Path, metavar="PICTURES")
    parser.add_argument("faces", type=Path, metavar="FACES.csv")
    parser.add_argument("--pictures", type=Path, metavar="OUT", help="a folder for what was found, drawn")
    options = parser.parse_args()
    faces = large = found_faces = found_large = extra = boxes = 0
    seconds = 0.0
    with MediaPipeDetector() as detector:
        for name, references in sorted(_references(options.faces).items()):
            image = read_image(options.pictures_folder / name)
            started_s = time.perf_counter()
            found = [face.box for face in detector.search(image)]
            took_s = time.perf_counter() - started_s
            met = [_is_met(reference, found) for reference in references]
            is_large = [max(reference[2:]) >= _LARGE_PX for reference in references]
            extras = [
                box
                for box in found
                if box[2] >= _EXTRA_PX
                and not any(intersection_over_smaller(box, reference) > 0 for reference in references)
            ]
            print(
                f"{name:32} {image.shape[1]:4} x {image.shape[0]:<4} {sum(met):3} of {len(met):3}, "
                f"{len(extras)} extra, {took_s:.2f} s"
            )
            faces, found_faces = faces + len(met), found_faces + sum(met)
            large += sum(is_large)
            found_large += sum(one and big for one, big in zip(met, is_large, strict=True))
            extra, boxes, seconds = extra + len(extras), boxes + len(found), seconds + took_s
            if options.pictures:
                drawn = image.copy()
                for box, colour in (
                    *((box, (0, 255, 0)) for box in found),
                    *((box, (0, 0, 255)) for box, ok in zip(references, met, strict=True) if not ok),
                    *((box, (0, 255, 255)) for box in extras),
                ):
                    x, y, width, height = (round(value) for value in box)
                    cv2.rectangle(drawn, (x, y), (x + width, y + height), colour, 2)
                options.pictures.mkdir(parents=True, exist_ok=True)
                write_image(drawn, options.pictures / f"{Path(name).stem}.png")
    print(
        f"all faces {found_faces / faces:.1%}, of {_LARGE_PX} px and more {found_large / large:.1%}; "
        f"{extra} extra boxes, {extra / faces:.1%} of the faces, {extra / boxes:.1%} of the boxes; "
        f"{seconds:.1f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
