"""A made-up video of faces whose age and gender are known, as from a webcam."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Frame
from agecam.opencv import cv2

WIDTH, HEIGHT = 1280, 720
"""Of a frame, pixels."""
COLUMNS, ROWS = 4, 3
PEOPLE = COLUMNS * ROWS

_CELL = np.array([WIDTH / COLUMNS, HEIGHT / ROWS])
_SMALLEST_PX, _LARGEST_PX = 56, 190
"""Side of a crop in a frame: from the far end of a room to the desk."""
_WANDER_S: Final = 0.4
"""Time constant of all that changes slowly."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a face is in a frame: centre of its crop and the crop's side, pixels."""

    x: float
    y: float
    side: float


class KnownFaces:
    """Twelve faces, each in a cell of its own, over ``seconds`` at ``fps``; the same for the same seed.

    ``crops`` is ``(12, s, s)`` uint8, gray, aligned with a margin as ``train prepare`` stores them. Heads
    sway, nod towards and away from the camera, tilt and turn a little (squeezed sideways); light drifts;
    hands pass before faces. The camera blurs, also by movement, adds noise, and compresses each frame as
    JPEG, better or worse from video to video. All but noise and compression changes slowly, as in life.
    """

    def __init__(self, crops: NDArray[np.uint8], seed: int, seconds: float = 8.0, fps: float = 10.0) -> None:
        self._crops = crops
        self._random = np.random.default_rng(seed)
        self._frames = round(seconds * fps)
        self._fps = fps
        random = self._random
        span = np.log(_LARGEST_PX / _SMALLEST_PX)
        self._sides = _SMALLEST_PX * np.exp(random.uniform(0, span, PEOPLE))
        self._blur_px = random.uniform(0.3, 1.1)
        self._noise = random.uniform(2, 9)
        self._quality = int(random.integers(35, 90))
        self._gamma = np.exp(random.normal(0, 0.25))
        shade = np.linspace(170, 90, HEIGHT, dtype=np.float32)[:, None] * np.ones((1, WIDTH), np.float32)
        texture = cv2.GaussianBlur(random.normal(0, 60, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 3)
        self._background = np.clip(shade + texture, 0, 255).astype(np.uint8)
        self._mask = _oval(crops.shape[1])

    def __iter__(self) -> Iterator[tuple[Frame, list[Place]]]:
        """Each frame with the place of each face, in the order of the crops."""
        sway = self._slow(0.12, 2)  # in sides of the crop, xy
        size = self._slow(0.08, 1)  # logarithm
        tilt = self._slow(6.0, 1)  # degrees
        turn = self._slow(0.05, 1)  # share of the width that is squeezed away
        light = self._slow(0.1, 1)  # share of the contrast
        covered = self._covered()
        for index in range(self._frames):
            image = self._background.copy()
            places: list[Place] = []
            for person in range(PEOPLE):
                side = float(self._sides[person] * np.exp(size[index, person, 0]))
                cell = np.array([person % COLUMNS + 0.5, person // COLUMNS + 0.5]) * _CELL
                centre = cell + np.clip(sway[index, person], -0.3, 0.3) * np.minimum(_CELL, 2 * side)
                moved = sway[index, person] - sway[max(0, index - 1), person]
                speed_px = float(np.hypot(*moved)) * min(_CELL[1], 2 * side)
                face = self._face(
                    person, 1 + light[index, person, 0], covered[index, person], speed_px / side
                )
                matrix = _matrix(
                    face.shape[0], side, centre, tilt[index, person, 0], 1 - abs(turn[index, person, 0])
                )
                _paste(image, face, self._mask, matrix)
                places.append(Place(float(centre[0]), float(centre[1]), side))
            yield Frame(self._through_camera(image), index / self._fps, index), places

    def _slow(self, scale: float, columns: int) -> NDArray[np.float64]:
        """Wandering about 0 with standard deviation ``scale``: ``(frames, people, columns)``."""
        reach = round(3 * _WANDER_S * self._fps)
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (_WANDER_S * self._fps)) ** 2)
        steps = self._random.normal(0, scale, (self._frames + 2 * reach, PEOPLE, columns))
        kernel /= np.sqrt(np.sum(kernel**2))  # so that the sum keeps the standard deviation
        return np.stack([np.tensordot(kernel, steps[i : i + len(kernel)], 1) for i in range(self._frames)])

    def _covered(self) -> NDArray[np.float64]:
        """How far a hand reaches over each face, 0 to 1: half a second now and then, ``(frames, people)``."""
        covered = np.zeros((self._frames, PEOPLE))
        for person in range(PEOPLE):
            for start in np.flatnonzero(self._random.random(self._frames) < 0.1 / self._fps):
                covered[start : start + round(0.5 * self._fps), person] = self._random.uniform(0.3, 0.6)
        return covered

    def _face(self, person: int, light: float, covered: float, speed: float) -> NDArray[np.uint8]:
        """The stored crop as it is lit, covered and smeared by its movement (in sides a frame)."""
        face = cv2.convertScaleAbs(self._crops[person], alpha=light, beta=128 * (1 - light))
        if covered:
            face[round((1 - 0.6 * covered) * face.shape[0]) :] = int(face.mean())
        # The shutter is open for a third of the time between frames.
        smear = round(speed * face.shape[1] / 3)
        return np.asarray(cv2.blur(face, (smear, 1)) if smear > 1 else face, dtype=np.uint8)

    def _through_camera(self, image_gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
        curve = (np.linspace(0, 1, 256) ** self._gamma * 255 + 0.5).astype(np.uint8)
        noisy = cv2.GaussianBlur(cv2.LUT(image_gray, curve), (0, 0), self._blur_px).astype(np.float32)
        noisy += self._random.standard_normal(noisy.shape, np.float32) * np.float32(self._noise)
        _, jpeg = cv2.imencode(
            ".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, self._quality]
        )
        image = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), dtype=np.uint8)
        image.flags.writeable = False
        return image


def _oval(side: int) -> NDArray[np.float32]:
    """How much of each pixel of a crop is pasted: all in the middle, none at the rim, ``(s, s)``."""
    y, x = np.mgrid[:side, :side] / (side - 1) * 2 - 1
    return np.asarray(np.clip((1 - np.maximum(np.abs(x), np.abs(y))) / 0.06, 0, 1), np.float32)


def _matrix(
    stored_px: int, side: float, centre: NDArray[np.float64], tilt_deg: float, squeeze: float
) -> NDArray[np.float64]:
    scale = side / stored_px
    angle = np.radians(tilt_deg)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale * rotation @ np.diag([squeeze, 1.0])
    offset = centre - linear @ np.full(2, (stored_px - 1) / 2)
    return np.hstack([linear, offset[:, None]])


def _paste(
    image_gray: NDArray[np.uint8],
    face: NDArray[np.uint8],
    mask: NDArray[np.float32],
    matrix: NDArray[np.float64],
) -> None:
    """Warp a face into the image, both gray, averaging where it shrinks."""
    shrink = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if shrink < 0.7:
        # A warp samples four pixels and would alias; average first. Pixel centres shift by half a pixel.
        small = max(8, round(face.shape[0] * shrink))
        ratio = face.shape[0] / small
        face = np.asarray(cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        mask = np.asarray(cv2.resize(mask, (small, small), interpolation=cv2.INTER_AREA), dtype=np.float32)
        linear = matrix[:, :2] * ratio
        matrix = np.hstack([linear, (matrix[:, 2] + matrix[:, :2] @ np.full(2, (ratio - 1) / 2))[:, None]])
    corners = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]) * (*face.shape, 1) @ matrix.T
    x0, y0 = np.maximum(0, np.floor(corners.min(axis=0)).astype(int))
    x1, y1 = np.minimum((WIDTH, HEIGHT), np.ceil(corners.max(axis=0)).astype(int))
    matrix = matrix.copy()
    matrix[:, 2] -= (x0, y0)
    size = (int(x1 - x0), int(y1 - y0))
    warped = cv2.warpAffine(face, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    part = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_LINEAR)
    region = image_gray[y0:y1, x0:x1]
    region[:] = (region + part * (warped.astype(np.float32) - region)).astype(np.uint8)
