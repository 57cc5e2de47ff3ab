"""Aligned gray crops with a margin, cut by the very code that the live program runs.

The crops are ``STORED_PX`` pixels wide with the models' ``CROP_PX`` square in their middle: what a shift,
a rotation or a smaller scale brings in during training is then part of the image and not an invented border.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.align import (
    CROP_PX,
    View,
    align_face,
    alignment_matrix,
    reference_points,
    view_matrix,
)
from agecam.vision.detector import Detector, with_border
from train.data.arrays import open_array
from train.errors import DataError

MARGIN_PX: Final = 16
"""Surroundings on each side: 2.5 standard deviations of the shift in training need 10 pixels, and heads are
rotated and scaled besides."""
STORED_PX: Final = CROP_PX + 2 * MARGIN_PX

CROPS_FILE: Final = "crops.npy"


def align_with_margin(image_bgr: NDArray[np.uint8], face: Detection) -> NDArray[np.uint8]:
    """The crop of :func:`agecam.vision.align.align_face` with 16 px of its surroundings: (160, 160) uint8."""
    matrix = alignment_matrix(face.keypoints)
    matrix[:, 2] += MARGIN_PX
    # Points that the same similarity sends to the reference places of the larger square: aligning on
    # them gives exactly that similarity back.
    inverse = cv2.invertAffineTransform(matrix)
    eyes_and_mouth = reference_points(STORED_PX) @ inverse[:, :2].T + inverse[:, 2]
    right_eye, left_eye, mouth = eyes_and_mouth
    keypoints = np.array([right_eye, left_eye, eyes_and_mouth.mean(axis=0), mouth], dtype=np.float64)
    return align_face(image_bgr, Detection(face.box, face.score, keypoints), STORED_PX)  # type: ignore[arg-type]


def most_central(faces: Sequence[Detection], image_bgr: NDArray[np.uint8]) -> int | None:
    """Index of the face nearest the centre of an image, to which its label belongs; ``None`` of none."""
    if not faces:
        return None
    center = np.array([image_bgr.shape[1], image_bgr.shape[0]]) / 2
    return int(np.argmin([np.hypot(*(np.array(face.centre) - center)) for face in faces]))


def find_labelled_face(image_bgr: NDArray[np.uint8], detector: Detector) -> Detection | None:
    """The face nearest the centre of an image ``(h, w, 3)`` uint8, in its pixels."""
    padded, pad = with_border(image_bgr)
    faces = detector.detect(padded)
    index = most_central(faces, padded)
    if index is None:
        return None
    x, y, w, h = faces[index].box
    return Detection((x - pad, y - pad, w, h), faces[index].score, faces[index].keypoints - np.float32(pad))


def load_crops(folder: Path) -> NDArray[np.uint8]:
    """All stored crops of a prepared folder, mapped from disk: ``(n, 160, 160)`` uint8, read-only.

    Raises :class:`DataError` when the folder has not been prepared, or the file is damaged.
    """
    path = folder / CROPS_FILE
    if not path.is_file():
        raise DataError(f"{folder} holds no prepared crops: run `python -m train prepare` first.")
    return open_array(path, (STORED_PX, STORED_PX), np.uint8)


def center_crop(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The square that the models see: ``(..., 160, 160)`` to ``(..., 128, 128)``, not copied."""
    return crops[..., MARGIN_PX : MARGIN_PX + CROP_PX, MARGIN_PX : MARGIN_PX + CROP_PX]


def warp_view(stored: NDArray[np.uint8], view: View) -> NDArray[np.uint8]:
    """What :func:`agecam.vision.align.align_face` gives, from a stored crop: ``(128, 128)`` uint8."""
    matrix = view_matrix(view)
    matrix[:, 2] -= matrix[:, :2] @ (MARGIN_PX, MARGIN_PX)
    size = (CROP_PX, CROP_PX)
    crop = cv2.warpAffine(stored, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8)
