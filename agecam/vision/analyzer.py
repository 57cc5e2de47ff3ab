"""From a frame to the people in it: detect, track, align, classify, smooth."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from agecam.errors import AgeCamError
from agecam.messages import Analysis, Detection, Estimate, Frame, Person
from agecam.vision.align import TTA_VIEWS, align_faces, align_tta
from agecam.vision.box_filter import BoxFilter
from agecam.vision.classification_schedule import Schedule
from agecam.vision.classifier import Classifier, LiteRtClassifier
from agecam.vision.detector import Detector, MediaPipeDetector
from agecam.vision.fusion import Fusion
from agecam.vision.manifest import Runtime
from agecam.vision.nms import prioritized_nms
from agecam.vision.pyramid import Pyramid, Roi
from agecam.vision.quality import crop_quality
from agecam.vision.rois import RoiScheduler, TileScheduler
from agecam.vision.tracker import CONTINUE_SCORE, Tracker

_LOOKS_PER_FRAME: Final = 2
_GLANCES_AHEAD: Final = 2


@dataclass(frozen=True, slots=True)
class _Glance:
    """A frame as it is seen before anything is known of who was there."""

    frame: Frame
    picture: Pyramid
    faces: list[Detection]
    took_ms: float


class Analyzer:
    """All of seeing, for the frames of one source after another. One thread uses it at a time.

    Owns the detector that it is given; close it, or use it as a context manager.
    """

    def __init__(self, detector: Detector, classifier: Classifier) -> None:
        self._detector = detector
        self._survey = TileScheduler()
        self._follower = RoiScheduler()
        self._classifier = classifier
        self._tracker = Tracker()
        self._boxes = BoxFilter()
        self._estimates = Fusion()
        self._schedule = Schedule()

    def analyze(self, frame: Frame) -> Analysis:
        """The people of one frame, in order of their numbers, those not yet confirmed included.

        ``frame.time_s`` must not decrease between calls of :meth:`reset`. ``stages_ms`` has ``detect``,
        ``track`` (which includes smoothing), ``align`` and ``classify``.
        """
        return self._follow(_glance(self._detector.detect_frame, frame, self._tiles(frame)))

    def analyze_all(self, frames: Iterable[Frame]) -> Generator[Analysis, None, None]:
        """What :meth:`analyze` gives for each of the frames, sooner where there are two cores.

        The next frames are glanced at in a thread of their own, which needs to know nobody; all that depends
        on earlier frames is done in their order. What ``frames`` raises comes after all answers before it.
        """
        pool = ThreadPoolExecutor(1, thread_name_prefix="agecam-glance")
        glances: deque[Future[_Glance]] = deque()
        failure: AgeCamError | None = None
        rest = iter(frames)
        try:
            while True:
                try:
                    frame = next(rest)
                except StopIteration:
                    break
                except AgeCamError as error:
                    failure = error
                    break
                glances.append(
                    pool.submit(_glance, self._detector.detect_frame_concurrently, frame, self._tiles(frame))
                )
                if len(glances) > _GLANCES_AHEAD:
                    yield self._follow(glances.popleft().result())
            while glances:
                yield self._follow(glances.popleft().result())
        finally:
            pool.shutdown(cancel_futures=True)
        if failure is not None:
            raise failure

    def _tiles(self, frame: Frame) -> list[Roi]:
        return self._survey.areas((frame.width, frame.height), frame.time_s)

    def _follow(self, glance: _Glance) -> Analysis:
        frame, picture = glance.frame, glance.picture
        image, time_s = frame.image_bgr, frame.time_s
        clock = _StageClock(detect=glance.took_ms)
        pursuit = self._follower.pursuit(picture.size, self._tracker.expected(time_s), glance.faces, time_s)
        pursued = self._detector.redetect_rois(picture, pursuit.areas, near=pursuit.near)
        faces = prioritized_nms(glance.faces, pursued)
        clock.lap("detect")
        self._tracker.update(faces, time_s)
        doubtful = self._tracker.doubtful()[:_LOOKS_PER_FRAME]
        clock.lap("track")
        closer = [self._detector.verify(picture, one.face) for one in doubtful]
        clock.lap("detect")
        for one, look in zip(doubtful, closer, strict=True):
            self._tracker.add_verification(one.track_id, look.confidence, look.face)
        people = self._tracker.visible()
        due = self._schedule.due(people, time_s)
        clock.lap("track")
        # The models err differently about each look, and the fusion averages it out.
        looks = [TTA_VIEWS[(self._schedule.answers(one.track_id) - 1) % len(TTA_VIEWS)] for one in due]
        crops = align_faces(image, [one.face for one in due], looks)
        clock.lap("align")
        estimates = self._classifier.classify(crops)
        clock.lap("classify")
        raw = {one.track_id: estimate for one, estimate in zip(due, estimates, strict=True)}
        for one, crop in zip(due, crops, strict=True):
            quality = crop_quality(one.face, crop, (frame.width, frame.height))
            self._estimates.add(one.track_id, raw[one.track_id], quality, one.face, time_s)
        smoothed = tuple(
            Person(
                track_id=one.track_id,
                face=self._boxes.smooth(one.track_id, one.face, time_s),
                estimate=self._estimates.estimate(one.track_id),
                raw=raw.get(one.track_id),
                confirmed=one.confirmed,
            )
            for one in people
        )
        for memory in (self._boxes, self._estimates, self._schedule):
            memory.retain(self._tracker.alive())
        clock.lap("track")
        return Analysis(frame, smoothed, clock.stages_ms)

    def analyze_image(self, image_bgr: NDArray[np.uint8]) -> list[tuple[Detection, Estimate]]:
        """Faces of a single photograph ``(h, w, 3)`` uint8 from left to right; leaves the tracks alone."""
        faces = self._detector.search(image_bgr)
        estimates = self._classifier.classify(*align_tta(image_bgr, faces))
        return list(zip(faces, estimates, strict=True))

    def analyze_still(self, frame: Frame) -> Analysis:
        """The people of a single photograph, numbered from left to right and confirmed at once."""
        found = self.analyze_image(frame.image_bgr)
        people = (
            Person(number, face, estimate, estimate) for number, (face, estimate) in enumerate(found, 1)
        )
        return Analysis(frame, tuple(people))

    def reset(self) -> None:
        """Forget everybody: call it when the source changes or time starts anew."""
        self._survey.reset()
        self._follower.reset()
        self._tracker.reset()
        for memory in (self._boxes, self._estimates, self._schedule):
            memory.reset()

    def close(self) -> None:
        """Release the detector; calling it twice does no harm."""
        self._detector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def create_classifier(runtime: Runtime) -> Classifier:
    """The shipped models, run by ``runtime``; raises :class:`agecam.errors.ModelError` as below."""
    if runtime == "keras":
        from agecam.vision.keras_classifier import KerasClassifier

        return KerasClassifier()
    return LiteRtClassifier()


def create_analyzer(*, runtime: Runtime = "litert") -> Analyzer:
    """An analyzer on the shipped models.

    Raises :class:`agecam.errors.ModelError` when a model cannot be used, or Keras is asked for and missing.
    """
    classifier = create_classifier(runtime)
    return Analyzer(MediaPipeDetector(min_score=CONTINUE_SCORE), classifier)


def _glance(
    see: Callable[[Pyramid, Sequence[Roi]], list[Detection]], frame: Frame, areas: Sequence[Roi]
) -> _Glance:
    """All of seeing that does not depend on earlier frames."""
    started_s = time.perf_counter()
    picture = Pyramid(frame.image_bgr)
    faces = see(picture, areas)
    return _Glance(frame, picture, faces, (time.perf_counter() - started_s) * 1000)


class _StageClock:
    """Adds up the time between laps by the name of the stage that a lap ends."""

    def __init__(self, **before_ms: float) -> None:
        self.stages_ms = before_ms
        self._last_s = time.perf_counter()

    def lap(self, stage: str) -> None:
        now_s = time.perf_counter()
        self.stages_ms[stage] = self.stages_ms.get(stage, 0.0) + 1000 * (now_s - self._last_s)
        self._last_s = now_s
