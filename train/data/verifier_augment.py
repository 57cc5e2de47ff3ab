"""Changes to the stored crops of the face verifier: what detectors, cameras and other people do to faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.face_verifier import VERIFIER_CROP_SIDES, VERIFIER_PX
from train.data.verifier_examples import STORED_PX, STORED_SIDES

_SIDE_PX: Final = VERIFIER_CROP_SIDES / STORED_SIDES * STORED_PX
"""Side of what the network sees, in pixels of a stored crop."""
_FAR_PX: Final = (12, 40)
"""Sides of stored crops that are reduced, as faces across a room are, and enlarged again."""


@dataclass(frozen=True, slots=True)
class Jitter:
    """Limits of the changes to the place of a crop."""

    rotate_deg: float
    log_scale: float
    shift: float
    """Of the side that the network sees."""


LABELLED: Final = Jitter(20, 0.2, 0.07)
"""For crops by keypoints that were stored: more than what the detectors err by on low scores."""
PROPOSED: Final = Jitter(12, 0.12, 0.04)
"""For crops by the detectors' proposals, which err by themselves."""
FALSE: Final = Jitter(40, 0.35, 0.15)
"""For what is no face at any place."""


def network_square(
    stored: NDArray[np.uint8], rotate_deg: float = 0, scale: float = 1, shift_xy: tuple[float, float] = (0, 0)
) -> NDArray[np.uint8]:
    """What the network sees of a stored crop ``(80, 80)``: ``(32, 32)`` uint8.

    Larger by ``scale``, rotated clockwise, and shifted by shares of its side.
    """
    angle, step = np.deg2rad(rotate_deg), scale * _SIDE_PX / VERIFIER_PX
    linear = step * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = (STORED_PX - 1) / 2 + np.array(shift_xy) * _SIDE_PX
    matrix = np.column_stack([linear, centre - linear @ np.full(2, (VERIFIER_PX - 1) / 2)])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (VERIFIER_PX, VERIFIER_PX)
    return np.asarray(
        cv2.warpAffine(stored, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def augmented(stored: NDArray[np.uint8], jitter: Jitter, rng: np.random.Generator) -> NDArray[np.float32]:
    """A stored crop as the network may see it, ``(32, 32)`` float32 in [0, 255].

    Rotated, scaled, shifted, mirrored, reduced; cut by an edge; with less contrast, noise, and something in
    front of it.
    """
    if rng.random() < 0.5:
        stored = stored[:, ::-1]
    if rng.random() < 0.6:
        far_px = int(rng.integers(*_FAR_PX))
        small = cv2.resize(stored, (far_px, far_px), interpolation=cv2.INTER_AREA)
        stored = np.asarray(cv2.resize(small, stored.shape, interpolation=cv2.INTER_LINEAR), np.uint8)
    x, y = rng.uniform(-jitter.shift, jitter.shift, 2).tolist()
    scale = float(np.exp(rng.uniform(-jitter.log_scale, jitter.log_scale)))
    rotate_deg = float(rng.uniform(-jitter.rotate_deg, jitter.rotate_deg))
    crop = network_square(np.ascontiguousarray(stored), rotate_deg, scale, (x, y)).astype(np.float32)
    if rng.random() < 0.3:
        cut_px, quarters = int(rng.integers(1, 11)), int(rng.integers(4))
        edge = np.rot90(crop, quarters)  # a view
        edge[:cut_px] = edge[cut_px]
    mean = float(crop.mean())
    crop = (
        (crop - mean) * np.exp(rng.uniform(-1.2, 0.2)) + mean + rng.normal(0, rng.uniform(0, 3), crop.shape)
    )
    if rng.random() < 0.15:
        left, top = rng.integers(0, 24, 2)
        width, height = rng.integers(5, 14, 2)
        crop[top : top + height, left : left + width] = rng.uniform(0, 255)
    return np.asarray(np.clip(crop, 0, 255), np.float32)
