"""A small network that tells faces from what passes for them: hands, cloth, letters, lamps, backs of heads.

The detectors judge a place by what little of it they see at one size; this network judges the aligned crop,
with half as much of its surroundings again. It is trained by ``train.workflows.face_verifier``; the model
card has figures.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Detection
from agecam.vision.align import View, align_face
from agecam.vision.litert import LiteRtModel
from agecam.vision.manifest import detector_bytes

FACE_VERIFIER: Final = "face_verifier.tflite"

VERIFIER_PX: Final = 32
"""Side of the network's input in pixels, part of its format: faces from 12 pixels on are to be told apart."""
VERIFIER_CROP_SIDES: Final = 1.5
"""Side of the square that it sees, in sides of the crop that the age and gender models see; part of its
format. Hair and neck tell more of a blurred face than its skin does."""

_VIEW: Final = View(1 / VERIFIER_CROP_SIDES, mirrored=False)
_CONTRAST_FLOOR: Final = 4.0
"""Gray levels added to the contrast that is divided by, so that noise on a blank wall stays small; part of
the format."""


class FaceVerifier:
    """Runs ``face_verifier.tflite``, 0.2 ms a face. Not thread-safe: one verifier per thread.

    Raises :class:`ModelError` when ``path`` is missing, damaged or another network.
    """

    def __init__(self, path: Path) -> None:
        self._model = LiteRtModel(detector_bytes(path, "face verifier"))
        self.usage = self._model.usage
        shapes = (self._model.input_shape, self._model.output_shapes)
        if shapes != ((VERIFIER_PX, VERIFIER_PX, 1), ((1,),)):
            raise ModelError(f"The face verifier {path} is another network. Reinstall AgeCam.")

    def log_odds(self, image_bgr: NDArray[np.uint8], detections: Sequence[Detection]) -> list[float]:
        """For each detection in an image ``(h, w, 3)`` uint8 the log-odds that it is a face, in order.

        Mean over the crop and its mirror image.
        """
        if not detections:
            return []
        started_s = time.thread_time()
        crops = np.stack([align_face(image_bgr, one, VERIFIER_PX, _VIEW) for one in detections])
        model_input = to_verifier_input(crops)
        self.usage.preprocessing_ms += 1000 * (time.thread_time() - started_s)
        outputs = self._model.run(np.concatenate([model_input, model_input[:, :, ::-1]]))
        return [float(value) for value in outputs.reshape(2, -1).mean(axis=0)]


def to_verifier_input(crops_gray: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float32]:
    """Gray crops ``(n, 32, 32)`` in [0, 255] to input ``(n, 32, 32, 1)`` float32, each of mean 0.

    Contrast is divided out, so that faces in fog or backlight look as others do.
    """
    crops = np.asarray(crops_gray, np.float32)
    contrast = crops.std(axis=(1, 2), keepdims=True)
    even = (crops - crops.mean(axis=(1, 2), keepdims=True)) / (contrast + _CONTRAST_FLOOR)
    return np.asarray(even[..., None], np.float32)
