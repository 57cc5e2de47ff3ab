"""Steady boxes from detections that jitter frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection


@dataclass(frozen=True, slots=True)
class BoxFilterConfig:
    """Settings of :class:`BoxFilter`.

    At 30 frames a second the three cutoffs leave a fifth of a jitter of 1.5 % of the face from frame to
    frame, and let a box that starts off at two faces a second lag by 4 % of its size at most
    (``tests/vision/test_box_filter.py`` holds both).
    """

    min_cutoff_hz: float = 0.8
    """Cutoff of the low-pass filter for a box at rest."""
    cutoff_per_speed: float = 4.0
    """Hz of cutoff more for each face size a second that a box moves, or each e-fold a second it grows."""
    speed_cutoff_hz: float = 1.5
    """Cutoff of the low-pass filter for the speed itself."""
    reset_gap_s: float = 0.5
    """A box unfiltered for longer begins anew: nothing is known of the way between. Chosen, not measured."""
    reset_jump_sizes: float = 1.0
    """A centre that jumps by more face sizes begins anew, instead of gliding. Chosen, not measured."""


@dataclass(slots=True)
class _Box:
    time_s: float
    state: NDArray[np.float64]
    """Centre in pixels and logarithm of the size: x, y, ln(width), ln(height)."""
    speed: NDArray[np.float64]
    """Change of the state per second, centre in face sizes."""


class BoxFilter:
    """Takes the jitter out of one track's boxes at rest without making moving ones lag.

    The one-euro filter (Casiez, Roussel, Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for
    Noisy Input in Interactive Systems", CHI 2012), with speeds in face sizes.
    """

    def __init__(self, config: BoxFilterConfig = BoxFilterConfig()) -> None:
        self._config = config
        self._box: _Box | None = None

    def smooth(self, detection: Detection, time_s: float) -> Detection:
        """The detection with its box steadied; its keypoints and score stay as they are."""
        config = self._config
        x, y, width, height = detection.box
        state = np.array([*detection.centre, np.log(max(1.0, width)), np.log(max(1.0, height))])
        size = max(1.0, float(np.sqrt(width * height)))
        units = np.array([size, size, 1.0, 1.0])
        box = self._box
        if (
            box is None
            or time_s - box.time_s > config.reset_gap_s
            or float(np.hypot(*(state - box.state)[:2])) > config.reset_jump_sizes * size
        ):
            self._box = _Box(time_s, state, np.zeros(4))
            return detection
        elapsed_s = time_s - box.time_s
        if elapsed_s > 0:
            change = (state - box.state) / units
            box.speed += _gain(config.speed_cutoff_hz, elapsed_s) * (change / elapsed_s - box.speed)
            # One cutoff for x and y, one for both sides: a box must not shear.
            moving, growing = float(np.hypot(*box.speed[:2])), float(np.abs(box.speed[2:]).max())
            speeds = np.array([moving, moving, growing, growing])
            cutoffs_hz = config.min_cutoff_hz + config.cutoff_per_speed * speeds
            box.state = box.state + _gain(cutoffs_hz, elapsed_s) * change * units
            box.time_s = time_s
        width, height = (float(value) for value in np.exp(box.state[2:]))
        x, y = float(box.state[0]) - width / 2, float(box.state[1]) - height / 2
        return replace(detection, box=(x, y, width, height))


def _gain(cutoff_hz: float | NDArray[np.float64], elapsed_s: float) -> NDArray[np.float64]:
    """How far an exponential low-pass filter goes towards its input within ``elapsed_s``."""
    return np.asarray(1 - np.exp(-2 * np.pi * np.asarray(cutoff_hz) * elapsed_s))
