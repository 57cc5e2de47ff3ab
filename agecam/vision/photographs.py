"""Analysis of single photographs: a search, and the mean prediction over views of each face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Analysis, Detection, Estimate, Frame, Person
from agecam.vision.align import align_tta
from agecam.vision.classifier import Classifier
from agecam.vision.detector import Detector
from agecam.vision.stage_clock import StageClock


class PhotographAnalyzer:
    """Finds people in single images; remembers the last frame's, so that one held is analysed once."""

    def __init__(self, detector: Detector, classifier: Classifier) -> None:
        self._detector = detector
        self._classifier = classifier
        self._last: tuple[NDArray[np.uint8], tuple[Person, ...]] | None = None

    def reset(self) -> None:
        """Forget the last photograph."""
        self._last = None

    def analyze(self, frame: Frame) -> Analysis:
        """The people of a photograph, numbered from left to right and confirmed.

        Frames of the very same image array that follow have the same people and no stages, since nothing is
        run on them.
        """
        clock = StageClock()
        if self._last is None or self._last[0] is not frame.image_bgr:
            found = self._search(frame.image_bgr, clock)
            people = tuple(
                Person(number, face, estimate, estimate) for number, (face, estimate) in enumerate(found, 1)
            )
            self._last = (frame.image_bgr, people)
        return Analysis(frame, self._last[1], clock.stages_ms)

    def search(self, image_bgr: NDArray[np.uint8]) -> list[tuple[Detection, Estimate]]:
        """Faces of an image ``(h, w, 3)`` uint8 from left to right, with their estimates."""
        return self._search(image_bgr, StageClock())

    def _search(self, image_bgr: NDArray[np.uint8], clock: StageClock) -> list[tuple[Detection, Estimate]]:
        faces = self._detector.search(image_bgr)
        clock.lap("detect")
        views = align_tta(image_bgr, faces)
        clock.lap("align")
        estimates = self._classifier.classify(*views)
        clock.lap("classify")
        return list(zip(faces, estimates, strict=True))
