"""From a frame to the people in it: detect, track, align, classify, smooth."""

from __future__ import annotations

import time
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Analysis, Estimate, Face, Frame, Person
from agecam.vision.align import align_faces
from agecam.vision.classify import Classifier, LiteRtClassifier
from agecam.vision.detect import MIN_SCORE, Detector, MediaPipeDetector
from agecam.vision.smooth import EstimateSmoother, FaceSmoother, crop_quality
from agecam.vision.track import Tracker

Engine = Literal["litert", "keras"]


class Analyzer:
    """All of seeing, for the frames of one source after another. One thread uses it at a time.

    Owns the detector that it is given; close it, or use it as a context manager.
    """

    def __init__(self, detector: Detector, classifier: Classifier) -> None:
        self._detector = detector
        self._classifier = classifier
        self._tracker = Tracker()
        self._faces = FaceSmoother()
        self._estimates = EstimateSmoother()

    def analyze(self, frame: Frame) -> Analysis:
        """The people of one frame; ``frame.time_s`` must not decrease between calls of :meth:`reset`.

        ``stages_ms`` has ``detect``, ``track`` (which includes smoothing), ``align`` and ``classify``.
        """
        started = time.perf_counter()
        faces = self._detector.detect(frame.image_bgr)
        detected = time.perf_counter()
        tracked = self._tracker.update(faces, frame.time_s)
        due = [one for one in tracked if one.detected]
        followed = time.perf_counter()
        crops = align_faces(frame.image_bgr, [one.face for one in due])
        aligned = time.perf_counter()
        raw = {
            one.track_id: estimate
            for one, estimate in zip(due, self._classifier.classify(crops), strict=True)
        }
        classified = time.perf_counter()
        for one in due:
            self._estimates.add(one.track_id, raw[one.track_id], crop_quality(one.face), frame.time_s)
        people = tuple(
            Person(
                track_id=one.track_id,
                face=self._faces.face(one.track_id, one.face, frame.time_s),
                estimate=self._estimates.estimate(one.track_id),
                raw=raw.get(one.track_id),
                settled=one.settled,
            )
            for one in tracked
        )
        smoothed = time.perf_counter()
        stages_ms = {
            "detect": 1000 * (detected - started),
            "track": 1000 * (followed - detected + smoothed - classified),
            "align": 1000 * (aligned - followed),
            "classify": 1000 * (classified - aligned),
        }
        return Analysis(frame, people, stages_ms)

    def analyze_image(self, image_bgr: NDArray[np.uint8]) -> list[tuple[Face, Estimate]]:
        """Faces of a single photograph ``(h, w, 3)`` uint8 from left to right; leaves the tracks alone."""
        faces = [face for face in self._detector.detect(image_bgr) if face.score >= MIN_SCORE]
        return list(zip(faces, self._classifier.classify(align_faces(image_bgr, faces)), strict=True))

    def reset(self) -> None:
        """Forget everybody: call it when the source changes or time starts anew."""
        self._tracker.reset()
        self._faces.reset()
        self._estimates.reset()

    def close(self) -> None:
        """Release the detector; calling it twice does no harm."""
        self._detector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def create_analyzer(*, engine: Engine = "litert", thorough: bool = False) -> Analyzer:
    """An analyzer on the shipped models; ``thorough`` finds small faces too and takes several times as long.

    Raises :class:`agecam.errors.ModelError` when a model cannot be used, or Keras is asked for and missing.
    """
    classifier: Classifier
    if engine == "keras":
        from agecam.vision.keras_engine import KerasClassifier

        classifier = KerasClassifier()
    else:
        classifier = LiteRtClassifier()
    return Analyzer(MediaPipeDetector(min_score=0.4, thorough=thorough), classifier)
