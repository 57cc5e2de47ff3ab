"""Recall and extra boxes of the detector's search on group photographs with reference boxes.

An extra, on material that is not part of the project:

    python -m benchmarks.group_photographs IMAGES FACES.csv

``FACES.csv`` has the columns ``file,x,y,width,height`` in pixels, one row a face; ``IMAGES`` is the folder of
those files. A face counts as detected where a box has an IoU of 0.3 with it or an intersection over smaller
of 0.5. A box at least 32 pixels wide that meets no reference box is extra; it may be a face all the same:
``--drawn OUT`` draws what was detected (green), missed (red) and extra (yellow).
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.output import write_image
from agecam.sources import read_image
from agecam.vision.boxes import intersection_over_smaller, iou
from agecam.vision.detector import MediaPipeDetector

Box = tuple[float, float, float, float]

_MIN_IOU: Final = 0.3
"""With a reference box, from which it is detected; detectors cut faces more or less tightly."""
_MIN_IOS: Final = 0.5
"""Intersection over smaller, likewise, for references that hold the hair too."""
_LARGE_PX: Final = 48
"""Longer side of reference boxes that are reported apart, pixels."""
_EXTRA_PX: Final = 32
"""Width of boxes that count as extra, pixels: the references leave smaller faces out."""
_GREEN, _RED, _YELLOW = (0, 255, 0), (0, 0, 255), (0, 255, 255)


@dataclass(frozen=True, slots=True)
class Result:
    """One photograph: its reference boxes and whether each was detected, all boxes, and the extra ones."""

    references: list[Box]
    detected: list[bool]
    boxes: list[Box]
    extra: list[Box]
    took_s: float


def read_references(path: Path) -> dict[str, list[Box]]:
    """Reference boxes by file name."""
    boxes: dict[str, list[Box]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            x, y, width, height = (float(row[name]) for name in ("x", "y", "width", "height"))
            boxes[row["file"]].append((x, y, width, height))
    return boxes


def _is_detected(reference: Box, boxes: list[Box]) -> bool:
    return any(
        iou(reference, box) > _MIN_IOU or intersection_over_smaller(reference, box) > _MIN_IOS
        for box in boxes
    )


def search(detector: MediaPipeDetector, image_bgr: NDArray[np.uint8], references: list[Box]) -> Result:
    """Search one photograph and compare with its reference boxes."""
    started_s = time.perf_counter()
    boxes = [face.box for face in detector.search(image_bgr)]
    took_s = time.perf_counter() - started_s
    extra = [
        box
        for box in boxes
        if box[2] >= _EXTRA_PX
        and not any(intersection_over_smaller(box, reference) > 0 for reference in references)
    ]
    return Result(references, [_is_detected(one, boxes) for one in references], boxes, extra, took_s)


def draw(image_bgr: NDArray[np.uint8], result: Result) -> NDArray[np.uint8]:
    """A copy of the photograph with its boxes."""
    drawn = image_bgr.copy()
    missed = [box for box, ok in zip(result.references, result.detected, strict=True) if not ok]
    for boxes, color in ((result.boxes, _GREEN), (missed, _RED), (result.extra, _YELLOW)):
        for box in boxes:
            x, y, width, height = (round(value) for value in box)
            cv2.rectangle(drawn, (x, y), (x + width, y + height), color, 2)
    return drawn


def summary(results: list[Result]) -> str:
    """Recall of all faces and of large ones, and the share of extra boxes."""
    detected = [ok for one in results for ok in one.detected]
    is_large = [max(box[2:]) >= _LARGE_PX for one in results for box in one.references]
    large = [ok for ok, is_counted in zip(detected, is_large, strict=True) if is_counted]
    extra, boxes = sum(len(one.extra) for one in results), sum(len(one.boxes) for one in results)
    return (
        f"all faces {np.mean(detected):.1%}, of {_LARGE_PX} px and more {np.mean(large):.1%}; "
        f"{extra} extra boxes, {extra / len(detected):.1%} of the faces, {extra / boxes:.1%} of the boxes; "
        f"{sum(one.took_s for one in results):.1f} s"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("images", type=Path, metavar="IMAGES")
    parser.add_argument("faces", type=Path, metavar="FACES.csv")
    parser.add_argument("--drawn", type=Path, metavar="OUT", help="a folder for the images with their boxes")
    options = parser.parse_args()
    results: list[Result] = []
    with MediaPipeDetector() as detector:
        for name, references in sorted(read_references(options.faces).items()):
            image = read_image(options.images / name)
            result = search(detector, image, references)
            results.append(result)
            print(
                f"{name:32} {image.shape[1]:4} x {image.shape[0]:<4} {sum(result.detected):3} of "
                f"{len(references):3}, {len(result.extra)} extra, {result.took_s:.2f} s"
            )
            if options.drawn:
                options.drawn.mkdir(parents=True, exist_ok=True)
                write_image(draw(image, result), options.drawn / f"{Path(name).stem}.png")
    print(summary(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
