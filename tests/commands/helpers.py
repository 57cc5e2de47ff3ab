"""What tests of the commands share."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agecam.commands.record import FOLDER as RECORD_FOLDER
from agecam.messages import Detection, Estimate
from agecam.vision.analyzer import Analyzer
from agecam.vision.detector import FrameDetections
from agecam.vision.pyramid import Pyramid, Roi
from agecam.vision.rois import RoiRequest
from agecam.vision.verification import Verification


@dataclass(frozen=True)
class Result:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]

Unchanged = Callable[..., AbstractContextManager[None]]
"""A block in which not a byte below the test's folder changes, but for the names that are handed in."""


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones included, but for the record of what a batch has done."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent.name != RECORD_FOLDER
    }


class EmptyScene:
    """A detector that finds nobody, and calls ``on_image`` with each image that it is given."""

    def __init__(self, on_image: Callable[[NDArray[np.uint8]], None] = lambda _image: None) -> None:
        self._on_image = on_image

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        self._on_image(image_bgr)
        return []

    def search(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        return self.detect(image_bgr)

    def detect_frame(self, pyramid: Pyramid, rois: Sequence[Roi], *, whole: bool = True) -> FrameDetections:
        self._on_image(pyramid.image_bgr)
        return FrameDetections([])

    def detect_frame_concurrently(
        self, pyramid: Pyramid, rois: Callable[[], Sequence[Roi]], *, whole: bool = True
    ) -> FrameDetections:
        return self.detect_frame(pyramid, rois())

    def redetect(self, pyramid: Pyramid, request: RoiRequest) -> list[Detection]:
        return []

    def verify(self, pyramid: Pyramid, detection: Detection) -> Verification:
        raise NotImplementedError

    def close(self) -> None: ...


class NoClassifier:
    """Is asked for no face."""

    def classify(
        self, *views: NDArray[np.uint8], with_gender: Sequence[bool] | None = None
    ) -> list[Estimate]:
        return []


def make_analyzer(
    on_image: Callable[[NDArray[np.uint8]], None] = lambda _image: None,
) -> Callable[..., Analyzer]:
    """Makes analyzers of empty scenes, at once."""
    return lambda **_options: Analyzer(EmptyScene(on_image), NoClassifier())
