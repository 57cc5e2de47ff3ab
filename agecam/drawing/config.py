"""What the look of boxes and labels depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class DrawingConfig:
    """Sizes and limits of what is drawn; those without another source were chosen by eye on real clips."""

    text_per_face: float = 0.24
    """Size of the age's digits, as a part of the face's height ..."""
    least_text: float = 0.028
    most_text: float = 0.046
    """... but no less and no more than these parts of the image's height, so that it can be read wherever the
    image is scaled to a screen, and none is in the way."""
    min_text_px: int = 15
    """No digit is smaller, pixels: below, they cannot be read at all."""
    text_step: float = 1.2
    """Sizes are this factor apart: people in a row have equal labels ..."""
    text_slack: float = 0.75
    """... and one stays as large as it was until its size is off by so much of a step: no label creeps."""
    smallest_face_left: float = 0.85
    """A label stays until its face is lower than so much of the smallest face that has one: boxes that jitter
    by a tenth do not make it blink."""
    far_face: float = 0.075
    """Faces lower than this part of the image's height are far."""
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

    hair: float = 0.4
    """How far hair reaches above the box of a face, which begins at the forehead: a part of its height ..."""
    hair_aside: float = 0.1
    """... and beside it, as a part of its width."""
    own_face_cost: float = 8.0
    """Costs of a label's place: of covering its own face, per part that is covered of the smaller one, as all
    costs of covering are ..."""
    face_cost: float = 4.0
    """... any face, which comes on top ..."""
    hair_cost: float = 0.45
    """... any head, hair included, likewise: less than moving, so that hair alone drives no label away ..."""
    tentative_part: float = 0.1
    """... and of these two for faces that are not confirmed, which may be gone in the next frame ..."""
    label_cost: float = 3.0
    """... another label ..."""
    touch_cost: float = 0.8
    """... and that at all, whatever the part: labels that touch cannot be told apart ..."""
    outside_cost: float = 0.5
    """... per part of its size that it has to be pushed into the image ..."""
    order_cost: float = 0.04
    """... per rank in the order of preference ..."""
    move_cost: float = 0.5
    """... and for a place other than that in the frame before, so that labels do not hop."""
    layout_rounds: int = 4
    """Labels in each other's way move in turns for so many rounds at most; two or three were enough for any
    of the group photographs tried."""


DEFAULT_CONFIG: Final = DrawingConfig()
