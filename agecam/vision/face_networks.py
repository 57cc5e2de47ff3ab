"""Both face networks, near and far, and the verifier; in two threads where that pays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Detection
from agecam.vision.boxes import iou
from agecam.vision.face_network import FULL_RANGE, INPUT_PX, SHORT_RANGE, FaceNetwork, LiteRtFaceNetwork
from agecam.vision.face_regression import (
    FaceRegressionConfig,
    face_log_odds,
    probability,
    with_confidence,
)
from agecam.vision.face_verifier import FACE_VERIFIER, FaceVerifier
from agecam.vision.manifest import detector_bytes
from agecam.vision.mediapipe_network import MediaPipeFaceNetwork
from agecam.vision.mosaic import MOSAIC_FROM, PART_PX, detect_in_mosaic
from agecam.vision.pyramid import Pyramid, Roi, RoiImage
from agecam.vision.stage_clock import NetworkUsage
from agecam.vision.verification import Verification


@dataclass(frozen=True, slots=True)
class NetworksConfig:
    """Settings of :class:`FaceNetworks`; scores are in [0, 1]."""

    min_score: float = 0.3
    """Least score that the networks report: low enough for what verification and tracks may still confirm."""
    verify_sides: float = 4.0
    """Side of the region that verifies a face, in sides of the face: it fills a quarter, which suits both."""
    verify_iou: float = 0.3
    """IoU above which a detection there is the face to be verified, and not its neighbour. Chosen."""
    verify_sure: float = 0.75
    """The full-range network is not run where the confidence would be so high even if it did not detect the
    face, ..."""
    full_range_score: float = 0.8
    """... and its score is taken to be so many times the short-range one's. That decides 62 of 389
    verifications on eight clips (27 of 51 in a classroom), with a confidence 0.09 higher to 0.02 lower than
    by both. Where nothing could make it high both are run: else a far face is confirmed later."""
    regression: FaceRegressionConfig = field(default_factory=FaceRegressionConfig)
    """What the scores and all else tell together."""
    lasting_log_odds: float = 0.5
    """Added in verification: what is detected in frame after frame is likelier a face than a detection in one
    photograph. On 1,394 frames of people from behind no mean over three verifications came to more than 0.51
    without it, by a verifier that had not seen them."""
    runtime: Literal["litert", "mediapipe"] = "litert"
    """What runs the networks: LiteRT, or MediaPipe's own task, with the same detections in more time."""


RegionOfRoi = tuple[Roi, RoiImage]


class FaceNetworks:
    """The full-range and the short-range network from one folder, and a second full-range one when needed.

    Not thread-safe, but that :meth:`second_full_range` may be run in a thread of its own. Close it.

    Raises :class:`ModelError` when a file is missing or damaged.
    """

    def __init__(self, models: Path, config: NetworksConfig) -> None:
        self._models = models
        self._config = config
        self._networks: list[FaceNetwork] = []
        self._usages: list[tuple[str, NetworkUsage]] = []
        self._second: FaceNetwork | None = None
        self._contents: dict[str, bytes] = {}
        self.regression = config.regression
        self._helper = ThreadPoolExecutor(1, thread_name_prefix="agecam-detect")
        short_range = self._helper.submit(self._load, SHORT_RANGE)
        try:
            self.full_range = self._load(FULL_RANGE)
            self._verifier = FaceVerifier(models / FACE_VERIFIER)
            self.short_range = short_range.result()
        except ModelError:
            self.close()
            raise

    def _load(self, name: str) -> FaceNetwork:
        runner = MediaPipeFaceNetwork if self._config.runtime == "mediapipe" else LiteRtFaceNetwork
        path = self._models / name
        # The second network of a kind is that of the first, whatever has become of the file meanwhile.
        content = self._contents.get(name) or detector_bytes(path)
        self._contents[name] = content
        network = runner(path, min_score=self._config.min_score, content=content)
        self._networks.append(network)
        if isinstance(network, LiteRtFaceNetwork):
            self._usages.append((name, network.usage))
        return network

    def network_usage(self) -> dict[str, NetworkUsage]:
        """What runs have cost so far, but for those by MediaPipe's task: of "full_range" and so on."""
        usage = {
            kind: NetworkUsage.sum(one for name, one in self._usages if name == file)
            for kind, file in (("full_range", FULL_RANGE), ("short_range", SHORT_RANGE))
        }
        return {**usage, "face_verifier": NetworkUsage.sum([self._verifier.usage])}

    def second_full_range(self) -> FaceNetwork:
        """Another full-range network, loaded when it is first asked for."""
        if self._second is None:
            self._second = self._load(FULL_RANGE)
        return self._second

    def detect_whole(self, pyramid: Pyramid) -> list[Detection]:
        """What both detect in the whole image, duplicates included."""
        return self.detect_image(pyramid.whole(INPUT_PX))

    def detect_image(self, image: RoiImage) -> list[Detection]:
        """What both detect in an image, duplicates included, in pixels of the one that it is a part of."""
        return self.full_range.detect(image) + self.short_range.detect(image)

    def detect_short_range_beside(self, pyramid: Pyramid) -> Future[list[Detection]]:
        """What the short-range network detects in the whole image, at the same time as what comes next."""
        return self._helper.submit(self.short_range.detect, pyramid.whole(INPUT_PX))

    def detect_rois_beside(self, pyramid: Pyramid, rois: Sequence[Roi]) -> Future[list[Detection]]:
        """What the second full-range network detects in regions, at the same time as what comes next."""
        return self._helper.submit(
            detect_rois, self.second_full_range(), pyramid.size_wh, crop_rois(pyramid, rois)
        )

    def detect_near(self, pyramid: Pyramid, rois: Sequence[Roi]) -> list[Detection]:
        """What the short-range network detects in up to ``MOSAIC_ROIS`` regions around a face each,
        in one run if there are enough for a mosaic."""
        if len(rois) < MOSAIC_FROM:
            return detect_rois(self.short_range, pyramid.size_wh, crop_rois(pyramid, rois))
        regions = [pyramid.region(roi, 2 * PART_PX) for roi in rois]
        found = detect_in_mosaic(self.short_range, regions)
        return [
            one
            for detections, roi in zip(found, rois, strict=True)
            for one in uncut(detections, roi, pyramid.size_wh)
        ]

    def verify(self, pyramid: Pyramid, detection: Detection) -> Verification:
        """The confidence that a detection is a face; see :meth:`MediaPipeDetector.verify`."""
        config = self._config
        region = pyramid.square(detection.centre, config.verify_sides * max(detection.box[2:]), INPUT_PX)
        near = self._best(self.short_range.detect(region), detection)
        near_score = near.score if near else 0.0
        log_odds = config.lasting_log_odds + self.log_odds(pyramid.image_bgr, detection)

        def confidence(far_score: float) -> float:
            """By the mean of both scores, 0 for a network that does not detect it."""
            score = (near_score + far_score) / 2
            return probability(with_confidence(log_odds, score, config.regression)) if score else 0.0

        if confidence(0.0) >= config.verify_sure:
            return Verification(confidence(config.full_range_score * near_score), near)
        far = self._best(self.full_range.detect(region), detection)
        best = max((one for one in (near, far) if one), key=lambda one: one.score, default=None)
        return Verification(confidence(far.score if far else 0.0), best)

    def log_odds(self, image_bgr: NDArray[np.uint8], detection: Detection) -> float:
        """The log-odds that a detection in an image is a face, without another run of the detectors."""
        return face_log_odds(
            image_bgr, detection, self.verifier_log_odds(image_bgr, detection), self._config.regression
        )

    def verifier_log_odds(self, image_bgr: NDArray[np.uint8], detection: Detection) -> float:
        """The log-odds that a detection in an image is a face, by the verifier alone."""
        return self._verifier.log_odds(image_bgr, [detection])[0]

    def score_in(self, network: FaceNetwork, region: RoiImage, detection: Detection) -> float:
        """One network's best score for a face in a region, in [0, 1]; 0 where it does not detect it."""
        best = self._best(network.detect(region), detection)
        return best.score if best else 0.0

    def _best(self, found: Iterable[Detection], detection: Detection) -> Detection | None:
        same = (one for one in found if iou(one.box, detection.box) > self._config.verify_iou)
        return max(same, key=lambda one: one.score, default=None)

    def close(self) -> None:
        """Release the networks; calling it twice does no harm."""
        self._helper.shutdown()
        for network in self._networks:
            network.close()


def crop_rois(pyramid: Pyramid, rois: Iterable[Roi]) -> list[RegionOfRoi]:
    """The regions' images, made in one go, since a pyramid serves one thread at a time."""
    return [(roi, pyramid.region(roi, INPUT_PX)) for roi in rois]


def detect_rois(
    network: FaceNetwork, size_wh: tuple[int, int], regions: Iterable[RegionOfRoi]
) -> list[Detection]:
    """What a network detects in regions of an image of (width, height), but for faces that an edge cuts."""
    return [one for roi, region in regions for one in uncut(network.detect(region), roi, size_wh)]


def uncut(detections: Iterable[Detection], roi: Roi, size_wh: tuple[int, int]) -> list[Detection]:
    """Detections in a region of an image of (width, height), but for faces that its edge cuts."""
    return [one for one in detections if not _is_cut(one, roi, size_wh)]


def _is_cut(detection: Detection, roi: Roi, size_wh: tuple[int, int]) -> bool:
    """Whether an edge of the region inside the image cuts the face: another region holds it whole."""
    x, y, width, height = detection.box
    x0, y0, roi_width, roi_height = roi
    return (
        (x0 > 0 and x < x0)
        or (y0 > 0 and y < y0)
        or (x0 + roi_width < size_wh[0] and x + width > x0 + roi_width)
        or (y0 + roi_height < size_wh[1] and y + height > y0 + roi_height)
    )
