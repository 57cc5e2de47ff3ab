"""Two of Intel's demo networks under OpenVINO: every face of every frame, nothing tracked.

    PYTHON -m benchmarks.peers_openvino MODELS [CLIP]     (photographs on standard input without CLIP)

``PYTHON`` is of an environment with openvino and opencv-python-headless, ``MODELS`` a folder with
``face-detection-retail-0005`` and ``age-gender-recognition-retail-0013``, .xml and .bin, of Intel's Open
Model Zoo. One of the programs that :mod:`benchmarks.peers` compares.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from benchmarks.peers_protocol import Face, measure, read_frames

DETECTOR: Final = "face-detection-retail-0005"
CLASSIFIER: Final = "age-gender-recognition-retail-0013"
_DETECTOR_PX: Final = 300
_CLASSIFIER_PX: Final = 62
_MIN_SCORE: Final = 0.5
"""That of the Open Model Zoo's demos."""


def missing(models: Path) -> str | None:
    """One sentence on the files that are not in a folder, or are pointers of Git LFS to such files."""
    names = [f"{name}.{suffix}" for name in (DETECTOR, CLASSIFIER) for suffix in ("xml", "bin")]
    absent = [name for name in names if not _is_model_file(models / name)]
    if not absent:
        return None
    return f"{models} lacks {', '.join(absent)}, which Intel's Open Model Zoo has."


def _is_model_file(path: Path) -> bool:
    return path.is_file() and not path.read_bytes().startswith(b"version https://git-lfs")


def analyzer(openvino: Any, models: Path) -> Callable[[NDArray[np.uint8]], list[Face]]:
    """What finds and classifies the faces of an image ``(h, w, 3)`` uint8, BGR."""
    core = openvino.Core()
    detect, classify = (
        core.compile_model(models / f"{name}.xml", "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        for name in (DETECTOR, CLASSIFIER)
    )

    def analyze(image_bgr: NDArray[np.uint8]) -> list[Face]:
        height, width = image_bgr.shape[:2]
        faces: list[Face] = []
        for _, _, score, x0, y0, x1, y1 in detect(_input(image_bgr, _DETECTOR_PX))[0].reshape(-1, 7):
            left, right = (int(np.clip(x, 0, 1) * width) for x in (x0, x1))
            top, bottom = (int(np.clip(y, 0, 1) * height) for y in (y0, y1))
            if score < _MIN_SCORE or left >= right or top >= bottom:
                continue
            # As it was detected: square and larger by a fifth, as in the C++ demo, ages are 0.4 years worse.
            said = classify(_input(image_bgr[top:bottom, left:right], _CLASSIFIER_PX))
            age, female = 100 * said["age_conv3"].item(), float(said["prob"].ravel()[0])
            faces.append(Face(left, top, right - left, bottom - top, age, female))
        return faces

    return analyze


def _input(image_bgr: NDArray[np.uint8], side_px: int) -> NDArray[np.float32]:
    """``(1, 3, s, s)`` as both networks take it: BGR in 0 to 255, stretched."""
    resized = cv2.resize(image_bgr, (side_px, side_px), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(resized.transpose(2, 0, 1)[None], np.float32)


def _read_clip(clip: str) -> Iterator[NDArray[np.uint8]]:
    capture = cv2.VideoCapture(clip)
    while (read := capture.read())[0]:
        yield np.asarray(read[1], np.uint8)


def main() -> int:
    models, clip = Path(sys.argv[1]), sys.argv[2:]
    if (sentence := missing(models)) is not None:
        print(sentence, file=sys.stderr)
        return 1
    openvino = import_module("openvino")
    frames: Iterable[NDArray[np.uint8]] = _read_clip(clip[0]) if clip else read_frames(sys.stdin.buffer)
    version = f"OpenVINO {openvino.__version__.split('-')[0]}"
    print(measure(map(analyzer(openvino, models), frames), version))
    return 0


if __name__ == "__main__":
    sys.exit(main())
