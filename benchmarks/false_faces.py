"""How often a film shows a label where the bare detectors show a face: for films with few or no true faces.

An extra, on material that is not part of the project:

    python benchmarks/false_faces.py CLIP [--sheets OUT] [--sampled 100]

Counts frames with a find of MediaPipe's two detectors at a score of 0.5 and over, as they come, and frames
with a labelled person. Whether a find is a face is for the eye: ``--sheets`` draws the sampled frames, 20 a
picture, finds of the bare detectors in yellow and labelled people in green.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.output import write_image
from agecam.paths import models_dir
from agecam.sources import open_source
from agecam.sources.prefetch import each_frame
from agecam.vision.analyzer import create_analyzer
from agecam.vision.detector import FULL_RANGE, SHORT_RANGE
from agecam.vision.mediapipe_tasks import load_mediapipe, silenced_stderr

Box = tuple[float, float, float, float]

_YELLOW: Final = (0, 255, 255)
_GREEN: Final = (0, 255, 0)
_COLUMNS, _ROWS = 4, 5
_CELL_WIDTH = 480


class BareDetectors:
    """MediaPipe's two detectors at their usual score of 0.5, nothing sifted."""

    def __init__(self) -> None:
        self._mediapipe = load_mediapipe()
        tasks = self._mediapipe.tasks
        with silenced_stderr():
            self._networks = [
                tasks.vision.FaceDetector.create_from_options(
                    tasks.vision.FaceDetectorOptions(
                        base_options=tasks.BaseOptions(model_asset_buffer=(models_dir() / name).read_bytes()),
                        min_detection_confidence=0.5,
                    )
                )
                for name in (FULL_RANGE, SHORT_RANGE)
            ]

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Box]:
        rgb = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
        image: Any = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=rgb)
        boxes = [found.bounding_box for one in self._networks for found in one.detect(image).detections]
        return [(box.origin_x, box.origin_y, box.width, box.height) for box in boxes]

    def close(self) -> None:
        with silenced_stderr():
            for network in self._networks:
                network.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("clip")
    parser.add_argument("--sheets", type=Path, metavar="OUT", help="a folder for the sampled frames")
    parser.add_argument("--sampled", type=int, default=100)
    options = parser.parse_args()
    source = open_source(options.clip)
    source.open()
    every = max(1, (source.frame_count or options.sampled) // options.sampled)
    frames = bare_frames = labelled_frames = sampled_bare = sampled_labelled = 0
    cells: list[NDArray[np.uint8]] = []
    bare = BareDetectors()
    try:
        with create_analyzer() as analyzer:
            for frame in each_frame(source):
                people = analyzer.analyze(frame).people
                labelled = [one.face.box for one in people if one.confirmed and one.estimate is not None]
                found = bare.detect(frame.image_bgr)
                frames += 1
                bare_frames += bool(found)
                labelled_frames += bool(labelled)
                if frame.index % every == 0 and len(cells) < options.sampled:
                    sampled_bare += bool(found)
                    sampled_labelled += bool(labelled)
                    cells.append(_cell(frame.image_bgr, found, labelled, frame.index))
    finally:
        bare.close()
        source.close()
    print(f"{frames} frames: {bare_frames} with a bare find, {labelled_frames} with a label")
    print(f"{len(cells)} sampled: {sampled_bare} with a bare find, {sampled_labelled} with a label")
    if options.sheets:
        options.sheets.mkdir(parents=True, exist_ok=True)
        for number in range(0, len(cells), _COLUMNS * _ROWS):
            sheet = _sheet(cells[number : number + _COLUMNS * _ROWS])
            write_image(sheet, options.sheets / f"{number // (_COLUMNS * _ROWS) + 1:02}.png")
    return 0


def _cell(image: NDArray[np.uint8], found: list[Box], labelled: list[Box], index: int) -> NDArray[np.uint8]:
    scale = _CELL_WIDTH / image.shape[1]
    size = (_CELL_WIDTH, round(image.shape[0] * scale))
    cell = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    for boxes, colour, thickness in ((found, _YELLOW, 1), (labelled, _GREEN, 2)):
        for box in boxes:
            x, y, width, height = (round(scale * value) for value in box)
            cv2.rectangle(cell, (x, y), (x + width, y + height), colour, thickness)
    cv2.putText(cell, str(index), (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return cell


def _sheet(cells: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    blank = np.zeros_like(cells[0])
    padded = cells + [blank] * (-len(cells) % _COLUMNS)
    rows = [np.hstack(padded[at : at + _COLUMNS]) for at in range(0, len(padded), _COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)


if __name__ == "__main__":
    sys.exit(main())
