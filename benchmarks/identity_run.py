"""A film through the program as ``agecam annotate`` runs it, and what was shown of whom in each frame."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

import agecam.vision
from agecam.drawing.label_text import LabelStyle, gender_word, label_texts
from agecam.live.pipeline import Pipeline
from agecam.messages import Detection, Estimate, Frame, Person
from agecam.vision.analyzer import Analyzer
from agecam.vision.detector import Detector, FrameDetections
from agecam.vision.nms import prioritized_nms
from agecam.vision.pyramid import Pyramid, Roi
from agecam.vision.rois import RoiRequest
from agecam.vision.verification import Verification
from benchmarks.identity_scene import Truth

Box = tuple[float, float, float, float]

_DETECTION_SOURCES: Final = (
    "detector",
    "face_network",
    "face_networks",
    "letterbox",
    "mediapipe_network",
    "mediapipe_tasks",
    "nms",
    "pyramid",
    "rois",
    "ssd",
    "tile_selection",
)
"""Modules of ``agecam.vision`` that decide what is detected; kept detections are void once they change."""


@dataclass(frozen=True, slots=True)
class DrawnPerson:
    """One person as drawn in one frame: the box ``(x, y, w, h)`` and the label.

    ``estimate`` is fused; ``printed_age`` is the number that is printed, ``None`` where it is none, and
    ``gender`` the word. Without a label there is neither estimate nor age, and the gender is "?".
    """

    track_id: int
    box: Box
    estimate: Estimate | None = None
    printed_age: float | None = None
    gender: Literal["female", "male", "?"] = "?"


@dataclass(frozen=True, slots=True)
class Observed:
    """One frame: who is there, and who is shown."""

    time_s: float
    truths: tuple[Truth, ...]
    drawn: tuple[DrawnPerson, ...]


def run_film(analyzer: Analyzer, film: Iterable[tuple[Frame, tuple[Truth, ...]]]) -> list[Observed]:
    """Analyse all frames of a film, forgetting everybody first."""
    analyzer.reset()
    pending: deque[tuple[Truth, ...]] = deque()

    def frames() -> Iterator[Frame]:
        for frame, truths in film:
            pending.append(truths)
            yield frame

    observed = []
    for annotated in Pipeline(analyzer).process_all(frames()):
        drawn = tuple(
            _drawn_person(fused, printed)
            for fused, printed in zip(annotated.analysis.people, annotated.people, strict=True)
            if printed.confirmed
        )
        observed.append(Observed(annotated.analysis.frame.time_s, pending.popleft(), drawn))
    return observed


def _drawn_person(fused: Person, printed: Person) -> DrawnPerson:
    if printed.estimate is None:
        return DrawnPerson(printed.track_id, printed.face.box)
    large, _ = label_texts(printed.estimate, LabelStyle())
    age = float(large) if large.isdecimal() else None
    word = gender_word(printed.estimate.female)
    return DrawnPerson(printed.track_id, printed.face.box, fused.estimate, age, word)


class KeptDetections:
    """A detector that keeps what it has detected, in memory and in a file of ``folder`` if one is given.

    A film that is analysed again, by whatever tracker, is then detected anew only where that tracker asks
    for other regions.
    """

    def __init__(self, detector: Detector, folder: Path | None = None) -> None:
        self._detector = detector
        self._folder = folder
        self._path: Path | None = None
        self._kept: dict[str, list[list[float]]] = {}
        self._frames: dict[str, list[Detection]] = {}
        self._is_new = False

    def begin(self, film: str) -> None:
        """Take what is kept of a film by this name, and forget the one before."""
        self._kept, self._frames, self._is_new = {}, {}, False
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._path = self._folder / f"{film}-{_sources_digest()}.json"
            if self._path.is_file():
                self._kept = json.loads(self._path.read_text())

    def end(self) -> None:
        """Write what is new to the file."""
        if self._path is not None and self._is_new:
            self._path.write_text(json.dumps(self._kept))

    def by_frame(self, frames: Iterable[Frame]) -> list[list[Detection]]:
        """All that the tracker was given of each frame; what was not searched for it is so now."""
        return [
            self._frames.get(_digest(frame.image_bgr))
            or self.detect_frame(Pyramid(frame.image_bgr), []).faces
            for frame in frames
        ]

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        return self._detector.detect(image_bgr)

    def search(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        return self._detector.search(image_bgr)

    def detect_frame(self, pyramid: Pyramid, rois: Sequence[Roi], *, whole: bool = True) -> FrameDetections:
        detect = partial(self._detector.detect_frame, pyramid, rois, whole=whole)
        return self._detect_frame(pyramid, rois, detect, whole=whole)

    def detect_frame_concurrently(
        self, pyramid: Pyramid, rois: Callable[[], Sequence[Roi]], *, whole: bool = True
    ) -> FrameDetections:
        chosen = rois()
        detect = partial(self._detector.detect_frame_concurrently, pyramid, lambda: chosen, whole=whole)
        return self._detect_frame(pyramid, chosen, detect, whole=whole)

    def _detect_frame(
        self, pyramid: Pyramid, rois: Sequence[Roi], detect: Callable[[], FrameDetections], *, whole: bool
    ) -> FrameDetections:
        digest = _digest(pyramid.image_bgr)
        if not whole:
            key = f"{digest} tiles {[tuple(roi) for roi in rois]}"
            if key not in self._kept:
                self._keep(key, detect().faces)
            return FrameDetections(self._taken(key))
        key = f"{digest} frame {[tuple(roi) for roi in rois]}"
        if key not in self._kept:
            found = detect()
            self._keep(key, found.faces)
            self._kept[f"{digest} places"] = found.places.tolist()
        self._frames[digest] = self._taken(key)
        places = np.array(self._kept[f"{digest} places"], np.float32).reshape(-1, 4)
        return FrameDetections(list(self._frames[digest]), places)

    def redetect(self, pyramid: Pyramid, request: RoiRequest) -> list[Detection]:
        digest = _digest(pyramid.image_bgr)
        key = f"{digest} again {request}"
        if key not in self._kept:
            self._keep(key, self._detector.redetect(pyramid, request))
        again = self._taken(key)
        if digest in self._frames:  # else it has not been searched but for those who were missed
            self._frames[digest] = prioritized_nms(self._frames[digest], again)
        return again

    def verify(self, pyramid: Pyramid, detection: Detection) -> Verification:
        key = f"{_digest(pyramid.image_bgr)} verify {detection.box} {detection.score}"
        if key not in self._kept:
            verification = self._detector.verify(pyramid, detection)
            found = [] if verification.detection is None else [verification.detection]
            self._keep(key, found)
            self._kept[key].append([verification.confidence])
        *boxes, (confidence,) = self._kept[key]
        return Verification(confidence, _detection(boxes[0]) if boxes else None)

    def close(self) -> None:
        self._detector.close()

    def _keep(self, key: str, detections: Sequence[Detection]) -> None:
        self._is_new = True
        self._kept[key] = [
            [float(v) for v in (*one.box, one.score, *one.keypoints.ravel())] for one in detections
        ]

    def _taken(self, key: str) -> list[Detection]:
        return [_detection(values) for values in self._kept[key]]


def _detection(values: Sequence[float]) -> Detection:
    x, y, width, height, score, *keypoints = values
    return Detection((x, y, width, height), score, np.array(keypoints, np.float32).reshape(4, 2))


def _digest(image_bgr: NDArray[np.uint8]) -> str:
    """Of every fourth pixel: noise makes each frame of a film differ in them."""
    return hashlib.blake2b(image_bgr[::4, ::4].tobytes(), digest_size=8).hexdigest()


def _sources_digest() -> str:
    folder = Path(agecam.vision.__path__[0])
    sources = [folder / f"{name}.py" for name in _DETECTION_SOURCES]
    content = b"".join(path.read_bytes() for path in sources if path.is_file())
    return hashlib.blake2b(content, digest_size=6).hexdigest()
