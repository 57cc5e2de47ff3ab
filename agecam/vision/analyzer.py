"""From a frame to the people in it: detect, track, align, classify, fuse."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from agecam.errors import AgeCamError
from agecam.messages import Analysis, Detection, Estimate, Frame, Person
from agecam.priority import Ahead, lower_priority
from agecam.runtime import Runtime
from agecam.vision.align import TTA_VIEWS, align_faces
from agecam.vision.appearance import describe
from agecam.vision.changes import Box
from agecam.vision.classification_schedule import ClassificationSchedule, ClassificationScheduleConfig
from agecam.vision.classifier import Classifier, LiteRtClassifier
from agecam.vision.detector import Detector, DetectorConfig, FrameDetections, MediaPipeDetector
from agecam.vision.face_network import FULL_RANGE
from agecam.vision.frame_schedule import FrameScheduleConfig
from agecam.vision.frame_search import FrameSearch, SearchedFrame
from agecam.vision.known_people import KnownPeople, KnownPeopleConfig
from agecam.vision.look_back import LookBack, LookBackConfig
from agecam.vision.nms import apart_from, non_max_suppression, prioritized_nms
from agecam.vision.photographs import PhotographAnalyzer
from agecam.vision.propagation import PropagationConfig, propagate
from agecam.vision.pyramid import Pyramid, Roi
from agecam.vision.quality import QualityConfig, crop_quality
from agecam.vision.rois import RoiConfig, RoiScheduler, TileConfig
from agecam.vision.scene_cut import Scene, SceneConfig, SceneTracker
from agecam.vision.stage_clock import CountsRuns, NetworkUsage, StageClock
from agecam.vision.track import Track
from agecam.vision.tracker import Tracker
from agecam.vision.tracker_config import TrackerConfig
from agecam.vision.verification import Verification

_LAG_FRAMES: Final = 3
"""What is known of so many frames before decides whether one is searched, also where none is searched ahead:
the people are the same either way."""

_Known = tuple[Box, ...] | None
"""As :meth:`KnownPeople.update` says."""


@dataclass(frozen=True, slots=True)
class AnalyzerConfig:
    """Settings of all parts of an :class:`Analyzer`, but for the detector and the classifier it is given."""

    frames: FrameScheduleConfig = field(default_factory=FrameScheduleConfig)
    known: KnownPeopleConfig = field(default_factory=KnownPeopleConfig)
    propagation: PropagationConfig = field(default_factory=PropagationConfig)
    tiles: TileConfig = field(default_factory=TileConfig)
    rois: RoiConfig = field(default_factory=RoiConfig)
    scenes: SceneConfig = field(default_factory=SceneConfig)
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    schedule: ClassificationScheduleConfig = field(default_factory=ClassificationScheduleConfig)
    quality: QualityConfig = field(default_factory=QualityConfig)
    look_back: LookBackConfig = field(default_factory=LookBackConfig)
    frames_ahead: int = 3
    """Frames in which :meth:`Analyzer.analyze_all` runs detection early: enough for the other thread hardly
    ever to wait where one frame takes longer than the next (3 % of the time; with two 15 %, and 5 % fewer
    frames a second); each holds its image in memory. With 0 there is no such thread, which on one core only
    costs time."""


class Analyzer:
    """Finds people in the frames of one source after another. One thread uses it at a time.

    Owns the detector that it is given; close it, or use it as a context manager.

    >>> with create_analyzer() as analyzer:
    ...     for person in analyzer.analyze(frame).people:
    ...         print(person.track_id, person.face.box, person.estimate)
    """

    def __init__(
        self, detector: Detector, classifier: Classifier, config: AnalyzerConfig = AnalyzerConfig()
    ) -> None:
        self._config = config
        self._detector = detector
        self._classifier = classifier
        self._search = FrameSearch(config.frames, config.tiles)
        self._rois = RoiScheduler(config.rois)
        self._scenes = SceneTracker(config.scenes)
        self._scene = Scene()
        self._tracker = Tracker(config.tracker)
        self._people = KnownPeople(config.known)
        self._schedule = ClassificationSchedule(config.schedule)
        self._photographs = PhotographAnalyzer(detector, classifier)
        self._forget_frames()

    def _forget_frames(self) -> None:
        self._last_searched: Pyramid | None = None
        self._last_pyramid: Pyramid | None = None
        self._last_faces: dict[int, Detection] = {}
        """In that frame, by the number of the track."""
        self._known: deque[Future[_Known]] = deque(maxlen=1 + max(_LAG_FRAMES, self._config.frames_ahead))
        """Who is known in each of the last frames that were begun, once they are tracked."""

    def analyze(self, frame: Frame) -> Analysis:
        """The people of one frame, in order of their numbers, those not yet confirmed included.

        ``frame.time_s`` must not decrease between calls of :meth:`reset`; :class:`ValueError` is raised where
        it does. ``stages_ms`` has ``detect``, ``align``, ``classify`` and ``track``, which includes fusion.

        A frame that ``is_still`` is searched as :meth:`analyze_image` does, without a stage ``track``; people
        are numbered from left to right and confirmed at once. Frames of the very same image array that
        follow have the same people, and no stages, since nothing is run.
        """
        if frame.is_still:
            return self._photographs.analyze(frame)
        known_before, known = self._begin_frame()
        try:
            searched = self._search.search(self._detect_frame, frame, known_before)
            self._last_pyramid = searched.pyramid
            return self._track(searched)
        finally:
            known.set_result(self._people.boxes)

    def _detect_frame(
        self, pyramid: Pyramid, rois: Callable[[], Sequence[Roi]], *, whole: bool = True
    ) -> FrameDetections:
        return self._detector.detect_frame(pyramid, rois(), whole=whole)

    def half_of(self, image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Half the size of the image of the frame that :meth:`analyze` had last, or of such a half again.

        They are made for that. ``None`` for any other image.
        """
        pyramid = self._last_pyramid
        return None if pyramid is None else pyramid.half_of(image_bgr)

    def analyze_all(self, frames: Iterable[Frame]) -> Generator[Analysis, None, None]:
        """What :meth:`analyze` returns for each of the frames, sooner where there are two cores.

        Whoever is confirmed later is confirmed in the frames before, too; see :class:`LookBack`. Detection
        that needs no earlier frame runs in a thread of its own, some frames ahead; all that depends on
        earlier frames is done in their order. An :class:`AgeCamError` that ``frames`` raises comes after the
        analyses of all frames before it.
        """
        analyses = self._analyze_ahead(frames)
        with contextlib.closing(analyses):
            yield from LookBack(self._config.look_back).fill(analyses)

    def _analyze_ahead(self, frames: Iterable[Frame]) -> Generator[Analysis, None, None]:
        if not self._config.frames_ahead:
            yield from map(self.analyze, frames)
            return
        pool = ThreadPoolExecutor(1, "agecam-prefetch-detect", lower_priority, (Ahead.DETECTING,))
        pending: deque[Callable[[], Analysis]] = deque()
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
                pending.append(self._submit(pool, frame))
                if len(pending) > self._config.frames_ahead:
                    yield pending.popleft()()
            while pending:
                yield pending.popleft()()
        finally:
            for known in self._known:  # else a search would wait for what does not come any more
                known.cancel()
            self._known.clear()
            pool.shutdown(cancel_futures=True)
        if failure is not None:
            raise failure

    def _submit(self, pool: Executor, frame: Frame) -> Callable[[], Analysis]:
        if frame.is_still:
            return partial(self._photographs.analyze, frame)
        known_before, known = self._begin_frame()
        detect = self._detector.detect_frame_concurrently
        searched = pool.submit(self._search.search, detect, frame, known_before)

        def track() -> Analysis:
            analysis = self._track(searched.result())
            known.set_result(self._people.boxes)
            return analysis

        return track

    def _begin_frame(self) -> tuple[Callable[[], _Known], Future[_Known]]:
        """What waits for who was known some frames before, and where to say who is known in this one.

        Those that are searched ahead know no more.
        """
        known: Future[_Known] = Future()
        self._known.append(known)
        if len(self._known) <= _LAG_FRAMES:
            return lambda: None, known
        return self._known[-1 - _LAG_FRAMES].result, known

    def _track(self, searched: SearchedFrame) -> Analysis:
        frame, time_s = searched.frame, searched.frame.time_s
        clock = StageClock(detect=searched.took_ms)

        def verify(face: Detection) -> Verification:
            clock.lap("track")
            verification = self._detector.verify(searched.pyramid, face)
            clock.lap("detect")
            return verification

        scene = self._scenes.update(searched.thumbnail_gray, time_s)
        if scene.number != self._scene.number:
            self._rois.reset()  # new faces are searched for at once, and nobody is where they were
        self._scene = scene
        clock.lap("track")
        carried = self._propagated(searched)
        detections = self._detections(searched, carried)
        clock.lap("detect")
        look = partial(describe, searched.pyramid)
        tracks = self._tracker.update(
            detections,
            time_s,
            verify,
            describe=look,
            scene=scene,
            carried=carried or (),
            size_wh=searched.pyramid.size_wh,
        )
        # Of two shots that mix a face is partly another's.
        due = self._schedule.due([] if scene.is_mixed else tracks, time_s)
        clock.lap("track")
        # The models err differently on each view, and the fusion averages it out.
        views = [TTA_VIEWS[(track.runs - 1) % len(TTA_VIEWS)] for track in due]
        crops = align_faces(frame.image_bgr, [track.face for track in due], views)
        clock.lap("align")
        wanted = [self._schedule.wants_gender(track) for track in due]
        estimates = self._classifier.classify(crops, with_gender=wanted)
        clock.lap("classify")
        raw = {}
        for track, crop, estimate in zip(due, crops, estimates, strict=True):
            quality = crop_quality(track.face, crop, (frame.width, frame.height), self._config.quality)
            if track.add_prediction(estimate, quality):
                track = self._tracker.split(track)
                tracks = self._tracker.reported()
            raw[track.track_id] = estimate
        in_order = sorted(tracks, key=lambda track: track.track_id)
        people = tuple(_person(track, raw.get(track.track_id), time_s) for track in in_order)
        self._people.update(tracks, self._tracker.hidden(), (frame.width, frame.height))
        if carried is None:
            self._last_searched = searched.pyramid
            self._last_faces = {track.track_id: track.face for track in tracks if track.detected}
        clock.lap("track")
        return Analysis(frame, people, clock.stages_ms, scene.number)

    def _detections(self, searched: SearchedFrame, carried: Sequence[Detection] | None) -> list[Detection]:
        """The detections of a frame but for those ``carried``, and those of known faces that were missed.

        With ``carried`` the frame is not searched but for tiles, and for those who are missed in others, too.
        """
        pyramid, time_s, detections = searched.pyramid, searched.frame.time_s, searched.detections
        if carried is not None:
            detections = [*carried, *apart_from(carried, searched.on_tiles)]
        elif detections is None:
            whole = self._detector.detect_frame(pyramid, []).faces
            detections = non_max_suppression([*whole, *searched.on_tiles])
        expected = self._tracker.expected(time_s, self._scene)
        are_known = self._people.boxes is not None
        request = self._rois.schedule(
            pyramid.size_wh, expected, detections, time_s, are_known=are_known, is_still=searched.is_still
        )
        again = self._detector.redetect(pyramid, request)
        if carried is not None:
            return apart_from(carried, prioritized_nms(searched.on_tiles, again))
        return prioritized_nms(detections, again)

    def _propagated(self, searched: SearchedFrame) -> list[Detection] | None:
        """Everybody of the frame before in this one; ``None`` where it is, or has to be, searched.

        By what they looked like in the last frame that was searched: from frame to frame somebody who comes
        before them could take them over by and by.
        """
        if searched.detections is not None:
            return None
        pyramid, time_s = searched.pyramid, searched.frame.time_s
        before = self._last_searched
        if before is None or self._people.boxes is None or not self._scene.is_steady:
            return None
        propagated = []
        for track in self._tracker.reported():
            if not track.detected:
                continue
            last = self._last_faces.get(track.track_id)
            expected = track.predicted(time_s).centre
            face = last and propagate(before, pyramid, last, expected, self._config.propagation)
            if face is not None:
                propagated.append(face)
            elif track.confirmed:
                return None
        return propagated

    def analyze_image(self, image_bgr: NDArray[np.uint8]) -> list[tuple[Detection, Estimate]]:
        """Faces of a single image ``(h, w, 3)`` uint8 from left to right; leaves the tracks alone.

        By :meth:`Detector.search` and the mean prediction over several views; see
        :class:`agecam.vision.photographs.PhotographConfig`.
        """
        return self._photographs.search(image_bgr)

    def network_usage(self) -> dict[str, NetworkUsage]:
        """What the networks have cost since it was made, by their names; of those that count it."""
        parts = (one for one in (self._detector, self._classifier) if isinstance(one, CountsRuns))
        return {name: usage for part in parts for name, usage in part.network_usage().items()}

    def reset(self) -> None:
        """Forget everybody: call it when the source changes or time starts anew."""
        for part in (
            self._search,
            self._rois,
            self._scenes,
            self._tracker,
            self._people,
            self._schedule,
            self._photographs,
        ):
            part.reset()
        self._scene = Scene()
        self._forget_frames()

    def close(self) -> None:
        """Release the detector; calling it twice does no harm."""
        self._detector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _person(track: Track, raw: Estimate | None, time_s: float) -> Person:
    return Person(
        track_id=track.track_id,
        face=track.boxes.smooth(track.face, time_s),
        estimate=track.estimate(),
        raw=raw,
        confirmed=track.is_shown,
        tentative_id=track.tentative_id,
    )


def create_classifier(runtime: Runtime, models: Path | None = None, cores: int | None = None) -> Classifier:
    """The models of a folder (by default those that ship), run by ``runtime`` on ``cores``, all by default.

    Raises :class:`agecam.errors.ModelError` as :func:`create_analyzer` does.
    """
    if runtime == "keras":
        from agecam.vision.keras_classifier import KerasClassifier

        return KerasClassifier(models)
    return LiteRtClassifier(models, cores)


def create_detector(
    models: Path | None = None, config: AnalyzerConfig = AnalyzerConfig()
) -> MediaPipeDetector:
    """The detector that an :class:`Analyzer` so configured needs: it reports all that continues a track."""
    return MediaPipeDetector(models, DetectorConfig(min_score=config.tracker.continue_score))


def create_analyzer(
    *, runtime: Runtime = "litert", models: Path | None = None, cores: int | None = None
) -> Analyzer:
    """An analyzer on the models of a folder, by default those that ship.

    A folder that holds age and gender models alone, as training makes it, gets the face detectors that ship.
    ``cores`` is how many processor cores there are for it, where others work beside it; all by default.

    Raises :class:`agecam.errors.ModelError` when a model cannot be used, or Keras is asked for and missing.
    """
    classifier = create_classifier(runtime, models, cores)
    config = AnalyzerConfig(frames_ahead=0) if cores == 1 else AnalyzerConfig()
    has_detectors = models is not None and (models / FULL_RANGE).is_file()
    return Analyzer(create_detector(models if has_detectors else None), classifier, config)
