"""Steady boxes from detections that jitter frame by frame."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection

# At 30 frames a second these leave a fifth of a tremble of 1.5 % of the face from frame to frame, and let
# a box that starts off at two faces a second trail by 4 % of its size at most.
_BOX_CUTOFF_HZ: Final = 0.8
_BOX_CUTOFF_PER_SPEED: Final = 4.0
_SPEED_CUTOFF_HZ: Final = 1.5
_SNAP_S: Final = 0.5
_SNAP_SIZES: Final = 1.0


@dataclass(slots=True)
class _Box:
    time_s: float
    state: NDArray[np.float64]
    """Centre in pixels and logarithm of the size: x, y, ln(width), ln(height)."""
    speed: NDArray[np.float64]
    """Change of the state per second, centre in face sizes."""


class BoxFilter:
    """Takes the tremble out of boxes at rest and leaves those that move where they are.

    The one-euro filter (Casiez, Roussel, Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for
    Noisy Input in Interactive Systems", CHI 2012), with speeds in face sizes.
    """

    def __init__(self) -> None:
        self._boxes: dict[int, _Box] = {}

    def reset(self) -> None:
        """Forget all tracks."""
        self._boxes.clear()

    def retain(self, track_ids: Collection[int]) -> None:
        """Forget all other tracks."""
        for track_id in self._boxes.keys() - set(track_ids):
            del self._boxes[track_id]

    def smooth(self, track_id: int, face: Detection, time_s: float) -> Detection:
        """The face with its box steadied; its key points are left as they are."""
        x, y, width, height = face.box
        state = np.array([*face.centre, np.log(max(1.0, width)), np.log(max(1.0, height))])
        size = max(1.0, float(np.sqrt(width * height)))
        units = np.array([size, size, 1.0, 1.0])
        box = self._boxes.get(track_id)
        if (
            box is None
            or time_s - box.time_s > _SNAP_S
            or float(np.hypot(*(state - box.state)[:2])) > _SNAP_SIZES * size
        ):
            self._boxes[track_id] = _Box(time_s, state, np.zeros(4))
            return face
        elapsed = time_s - box.time_s
        if elapsed > 0:
            change = (state - box.state) / units
            box.speed += _gain(_SPEED_CUTOFF_HZ, elapsed) * (change / elapsed - box.speed)
            # One cutoff for x and y, one for both sides: a box must not shear.
            moving, growing = float(np.hypot(*box.speed[:2])), float(np.abs(box.speed[2:]).max())
            cutoffs = _BOX_CUTOFF_HZ + _BOX_CUTOFF_PER_SPEED * np.array([moving, moving, growing, growing])
            box.state = box.state + _gain(cutoffs, elapsed) * change * units
            box.time_s = time_s
        width, height = (float(value) for value in np.exp(box.state[2:]))
        x, y = float(box.state[0]) - width / 2, float(box.state[1]) - height / 2
        return replace(face, box=(x, y, width, height))


def _gain(cutoff_hz: float | NDArray[np.float64], elapsed_s: float) -> NDArray[np.float64]:
    """How far an exponential low-pass filter goes towards its input within ``elapsed_s``."""
    return np.asarray(1 - np.exp(-2 * np.pi * np.asarray(cutoff_hz) * elapsed_s))
