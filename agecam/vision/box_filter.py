"""Steady boxes from detections that jitter frame by frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agecam.messages import Detection
from agecam.vision.boxes import size_px


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


# No arrays: NumPy takes several times as long for so few numbers.
_State = tuple[float, float, float, float]
"""Centre in pixels and logarithm of the size: x, y, ln(width), ln(height)."""


@dataclass(slots=True)
class _Box:
    time_s: float
    state: _State
    speed: _State = (0.0, 0.0, 0.0, 0.0)
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
        config, box = self._config, self._box
        left, top, width, height = detection.box
        x, y = left + width / 2, top + height / 2
        state = (
            x,
            y,
            math.log(width if width > 1.0 else 1.0),
            math.log(height if height > 1.0 else 1.0),
        )
        size = size_px(detection.box)
        if (
            box is None
            or time_s - box.time_s > config.reset_gap_s
            or math.hypot(x - box.state[0], y - box.state[1]) > config.reset_jump_sizes * size
        ):
            self._box = _Box(time_s, state)
            return detection
        elapsed_s = time_s - box.time_s
        if elapsed_s > 0:
            self._follow(box, state, size, elapsed_s)
            box.time_s = time_s
        x, y, log_width, log_height = box.state
        width, height = math.exp(log_width), math.exp(log_height)
        return Detection((x - width / 2, y - height / 2, width, height), detection.score, detection.keypoints)

    def _follow(self, box: _Box, state: _State, size: float, elapsed_s: float) -> None:
        config = self._config
        x, y, log_width, log_height = box.state
        step_x, step_y = (state[0] - x) / size, (state[1] - y) / size
        step_width, step_height = state[2] - log_width, state[3] - log_height
        gain = _gain(config.speed_cutoff_hz, elapsed_s)
        right, down, wider, higher = box.speed
        right += gain * (step_x / elapsed_s - right)
        down += gain * (step_y / elapsed_s - down)
        wider += gain * (step_width / elapsed_s - wider)
        higher += gain * (step_height / elapsed_s - higher)
        box.speed = right, down, wider, higher
        # One cutoff for x and y, one for both sides: a box must not shear.
        moving, growing = math.hypot(right, down), max(abs(wider), abs(higher))
        move = _gain(config.min_cutoff_hz + config.cutoff_per_speed * moving, elapsed_s)
        grow = _gain(config.min_cutoff_hz + config.cutoff_per_speed * growing, elapsed_s)
        box.state = (
            x + move * step_x * size,
            y + move * step_y * size,
            log_width + grow * step_width,
            log_height + grow * step_height,
        )


def _gain(cutoff_hz: float, elapsed_s: float) -> float:
    """How far an exponential low-pass filter goes towards its input within ``elapsed_s``."""
    return -math.expm1(-2 * math.pi * cutoff_hz * elapsed_s)
