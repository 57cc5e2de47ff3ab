"""What the look of boxes and labels depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class DrawingConfig:
    """Sizes and limits of what is drawn; those without another source were chosen by eye on real clips."""

    text_size: float = 0.036
    """Size of the age's digits, as a part of the image's height."""
    far_face: float = 0.075
    """Faces lower than this part of the image's height have smaller labels, so that a crowd is not buried."""
    far_text: float = 0.7
    """Their size, as a part of the others'. Two sizes only: no label creeps."""
    min_text_px: int = 18
    """No digit is smaller, pixels: below, they cannot be read."""
    height_per_line_px: int = 360
    """A box's line is a pixel wide for every so many pixels of the image's height; a pixel at least."""
    corner_radius: float = 0.12
    """Radius of a box's corners, as a part of its shorter side."""
    crowd: int = 16
    """From so many people on far faces have short labels ..."""
    crowd_left: int = 12
    """... until there are fewer than so many, so that one who comes and goes changes nothing."""

    blur_squares: int = 6
    """Squares of one colour across a blurred face."""
    blur_margin: float = 0.25
    """How far beyond its box a face is blurred, as a part of the box's sides, for the chin and the ears; half
    as much again above it, for the hair."""
    hidden_s: float = 1.0
    """A blurred face stays covered for so long, seconds, once it is lost: who turns away is still there."""

    outside_cost: float = 2.0
    """Costs of a label's place, in parts of the label that cover a face: per part of its size outside the
    image ..."""
    label_cost: float = 3.0
    """... per part that covers another label ..."""
    order_cost: float = 0.04
    """... per place that stands before it in the order of preference ..."""
    move_cost: float = 0.5
    """... and for a place other than that in the frame before, so that labels do not hop."""


DEFAULT_CONFIG: Final = DrawingConfig()
