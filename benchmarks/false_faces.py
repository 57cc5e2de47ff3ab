"""How often a video shows a label where the bare detectors show a face: for videos with few or no true faces.

An extra, on material that is not part of the project:

    python -m benchmarks.false_faces CLIP [--sheets OUT] [--sampled 100]

Counts frames with a detection of MediaPipe's two detectors at a score of 0.5 and over, as they come, and
frames with a labelled person. Whether a detection is a face is for the eye: ``--sheets`` draws the sampled
frames, 20 an image, bare detections in yellow and labelled people in green.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.output import write_image
from agecam.paths import models_dir
from agecam.sources import open_source
from agecam.sources.prefetch import each_frame
from agecam.vision.analyzer import create_analyzer
from agecam.vision.face_network import FULL_RANGE, SHORT_RANGE
from agecam.vision.mediapipe_tasks import load_mediapipe
from agecam.vision.silence import silenced_stderr

Box = tuple[float, float, float, float]

_BARE_SCORE: Final = 0.5
"""MediaPipe's own default score."""
_YELLOW: Final = (0, 255, 255)
_GREEN: Final = (0, 255, 0)
_COLUMNS, _ROWS = 4, 5
_CELL_WIDTH_PX: Final = 480


class BareDetectors:
    """MediaPipe's two detectors at their default score, without any of the program's checks."""

    def __init__(self) -> None:
        self._mediapipe = load_mediapipe()
        tasks = self._mediapipe.tasks
        with silenced_stderr():
            self._networks = [
                tasks.vision.FaceDetector.create_from_options(
                    tasks.vision.FaceDetectorOptions(
                        base_options=tasks.BaseOptions(model_asset_buffer=(models_dir() / name).read_bytes()),
                        min_detection_confidence=_BARE_SCORE,
                    )
                )
                for name in (FULL_RANGE, SHORT_RANGE)
            ]

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Box]:
        """The boxes of both in an image ``(h, w, 3)`` uint8."""
        rgb = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
        image: Any = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=rgb)
        boxes = [found.bounding_box for one in self._networks for found in one.detect(image).detections]
        return [(box.origin_x, box.origin_y, box.width, box.height) for box in boxes]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with silenced_stderr():
            for network in self._networks:
                network.close()


@dataclass(slots=True)
class Counts:
    """Frames counted, with a bare detection, and with a label."""

    frames: int = 0
    bare: int = 0
    labelled: int = 0

    def add(self, bare: list[Box], labelled: list[Box]) -> None:
        """Count one frame."""
        self.frames += 1
        self.bare += bool(bare)
        self.labelled += bool(labelled)

    def __str__(self) -> str:
        return f"{self.bare} with a bare detection, {self.labelled} with a label"


def count(clip: str, samples: int) -> tuple[Counts, Counts, list[NDArray[np.uint8]]]:
    """All frames and the sampled ones counted, and the latter drawn."""
    every_frame, sampled = Counts(), Counts()
    cells: list[NDArray[np.uint8]] = []
    source = open_source(clip)
    source.open()
    step = max(1, (source.frame_count or samples) // samples)
    with contextlib.closing(source), BareDetectors() as bare, create_analyzer() as analyzer:
        for frame in each_frame(source):
            people = analyzer.analyze(frame).people
            labelled = [one.face.box for one in people if one.confirmed and one.estimate is not None]
            boxes = bare.detect(frame.image_bgr)
            every_frame.add(boxes, labelled)
            if frame.index % step == 0 and len(cells) < samples:
                sampled.add(boxes, labelled)
                cells.append(_cell(frame.image_bgr, boxes, labelled, frame.index))
    return every_frame, sampled, cells


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("clip")
    parser.add_argument("--sheets", type=Path, metavar="OUT", help="a folder for the sampled frames")
    parser.add_argument("--sampled", type=int, default=100)
    options = parser.parse_args()
    every_frame, sampled, cells = count(options.clip, options.sampled)
    print(f"{every_frame.frames} frames: {every_frame}")
    print(f"{sampled.frames} sampled: {sampled}")
    if options.sheets:
        options.sheets.mkdir(parents=True, exist_ok=True)
        for number in range(0, len(cells), _COLUMNS * _ROWS):
            sheet = _sheet(cells[number : number + _COLUMNS * _ROWS])
            write_image(sheet, options.sheets / f"{number // (_COLUMNS * _ROWS) + 1:02}.png")
    return 0


def _cell(
    image_bgr: NDArray[np.uint8], bare: list[Box], labelled: list[Box], index: int
) -> NDArray[np.uint8]:
    scale = _CELL_WIDTH_PX / image_bgr.shape[1]
    size_wh = (_CELL_WIDTH_PX, round(image_bgr.shape[0] * scale))
    cell = np.asarray(cv2.resize(image_bgr, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    for boxes, color, thickness in ((bare, _YELLOW, 1), (labelled, _GREEN, 2)):
        for box in boxes:
            x, y, width, height = (round(scale * value) for value in box)
            cv2.rectangle(cell, (x, y), (x + width, y + height), color, thickness)
    cv2.putText(cell, str(index), (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return cell


def _sheet(cells: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    blank = np.zeros_like(cells[0])
    padded = cells + [blank] * (-len(cells) % _COLUMNS)
    rows = [np.hstack(padded[at : at + _COLUMNS]) for at in range(0, len(padded), _COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)


if __name__ == "__main__":
    sys.exit(main())
