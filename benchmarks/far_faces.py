"""How many small faces the detector's search finds beside near ones: portraits pasted into frames.

An extra, on material that is not part of the project:

    python -m benchmarks.far_faces PORTRAITS CLIP...

``PORTRAITS`` is a folder or zip of images of whole heads. Six frames of each clip are enlarged to 1280, 1920
and 2560 pixels, and two portraits pasted into the upper half of each, for every height of head. A face counts
as detected where a box no wider than the portrait lies by more than half inside it.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.boxes import intersection_over_smaller
from agecam.vision.detector import MediaPipeDetector
from train.data.stores import ImageStore, decode, open_store

Box = tuple[float, float, float, float]

_WIDTHS_PX: Final = (1280, 1920, 2560)
_FACES_PX: Final = (24, 32, 44, 60)
_PORTRAIT_FACES: Final = 2.1
"""Height of a portrait in heights of its face."""
_FRAMES: Final = 6
_PASTED: Final = 2
_MIN_INSIDE: Final = 0.5


def frames(clip: str, width_px: int) -> Iterator[NDArray[np.uint8]]:
    """Frames ``(h, width_px, 3)`` uint8 BGR from all over a clip."""
    with av.open(clip) as container:
        duration = container.duration or 0
        for index in range(_FRAMES):
            container.seek(int((index + 0.5) / _FRAMES * duration))
            image = next(container.decode(video=0)).to_ndarray(format="bgr24")
            height_px = round(image.shape[0] * width_px / image.shape[1])
            yield np.asarray(cv2.resize(image, (width_px, height_px)), np.uint8)


def paste(image: NDArray[np.uint8], portrait: NDArray[np.uint8], face_px: int, rng: random.Random) -> Box:
    """Put a portrait into the upper half of an image, in place, so that its face has that height."""
    height = round(face_px * _PORTRAIT_FACES)
    width = round(height * portrait.shape[1] / portrait.shape[0])
    x, y = rng.randrange(image.shape[1] - width), rng.randrange(image.shape[0] // 2 - height)
    image[y : y + height, x : x + width] = cv2.resize(portrait, (width, height), interpolation=cv2.INTER_AREA)
    return x, y, width, height


def portrait(store: ImageStore, rng: random.Random) -> NDArray[np.uint8]:
    """One of the portraits, ``(h, w, 3)`` uint8 BGR."""
    image = None
    while image is None:
        image = decode(store.read(rng.choice(store.names())))
    return image


def is_detected(place: Box, boxes: Iterable[Box]) -> bool:
    """Whether one of the boxes is of the face pasted there."""
    return any(box[2] < place[2] and intersection_over_smaller(box, place) > _MIN_INSIDE for box in boxes)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("portraits", type=Path)
    parser.add_argument("clips", nargs="+", metavar="CLIP")
    options = parser.parse_args()
    rng = random.Random(7)
    found: Counter[tuple[int, int]] = Counter()
    pasted: Counter[tuple[int, int]] = Counter()
    store = open_store(options.portraits)
    with MediaPipeDetector() as detector:
        for clip in options.clips:
            for width_px in _WIDTHS_PX:
                for image in frames(clip, width_px):
                    for face_px in _FACES_PX:
                        scene = image.copy()
                        places = [paste(scene, portrait(store, rng), face_px, rng) for _ in range(_PASTED)]
                        boxes = [face.box for face in detector.search(scene)]
                        key = width_px, face_px
                        pasted[key] += len(places)
                        found[key] += sum(is_detected(place, boxes) for place in places)
    for (width_px, face_px), total in sorted(pasted.items()):
        print(f"{width_px} px wide, faces of {face_px} px: {found[width_px, face_px]} of {total}")
    print(f"in all {found.total()} of {pasted.total()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
