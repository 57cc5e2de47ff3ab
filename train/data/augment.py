"""Change crops at random in the ways that cameras, light and the face detector do.

One warp cuts the model's square out of the larger stored crop, shifted, rotated and scaled; the detector's
own jitter is about 3 % of the face, heads tilt and people stand at any distance. About 0.15 ms a crop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.align import reference_points

_EYES: Final = reference_points(1)[:2].tolist()
"""``(x, y)`` of both, as fractions of the crop's side."""
_LEVELS: Final = np.linspace(0, 1, 256)
"""All tones of 8 bits, as fractions of white."""
_CUT_DEVIATIONS: Final = 2.5
"""Where the normal distributions of the geometry are cut: crops stay within reach of their margin."""
_BLUR_SIGMA_PX: Final = (0.4, 1.6)
"""Standard deviations of the blur, of pixels that the model sees."""
_NOISE_SIGMA: Final = (2, 12)
"""Standard deviations of the noise, of tones in [0, 255]."""
_JPEG_QUALITY: Final = (20, 80)
"""OpenCV's, from 0 to 100; the upper end is never drawn."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How much to change; where probabilities (``p_``) are given, a change is made to that share of crops."""

    shift: float = 0.03
    """Standard deviation, as a fraction of the crop's side: the jitter of the detector."""
    scale: float = 0.06
    """Standard deviation of the logarithm."""
    rotate_deg: float = 8.0
    """Standard deviation."""
    contrast: float = 0.3
    """Limit of the logarithm."""
    brightness: float = 0.15
    """Limit, of tones in [0, 1]."""
    gamma: float = 0.35
    """Limit of the logarithm."""
    p_downscale: float = 0.3
    """As faces across a room are."""
    min_downscale_px: int = 28
    """Smallest side that a crop is scaled down to, before it is enlarged again."""
    p_blur: float = 0.15
    """As out of focus or in motion."""
    p_noise: float = 0.15
    """As in the dark."""
    p_jpeg: float = 0.15
    """As webcams compress."""
    p_occlude: float = 0.25
    """By a mask, glasses, a hand or a rectangle, each as often."""

    def scaled(self, share: float) -> Self:
        """With ``share`` of the changes to tones and pixels, 1 for as it is; the geometry keeps its jitter.

        Last epochs with less of it come nearer to clean images.
        """
        kept = ("shift", "scale", "rotate_deg", "min_downscale_px")
        sizes = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in kept}
        return replace(self, **{name: share * value for name, value in sizes.items()})


def random_matrix(
    random: np.random.Generator, stored_px: int, crop_px: int, size_px: int, augmentation: Augmentation
) -> NDArray[np.float64]:
    """A similarity that maps pixels of the stored crop to the model's square, flipped half of the time.

    ``crop_px`` pixels of the stored crop become ``size_px``. Rotation, shift and log scale are normally
    distributed and cut at two and a half standard deviations: most crops stay near to the live framing, and
    heads that were not set upright occur too.
    """
    rotate, grow, right, down = np.clip(random.standard_normal(4), -_CUT_DEVIATIONS, _CUT_DEVIATIONS).tolist()
    angle = math.radians(rotate * augmentation.rotate_deg)
    scale = size_px / crop_px * math.exp(grow * augmentation.scale)
    a, b = scale * math.cos(angle), scale * math.sin(angle)
    linear = np.array([[a, -b], [b, a]])
    if random.random() < 0.5:
        linear[:, 0] *= -1
    # Pixel centres: the middle of an s-pixel square is (s - 1) / 2.
    shift = np.array([right, down]) * (augmentation.shift * size_px)
    middle = np.full(2, (stored_px - 1) / 2)
    offset = (size_px - 1) / 2 + shift - linear @ middle
    return np.hstack([linear, offset[:, None]])


def augment(
    crop: NDArray[np.uint8],
    crop_px: int,
    size_px: int,
    random: np.random.Generator,
    augmentation: Augmentation,
) -> NDArray[np.uint8]:
    """One random variant of a stored crop ``(s, s)`` uint8: ``(size_px, size_px)`` uint8."""
    matrix = random_matrix(random, crop.shape[0], crop_px, size_px, augmentation)
    image = cv2.warpAffine(
        crop, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    chance = random.random(5)
    if chance[0] < augmentation.p_downscale:
        image = _downscale(image, random, augmentation.min_downscale_px)
    if chance[1] < augmentation.p_blur:
        image = cv2.GaussianBlur(image, (0, 0), random.uniform(*_BLUR_SIGMA_PX))
    image = cv2.LUT(image, _tone_curve(random, augmentation))
    if chance[2] < augmentation.p_noise:
        # OpenCV's own generator would not repeat for a seed across threads.
        noise = random.standard_normal(image.shape, np.float32) * np.float32(random.uniform(*_NOISE_SIGMA))
        image = cv2.add(image, noise, dtype=cv2.CV_8U)
    if chance[3] < augmentation.p_jpeg:
        _, encoded = cv2.imencode(
            ".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(*_JPEG_QUALITY))]
        )
        image = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
    if chance[4] < augmentation.p_occlude:
        _occlude(image, random)
    return np.asarray(image, dtype=np.uint8)


def _downscale(image: NDArray[np.uint8], random: np.random.Generator, min_px: int) -> NDArray[np.uint8]:
    """As a face that was few pixels wide in the frame: most webcam faces across a room are."""
    size = image.shape[0]
    small = int(random.integers(min_px, size))
    reduced = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(reduced, (size, size), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _tone_curve(random: np.random.Generator, augmentation: Augmentation) -> NDArray[np.uint8]:
    """Gamma, contrast and brightness in one table of 256 values."""
    gamma = np.exp(random.uniform(-augmentation.gamma, augmentation.gamma))
    contrast = np.exp(random.uniform(-augmentation.contrast, augmentation.contrast))
    brightness = random.uniform(-augmentation.brightness, augmentation.brightness)
    curve = (_LEVELS**gamma - 0.5) * contrast + 0.5 + brightness
    return np.asarray(np.clip(curve * 255 + 0.5, 0, 255), np.uint8)


def _occlude(image: NDArray[np.uint8], random: np.random.Generator) -> None:
    """Hide part of the face as a mask, dark glasses, a hand, or hair and microphones (a rectangle) do."""
    ways = (_occlude_mouth, _occlude_eyes, _occlude_with_hand, _occlude_rectangle)
    ways[int(random.integers(0, len(ways)))](image, random)


def _occlude_rectangle(image: NDArray[np.uint8], random: np.random.Generator) -> None:
    size = image.shape[0]
    height, width = (random.uniform(0.1, 0.35, 2) * size).astype(int)
    y, x = int(random.integers(0, size - height)), int(random.integers(0, size - width))
    image[y : y + height, x : x + width] = int(random.integers(0, 256))


def _occlude_mouth(image: NDArray[np.uint8], random: np.random.Generator) -> None:
    """A mask: from the nose to below the chin, narrower downwards, lighter or darker than skin."""
    top, bottom = random.uniform(0.5, 0.62), random.uniform(0.9, 1.05)
    half, half_below = random.uniform(0.3, 0.42), random.uniform(0.1, 0.25)
    corners = [(0.5 - half, top), (0.5, top - 0.05), (0.5 + half, top), (0.5 + half_below, bottom)]
    corners.append((0.5 - half_below, bottom))
    points = np.round(np.array(corners) * image.shape[0]).astype(np.int32)
    cv2.fillConvexPoly(image, points, int(random.integers(0, 256)), cv2.LINE_AA)


def _occlude_eyes(image: NDArray[np.uint8], random: np.random.Generator) -> None:
    """Glasses over both eyes: rims alone, or dark and filled."""
    size = image.shape[0]
    axes = (round(random.uniform(0.11, 0.17) * size), round(random.uniform(0.08, 0.14) * size))
    filled = random.random() < 0.5
    thickness = -1 if filled else int(random.integers(1, 4))
    tone = int(random.integers(0, 90 if filled else 256))
    centres = [(round(x * size), round(y * size)) for x, y in _EYES]
    for centre in centres:
        cv2.ellipse(image, centre, axes, 0, 0, 360, tone, thickness, cv2.LINE_AA)
    cv2.line(image, centres[0], centres[1], tone, max(1, size // 50), cv2.LINE_AA)


def _occlude_with_hand(image: NDArray[np.uint8], random: np.random.Generator) -> None:
    """A hand or arm: a long ellipse in the face's own mean tone, reaching in from an edge."""
    size = image.shape[0]
    angle = random.uniform(0, 2 * math.pi)
    far = random.uniform(0.38, 0.6)
    centre = (round((0.5 + far * math.cos(angle)) * size), round((0.5 + far * math.sin(angle)) * size))
    axes = (round(random.uniform(0.2, 0.4) * size), round(random.uniform(0.07, 0.16) * size))
    tone = int(np.clip(image.mean() + random.uniform(-40, 40), 0, 255))
    rotation = math.degrees(angle) + random.uniform(-30, 30)
    cv2.ellipse(image, centre, axes, rotation, 0, 360, tone, -1, cv2.LINE_AA)
