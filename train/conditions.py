"""How answers hold up when faces are small, blurred, badly lit, turned or badly compressed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.align import CROP_PX

FACE_IN_CROP_PX: Final = 120.5
"""Width of the detector's box of a face in its crop: the median of 180 pictures, 117 to 126 for most."""

_Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Condition:
    """One way in which pictures are made worse; ``change`` does it to a stored crop ``(160, 160)`` uint8."""

    kind: str
    name: str
    change: Callable[[_Picture], _Picture]


def shrink(picture: _Picture, factor: float) -> _Picture:
    """A picture with its sides multiplied by ``factor`` below 1, pixels averaged."""
    height, width = picture.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def turn(picture: _Picture, degrees: float) -> _Picture:
    """A picture turned anticlockwise about its centre, on a canvas that holds all of it; edges repeated."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (round(width * cosine + height * sine), round(width * sine + height * cosine))
    matrix[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    turned = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8)


def _coarse(stored: _Picture, face_px: float) -> _Picture:
    """As aligned from a picture in which the face is ``face_px`` wide."""
    side = stored.shape[0]
    small = shrink(stored, face_px / FACE_IN_CROP_PX)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def _blurred(stored: _Picture, sigma_px: float) -> _Picture:
    return np.asarray(cv2.GaussianBlur(stored, (0, 0), sigma_px), np.uint8)


def _lit(stored: _Picture, gain: float) -> _Picture:
    """Darker with the noise that cameras have in the dark, or brighter until white runs over."""
    lit = stored.astype(np.float32) * np.float32(gain)
    if gain < 1:
        lit += np.random.default_rng(0).normal(0, 2, stored.shape).astype(np.float32)
    return np.clip(np.round(lit), 0, 255).astype(np.uint8)


def _lit_from_a_side(stored: _Picture) -> _Picture:
    """A lamp or window beside the face: the far side gets a fifth of the light."""
    return np.round(stored * np.linspace(0.2, 1, stored.shape[1])).astype(np.uint8)


def _tilted(stored: _Picture, degrees: float) -> _Picture:
    """Turned within the crop, as by a detector that misses the tilt of a head."""
    turned = turn(stored, degrees)
    top, left = ((np.array(turned.shape) - stored.shape) // 2).tolist()
    return turned[top : top + stored.shape[0], left : left + stored.shape[1]]


def _compressed(stored: _Picture, quality: int) -> _Picture:
    _, encoded = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)


CONDITIONS: Final = (
    Condition("as it is", "as it is", lambda stored: stored),
    *(Condition("face width", f"{px} px", partial(_coarse, face_px=px)) for px in (96, 64, 48, 32, 24, 16)),
    *(
        Condition("blur", f"{sigma} % of the crop", partial(_blurred, sigma_px=sigma / 100 * CROP_PX))
        for sigma in (0.5, 1, 2, 3)
    ),
    *(Condition("light", f"x {gain:g}", partial(_lit, gain=gain)) for gain in (0.1, 0.25, 0.5, 1.5, 2.5)),
    Condition("light", "from a side", _lit_from_a_side),
    *(Condition("turn", f"{deg}°", partial(_tilted, degrees=deg)) for deg in (5, 10, 15, 20, 25, 30)),
    *(Condition("JPEG quality", f"{q}", partial(_compressed, quality=q)) for q in (75, 50, 30, 15, 8)),
)
