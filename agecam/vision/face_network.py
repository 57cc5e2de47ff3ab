"""One of MediaPipe's two official face detectors, as a network that is run on one image region at a time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Detection
from agecam.vision.letterbox import letterbox
from agecam.vision.litert import LiteRtModel
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


Proposals = NDArray[np.float32]
"""Places where faces may be: ``(n, 3)``, centre xy and width in pixels of the whole image, in no order."""


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
        return self._faces(*self._run(region), region)

    def detect_and_propose(self, region: RoiImage, min_score: float) -> tuple[list[Detection], Proposals]:
        """As :meth:`FaceNetwork.detect_and_propose` says."""
        values, logits = self._run(region)
        places = self._decoder.propose(values, logits, min_score)
        size_wh = np.array(region.image_bgr.shape[1::-1], np.float32)
        places *= max(size_wh)
        places[:, :2] += (size_wh - max(size_wh)) / 2
        places *= region.scale
        places[:, :2] += (region.x0, region.y0)
        return self._faces(values, logits, region), places

    def _run(self, region: RoiImage) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        started_s = time.thread_time()
        model_input = letterbox(region.image_bgr, self._input_px)
        self.usage.preprocessing_ms += 1000 * (time.thread_time() - started_s)
        values, logits = self._model.run_all(model_input)
        return values[0], logits[0, :, 0]

    def _faces(
        self, values: NDArray[np.float32], logits: NDArray[np.float32], region: RoiImage
    ) -> list[Detection]:
        started_s = time.thread_time()
        faces = self._decoder.decode(values, logits)
        detections = _in_image(faces, region) if len(faces.scores) else []
        self.usage.postprocessing_ms += 1000 * (time.thread_time() - started_s)
        return detections

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
    size = np.array((width, height), np.float32)
    side = np.float32(max(width, height))
    one_px = 1 / size
    scale, margin = side * one_px, (size / 2 - side / 2) * one_px
    boxes = faces.corners * scale + margin
    boxes[:, 1] -= boxes[:, 0]
    boxes_px = np.minimum(np.maximum(boxes * size, 0), size).astype(np.int64) * region.scale
    boxes_px[:, 0] += (region.x0, region.y0)
    shares = (faces.keypoints[:, :KEYPOINTS] * scale + margin).astype(np.float64)
    keypoints = (shares * (width * region.scale, height * region.scale) + (region.x0, region.y0)).astype(
        np.float32
    )
    detections = (
        Detection(box=(x, y, box_width, box_height), score=score, keypoints=points)
        for ((x, y), (box_width, box_height)), score, points in zip(
            boxes_px.tolist(), faces.scores.tolist(), keypoints, strict=True
        )
    )
    return [detection for detection in detections if is_plausible(detection)]
