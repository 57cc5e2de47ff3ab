"""Corruptions of images: small, blurred, badly lit, rotated, badly compressed faces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.align import CROP_PX
from train.data.pose import FACE_IN_CROP_PX

CLEAN: Final = "clean"
"""Kind and name of no corruption."""

_DARK_NOISE_SIGMA: Final = 2
"""Noise of cameras in the dark, of tones in [0, 255]."""
_FAR_SIDE_LIGHT: Final = 0.2
"""Of a lamp beside a face, what falls on the far side of the crop."""

_Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Corruption:
    """One way in which images are made worse; ``apply`` does it to a stored crop ``(160, 160)`` uint8."""

    kind: str
    name: str
    apply: Callable[[_Image], _Image]


def shrink(image: _Image, factor: float) -> _Image:
    """An image with its sides multiplied by ``factor`` below 1, pixels averaged."""
    height, width = image.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def rotate(image: _Image, degrees: float) -> _Image:
    """An image rotated anticlockwise about its centre, on a canvas that holds all of it; edges repeated."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (round(width * cosine + height * sine), round(width * sine + height * cosine))
    matrix[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    rotated = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(rotated, np.uint8)


def _downscale(stored: _Image, face_px: float) -> _Image:
    """As aligned from an image in which the face is ``face_px`` wide."""
    side = stored.shape[0]
    small = shrink(stored, face_px / FACE_IN_CROP_PX)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def _blur(stored: _Image, sigma_px: float) -> _Image:
    return np.asarray(cv2.GaussianBlur(stored, (0, 0), sigma_px), np.uint8)


def _light(stored: _Image, gain: float) -> _Image:
    """Darker with the noise that cameras have in the dark, or brighter until white runs over."""
    lit = stored.astype(np.float32) * np.float32(gain)
    if gain < 1:
        lit += np.random.default_rng(0).normal(0, _DARK_NOISE_SIGMA, stored.shape).astype(np.float32)
    return np.clip(np.round(lit), 0, 255).astype(np.uint8)


def _light_from_side(stored: _Image) -> _Image:
    """A lamp or window beside the face: the far side gets a fifth of the light."""
    return np.round(stored * np.linspace(_FAR_SIDE_LIGHT, 1, stored.shape[1])).astype(np.uint8)


def _rotate(stored: _Image, degrees: float) -> _Image:
    """Rotated within the crop, as by a detector that misses the tilt of a head."""
    rotated = rotate(stored, degrees)
    top, left = ((np.array(rotated.shape) - stored.shape) // 2).tolist()
    return rotated[top : top + stored.shape[0], left : left + stored.shape[1]]


def _compress(stored: _Image, quality: int) -> _Image:
    _, encoded = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)


CORRUPTIONS: Final = (
    Corruption(CLEAN, CLEAN, lambda stored: stored),
    *(
        Corruption("face width", f"{px} px", partial(_downscale, face_px=px))
        for px in (96, 64, 48, 32, 24, 16)
    ),
    *(
        Corruption("blur", f"{sigma} % of the crop", partial(_blur, sigma_px=sigma / 100 * CROP_PX))
        for sigma in (0.5, 1, 2, 3)
    ),
    *(Corruption("light", f"x {gain:g}", partial(_light, gain=gain)) for gain in (0.1, 0.25, 0.5, 1.5, 2.5)),
    Corruption("light", "from a side", _light_from_side),
    *(Corruption("rotation", f"{deg}°", partial(_rotate, degrees=deg)) for deg in (5, 10, 15, 20, 25, 30)),
    *(Corruption("JPEG quality", f"{q}", partial(_compress, quality=q)) for q in (75, 50, 30, 15, 8)),
)
