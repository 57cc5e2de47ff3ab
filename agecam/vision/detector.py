"""Face detection: MediaPipe's two official detectors, near and far, merged into one list of faces.

The short-range network (128 x 128 pixels, BlazeFace, Bazarevsky et al., "BlazeFace: Sub-millisecond Neural
Face Detection on Mobile GPUs", 2019) detects faces within about two metres of a webcam; the full-range
network (192 x 192, sparse) detects faces about a twelfth of the image high, and smaller ones on tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.paths import models_dir
from agecam.vision.face_network import INPUT_PX, FaceNetwork, Proposals
from agecam.vision.face_networks import FaceNetworks, NetworksConfig, crop_rois, detect_rois
from agecam.vision.image_search import SearchConfig, search_image, with_border
from agecam.vision.nms import non_max_suppression, prioritized_nms
from agecam.vision.pyramid import Pyramid, Roi
from agecam.vision.rois import RoiRequest
from agecam.vision.stage_clock import NetworkUsage
from agecam.vision.tile_selection import open_places
from agecam.vision.verification import Verification

__all__ = ["Detector", "DetectorConfig", "FrameDetections", "MediaPipeDetector", "with_border"]


_NO_PLACES: Final = np.empty((0, 4), np.float32)


class FrameDetections(NamedTuple):
    """The ``faces`` of a frame, and the ``places`` in which its whole may show others, ``(n, 4)`` float32.

    Of a place there are centre xy and width in pixels of the frame, and its score, too low for a detection.
    """

    faces: list[Detection]
    places: Proposals = _NO_PLACES


class Detector(Protocol):
    """Detects faces.

    :meth:`detect` and :meth:`search` are for single images. Frames of a video go to :meth:`detect_frame`
    first, then to the others where what is known asks for more.
    """

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        """Faces of one image ``(h, w, 3)`` uint8, from left to right."""
        ...

    def search(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        """The same with far more time, for faces that :meth:`detect` misses."""
        ...

    def detect_frame(self, pyramid: Pyramid, rois: Sequence[Roi], *, whole: bool = True) -> FrameDetections:
        """Faces in a whole frame and in some regions of it, or without ``whole`` in these alone."""
        ...

    def detect_frame_concurrently(
        self, pyramid: Pyramid, rois: Callable[[], Sequence[Roi]], *, whole: bool = True
    ) -> FrameDetections:
        """The same, in one thread while another uses the other methods.

        What the regions are is asked for once the whole frame is searched.
        """
        ...

    def redetect(self, pyramid: Pyramid, request: RoiRequest) -> list[Detection]:
        """Faces that :meth:`detect_frame` may miss, in regions or, if asked for, near ones in the whole."""
        ...

    def verify(self, pyramid: Pyramid, detection: Detection) -> Verification:
        """The confidence that a detection is a face, from a region in which it is large."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class DetectorConfig:
    """Settings of :class:`MediaPipeDetector`; scores are in [0, 1]."""

    min_score: float = 0.5
    """Least score that is reported, except by a search: MediaPipe's own default. Where tracks continue with
    less (:attr:`TrackerConfig.continue_score`), that is what it should be."""
    priority_score: float = 0.5
    """Detections in the whole frame of this score go before those in regions, whatever their scores; see
    :func:`prioritized_nms`."""
    place_score: float = 0.02
    """Least score of a place in the whole frame where a region may show a face. On the classroom clip 71 % of
    tiles have one, 61 at 0.03 and 46 at 0.05; at 0.03 a number went over to somebody else in a crowd."""
    networks: NetworksConfig = field(default_factory=NetworksConfig)
    """Settings of the two networks and of verification."""
    search: SearchConfig = field(default_factory=SearchConfig)
    """Settings of :meth:`MediaPipeDetector.search`."""


class MediaPipeDetector:
    """Both MediaPipe detectors, near and far, from the folder ``models`` (by default that of the program).

    Not thread-safe: one detector per thread, and one more thread for :meth:`detect_frame_concurrently`, which
    then takes the place of :meth:`detect_frame`. Close it, or use it as a context manager.

    Raises :class:`agecam.errors.ModelError` when a detector file is missing or damaged.
    """

    def __init__(self, models: Path | None = None, config: DetectorConfig = DetectorConfig()) -> None:
        self._config = config
        self._networks = FaceNetworks(models or models_dir(), config.networks)

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        """Faces of one image ``(h, w, 3)`` uint8, from left to right, by one run of both networks."""
        found = non_max_suppression(self._scored(self._networks.detect_whole(Pyramid(image_bgr))))
        return sorted(found, key=lambda face: face.box[0])

    def search(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        """The same with overlapping tiles, for small faces, and a border, for those that fill the image.

        It takes twice as long for a portrait, 5 to 20 times for a group, and in a crowd, where the tiles
        become smaller, up to 60 times. Where nothing is found it looks for less sure large faces, and for
        faces in the image turned by quarters.

        It considers low scores too; :mod:`agecam.vision.face_regression` decides what is a face: of 259 faces
        on 21 group photographs it detects 97 % (:meth:`detect` alone: 41 %), all of those 48 pixels and
        larger; verifiers that had not seen the photographs let 0.6 % of false boxes pass, all of them hands
        (``benchmarks/group_photographs.py``). Of FairFace's images 0.5 % have no detection.
        """
        config = self._config
        return search_image(self._networks, image_bgr, config.search, crowd_score=config.min_score)

    def detect_frame(self, pyramid: Pyramid, rois: Sequence[Roi], *, whole: bool = True) -> FrameDetections:
        """Faces that the full-range network detects in the whole frame, and those in regions alone.

        Beside the whole the regions go to a second one, at the same time where there is a second core.
        """
        if not whole:
            regions = crop_rois(pyramid, rois)
            on_rois_alone = detect_rois(self._networks.full_range, pyramid.size_wh, regions)
            return FrameDetections(self._merged([], on_rois_alone))
        on_rois = self._networks.detect_rois_beside(pyramid, rois) if rois else None
        found, places = self._detect_whole(self._networks.full_range, pyramid)
        return FrameDetections(self._merged(found, on_rois.result() if on_rois else []), places)

    def detect_frame_concurrently(
        self, pyramid: Pyramid, rois: Callable[[], Sequence[Roi]], *, whole: bool = True
    ) -> FrameDetections:
        """The same, by the second network alone, in one thread while another uses the other methods."""
        network = self._networks.second_full_range()
        found, places = self._detect_whole(network, pyramid) if whole else ([], _NO_PLACES)
        on_rois = detect_rois(network, pyramid.size_wh, crop_rois(pyramid, rois()))
        return FrameDetections(self._merged(found, on_rois), places)

    def _detect_whole(self, network: FaceNetwork, pyramid: Pyramid) -> tuple[list[Detection], Proposals]:
        found, places = network.detect_and_propose(pyramid.whole(INPUT_PX), self._config.place_score)
        return found, open_places(places, self._scored(found))

    def redetect(self, pyramid: Pyramid, request: RoiRequest) -> list[Detection]:
        """Small faces in regions and, if asked for, those the short-range network detects in the whole."""
        networks = self._networks
        beside = networks.detect_short_range_beside(pyramid) if request.short_range else None
        on_rois = detect_rois(networks.full_range, pyramid.size_wh, crop_rois(pyramid, request.rois))
        on_whole = beside.result() if beside else []
        on_rois += networks.detect_near(pyramid, request.near_rois)
        return prioritized_nms(self._scored(on_rois), self._scored(on_whole))

    def verify(self, pyramid: Pyramid, detection: Detection) -> Verification:
        """The confidence that a detection is a face, from a region a quarter of which it fills.

        A probability in [0, 1] by :mod:`agecam.vision.face_regression`, from both networks' best scores there
        (0 for one that no longer detects it), the verifier, the place of eyes and mouth, and color. The
        full-range network is left out where it would hardly change it. On 1,394 frames of people from behind
        no mean over three frames confirmed a track.
        """
        return self._networks.verify(pyramid, detection)

    def network_usage(self) -> dict[str, NetworkUsage]:
        """As :meth:`agecam.vision.stage_clock.CountsRuns.network_usage` says."""
        return self._networks.network_usage()

    def _merged(self, on_whole: Iterable[Detection], on_rois: Iterable[Detection]) -> list[Detection]:
        whole = self._scored(on_whole)
        first = [one for one in whole if one.score >= self._config.priority_score]
        rest = [one for one in whole if one.score < self._config.priority_score]
        return prioritized_nms(first, rest + self._scored(on_rois))

    def _scored(self, detections: Iterable[Detection]) -> list[Detection]:
        return [one for one in detections if one.score >= self._config.min_score]

    def close(self) -> None:
        """Release the networks; calling it twice does no harm."""
        self._networks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
