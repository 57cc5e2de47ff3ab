"""One of MediaPipe's two official face detectors, as a network that is run on one image region at a time."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from agecam.errors import ModelError
from agecam.messages import Detection
from agecam.vision.letterbox import letterbox
from agecam.vision.litert import Floats, LiteRtModel
from agecam.vision.manifest import detector_bytes
from agecam.vision.nms import is_plausible
from agecam.vision.pyramid import RoiImage
from agecam.vision.ssd import VALUES, SsdDecoder, SsdFaces

SHORT_RANGE: Final = "face_detection_short_range.tflite"
FULL_RANGE: Final = "face_detection_full_range_sparse.tflite"

INPUT_PX: Final = 384
"""Longest side of an image that a network is given, pixels: twice the full-range network's own 192, up to
which the bilinear resampling in front of it leaves no pixel out."""

KEYPOINTS: Final = 4
"""Right eye, left eye, nose tip, mouth centre: the first four of MediaPipe's six; its ears are not used."""


Proposals = Floats
"""Places where faces may be: ``(n, 4)``, in no order: centre xy and width in pixels of the whole image, and
the score in [0, 1]."""


class FaceNetwork(Protocol):
    """One network, loaded and run once: the first run logs, and allocates memory.

    One thread at a time may use it; it works in the thread that calls it. Close it.
    """

    def detect(self, region: RoiImage) -> list[Detection]:
        """The plausible faces in an image region, in pixels of the whole image, in no order."""
        ...

    def detect_and_propose(self, region: RoiImage, min_score: float) -> tuple[list[Detection], Proposals]:
        """The same, and where less sure faces may be, of at least so high a score in [0, 1]."""
        ...

    def close(self) -> None:
        """Release the network; calling it twice does no harm."""
        ...


class LiteRtFaceNetwork:
    """A face network run by LiteRT, with the detections of MediaPipe's own task, in less time.

    ``min_score`` is the least score, in [0, 1], that it reports; ``content`` that of the file, where it has
    been read and checked.

    Raises :class:`ModelError` when ``path`` is missing or damaged.
    """

    def __init__(self, path: Path, *, min_score: float, content: bytes | None = None) -> None:
        content = content or detector_bytes(path)
        try:
            self._model = LiteRtModel(content)
            self.usage = self._model.usage
            self._input_px = self._model.input_shape[0]
            self._decoder = SsdDecoder(self._input_px, min_score=min_score)
            anchors = len(self._decoder)
            if self._model.output_shapes != ((anchors, VALUES), (anchors, 1)):
                raise ModelError("This is not one of MediaPipe's two face detectors.")
        except (ModelError, LookupError) as error:
            raise damaged_network(path) from error

    def detect(self, region: RoiImage) -> list[Detection]:
        """As :meth:`FaceNetwork.detect` says."""
        return self._model.run_in_place(partial(letterbox, region.image_bgr), partial(self._faces, region))

    def detect_and_propose(self, region: RoiImage, min_score: float) -> tuple[list[Detection], Proposals]:
        """As :meth:`FaceNetwork.detect_and_propose` says."""
        return self._model.run_in_place(
            partial(letterbox, region.image_bgr),
            lambda outputs: (self._faces(region, outputs), self._proposals(region, outputs, min_score)),
        )

    def _faces(self, region: RoiImage, outputs: tuple[Floats, ...]) -> list[Detection]:
        values, logits = outputs
        faces = self._decoder.decode(values, logits[:, 0])
        return _in_image(faces, region) if len(faces.scores) else []

    def _proposals(self, region: RoiImage, outputs: tuple[Floats, ...], min_score: float) -> Proposals:
        values, logits = outputs
        places = self._decoder.propose(values, logits[:, 0], min_score)
        size_wh = np.array(region.image_bgr.shape[1::-1], np.float32)
        places[:, :3] *= max(size_wh)
        places[:, :2] += (size_wh - max(size_wh)) / 2
        places[:, :3] *= region.scale
        places[:, :2] += (region.x0, region.y0)
        return places

    def close(self) -> None:
        """Nothing to do: LiteRT's memory goes with this object."""


def damaged_network(path: Path) -> ModelError:
    """What to raise where a face detector's file cannot be used."""
    return ModelError(f"The face detector {path} cannot be loaded. Reinstall AgeCam, or restore that file.")


def _in_image(faces: SsdFaces, region: RoiImage) -> list[Detection]:
    """The plausible ones of a region's faces, in pixels of the whole image.

    Boxes are whole pixels of the region, and inside it, as MediaPipe's ``DetectionTransformationCalculator``
    leaves them; keypoints are not. All in float32 as there, since the last bit decides between two pixels.
    """
    height, width = region.image_bgr.shape[:2]
    x0, y0, pixel = region.x0, region.y0, region.scale
    size, scale, margin = _placement(width, height)
    points = faces.points[:, : 2 + KEYPOINTS] * scale + margin
    points[:, 1] -= points[:, 0]
    boxes = (points[:, :2] * size).tolist()
    keypoints = (points[:, 2:] * np.array((width * pixel, height * pixel), np.float64) + (x0, y0)).astype(
        np.float32
    )
    detections = [
        Detection(
            box=(
                x0 + int(min(max(0, x), width)) * pixel,
                y0 + int(min(max(0, y), height)) * pixel,
                int(min(max(0, box_width), width)) * pixel,
                int(min(max(0, box_height), height)) * pixel,
            ),
            score=score,
            keypoints=face_points,
        )
        for ((x, y), (box_width, box_height)), score, face_points in zip(
            boxes, faces.scores.tolist(), keypoints, strict=True
        )
    ]
    return [detection for detection in detections if is_plausible(detection)]


@lru_cache(maxsize=64)
def _placement(width: int, height: int) -> tuple[Floats, Floats, Floats]:
    """Of a region: its size in pixels, xy, and its square's size and upper left corner in shares of that."""
    size = np.array((width, height), np.float32)
    side = np.float32(max(width, height))
    one_px = 1 / size
    scale, margin = side * one_px, (size / 2 - side / 2) * one_px
    return size, np.asarray(scale, np.float32), np.asarray(margin, np.float32)
