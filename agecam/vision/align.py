"""From a face in an image to the gray crop that the models take: one function for training and live use.

Eyes and mouth go where they are in the UTKFace chips (median of 500 chips: right eye (60.8, 60.0), left eye
(139.9, 59.3), mouth (100.5, 144.8) of 200 x 200 pixels), made symmetrical and scaled to 128. Framed like
that, a chip needs no invented border.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2

PREPROCESSING_VERSION: Final = 1
"""Changes whenever pixels given to the models change; a model names the version it was trained on."""

CROP_PX: Final = 128
"""Side of a crop in pixels: the input size of the models, part of their format."""


class View(NamedTuple):
    """One view of test-time augmentation (TTA): ``scale`` relative to the plain crop, and mirrored or not."""

    scale: float
    mirrored: bool


TTA_VIEWS: Final = (View(1.0, False), View(0.93, True), View(1.0, True), View(0.93, False))
"""The models err differently on each view, so that mean predictions err less: on validation images by 4.75
years and 7.6 % of genders with all, 4.76 and 7.6 with the first two, 4.87 and 8.3 with the first alone. More
views, other scales, shifts and rotations bring no more. Live use takes them in turn, in this order, in which
the labels of seven people changed the least."""

_KEYPOINT_FRACTIONS: Final[NDArray[np.float64]] = np.array(
    [[0.3023, 0.2983], [0.6977, 0.2983], [0.5, 0.7240]], dtype=np.float64
)
"""Right eye, left eye, mouth as fractions of the crop's side, xy; part of the format, measured as above."""

_AREA_AVERAGE_BELOW_SCALE: Final = 0.6
"""Crop pixels per image pixel below which the image is averaged down first: a bilinear warp samples four
pixels, and a face three times the crop's size would alias. Part of the format."""

_LEAST_SPREAD_SQ: Final = 1e-6
"""Square pixels: keypoints spread by less coincide, and no similarity can be computed from them."""


def reference_points(size_px: int = CROP_PX) -> NDArray[np.float64]:
    """Where right eye, left eye and mouth go in the crop: ``(3, 2)`` float64, xy, pixels."""
    return _KEYPOINT_FRACTIONS * size_px


def alignment_matrix(keypoints: NDArray[np.float32], size_px: int = CROP_PX) -> NDArray[np.float64]:
    """The similarity (rotation, one scale, shift) that best puts eyes and mouth on their reference points.

    ``keypoints`` is ``(4, 2)``, as in :class:`agecam.messages.Detection`; the nose is not used, since it
    moves most when a head turns. Least squares after Umeyama, "Least-squares estimation of transformation
    parameters between two point patterns", PAMI 1991, without reflection. Returns ``(2, 3)`` float64 that
    maps image pixels to crop pixels.

    Raises :class:`ValueError` when the three points coincide or are not finite.
    """
    (right_x, right_y), (left_x, left_y), _, (mouth_x, mouth_y) = keypoints.tolist()
    mean_x, mean_y = (right_x + left_x + mouth_x) / 3, (right_y + left_y + mouth_y) / 3
    # As complex numbers a similarity is w = a * z + b, and least squares gives a directly.
    z = np.array(
        [
            complex(right_x - mean_x, right_y - mean_y),
            complex(left_x - mean_x, left_y - mean_y),
            complex(mouth_x - mean_x, mouth_y - mean_y),
        ]
    )
    w, w_mean = _reference(size_px)
    spread_sq = float(np.vdot(z, z).real)
    if not math.isfinite(spread_sq) or spread_sq < _LEAST_SPREAD_SQ:
        raise ValueError("eyes and mouth coincide: the face cannot be aligned")
    a = complex(np.vdot(z, w)) / spread_sq
    matrix = np.array([[a.real, -a.imag, 0], [a.imag, a.real, 0]])
    matrix[:, 2] = w_mean - matrix[:, :2] @ np.array((mean_x, mean_y))
    return matrix


@lru_cache
def _reference(size_px: int) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """The reference points as complex numbers, from their mean, and that."""
    points = reference_points(size_px)
    mean = points.mean(axis=0)
    return (points - mean) @ np.array([1, 1j]), np.asarray(mean, np.float64)


def view_matrix(view: View, size_px: int = CROP_PX) -> NDArray[np.float64]:
    """From pixels of a plain crop to those of a view, about the centre of both: ``(2, 3)`` float64."""
    centre = (size_px - 1) / 2
    scale_x = -view.scale if view.mirrored else view.scale
    return np.array(
        [[scale_x, 0, centre * (1 - scale_x)], [0, view.scale, centre * (1 - view.scale)]], dtype=np.float64
    )


_shared_view_matrix: Final = lru_cache(view_matrix)
"""The same, once for each view, and not to be changed."""


def align_face(
    image_bgr: NDArray[np.uint8], detection: Detection, size_px: int = CROP_PX, view: View = TTA_VIEWS[0]
) -> NDArray[np.uint8]:
    """Cut one face out of an image, upright and in gray: ``(size_px, size_px)`` uint8.

    ``image_bgr`` is ``(h, w, 3)`` uint8. What lies outside the image repeats its border. Raises
    :class:`ValueError` as :func:`alignment_matrix` does.
    """
    to_view = _shared_view_matrix(view, size_px)
    matrix = to_view[:, :2] @ alignment_matrix(detection.keypoints, size_px)
    matrix[:, 2] += to_view[:, 2]
    return _warp_gray(image_bgr, matrix, size_px)


def _warp_gray(image_bgr: NDArray[np.uint8], matrix: NDArray[np.float64], size_px: int) -> NDArray[np.uint8]:
    height, width = image_bgr.shape[:2]
    in_image = _corners(size_px) @ cv2.invertAffineTransform(matrix).T
    xs, ys = in_image.T.tolist()
    # Two pixels more on each side than the corners span, for the interpolation.
    x0, y0 = min(max(math.floor(min(xs)) - 2, 0), width - 1), min(max(math.floor(min(ys)) - 2, 0), height - 1)
    x1, y1 = min(max(math.ceil(max(xs)) + 3, x0 + 1), width), min(max(math.ceil(max(ys)) + 3, y0 + 1), height)
    region = cv2.cvtColor(image_bgr[y0:y1, x0:x1], cv2.COLOR_BGR2GRAY)
    matrix[:, 2] += matrix[:, :2] @ (x0, y0)

    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < _AREA_AVERAGE_BELOW_SCALE:
        region_height, region_width = region.shape
        reduced = (max(1, round(region_width * scale)), max(1, round(region_height * scale)))
        region = cv2.resize(region, reduced, interpolation=cv2.INTER_AREA)
        ratio = np.array([reduced[0] / region_width, reduced[1] / region_height])
        # Pixel centres: resize maps x to (x + 0.5) * ratio - 0.5.
        linear = matrix[:, :2] / ratio
        matrix = np.hstack([linear, (matrix[:, 2] + linear @ (0.5 - 0.5 * ratio))[:, None]])
    warped = cv2.warpAffine(
        region, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, dtype=np.uint8)


@lru_cache
def _corners(size_px: int) -> NDArray[np.float64]:
    """Those of a crop: ``(4, 3)`` float64, xy and 1."""
    return np.array([[0, 0, 1], [size_px, 0, 1], [0, size_px, 1], [size_px, size_px, 1]], np.float64)


def align_faces(
    image_bgr: NDArray[np.uint8], detections: Sequence[Detection], views: Sequence[View] | None = None
) -> NDArray[np.uint8]:
    """Cut all faces out of one image: ``(n, 128, 128)`` uint8, gray, in the order of ``detections``.

    ``views`` has one for each detection; by default it is the first of :data:`TTA_VIEWS`.
    """
    crops_gray = np.empty((len(detections), CROP_PX, CROP_PX), dtype=np.uint8)
    views = views or [TTA_VIEWS[0]] * len(detections)
    for crop, detection, view in zip(crops_gray, detections, views, strict=True):
        crop[:] = align_face(image_bgr, detection, view=view)
    return crops_gray


def align_tta(
    image_bgr: NDArray[np.uint8], detections: Sequence[Detection], views: Sequence[View] = TTA_VIEWS
) -> list[NDArray[np.uint8]]:
    """For each of the views all faces of one image, as :func:`align_faces` gives them."""
    return [align_faces(image_bgr, detections, [view] * len(detections)) for view in views]


def to_model_input(crops_gray: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Gray crops ``(n, h, w)`` uint8 to model input ``(n, h, w, 1)`` float32 in [0, 1]."""
    return (crops_gray.astype(np.float32) * np.float32(1 / 255))[..., None]
