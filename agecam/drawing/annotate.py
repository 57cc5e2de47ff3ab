"""Boxes and labels on a picture: the one way for preview, snapshot, recording and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.drawing.label_image import Colour, Label, render_label
from agecam.drawing.label_layout import Box, LabelMemory, LabelSpot, place_labels
from agecam.drawing.label_text import LabelStyle, label_texts
from agecam.messages import Analysis, Estimate, Person
from agecam.opencv import cv2

_COLOURS: Final[tuple[Colour, ...]] = (
    (233, 180, 86),  # sky blue
    (0, 159, 230),  # orange
    (115, 158, 0),  # bluish green
    (66, 228, 240),  # yellow
    (167, 121, 204),  # reddish purple
    (0, 94, 213),  # vermilion
)
"""BGR; told apart with any colour vision (Okabe and Ito, "Color Universal Design", 2008)."""

_DARK: Final[Colour] = (24, 20, 20)
_SUBPIXEL_BITS: Final = 3
_ROUNDING: Final = 0.12
_QUARTER: Final = np.linspace(0, np.pi / 2, 4)
_ANGLES: Final = np.concatenate([start + _QUARTER for start in np.arange(4) * np.pi / 2])
_CIRCLE: Final = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)])

_TEXT: Final = 0.036
"""Size of the age's digits as a part of the picture's height."""
_FAR: Final = 0.075
_FAR_TEXT: Final = 0.7
_SMALLEST_TEXT_PX: Final = 18
_CROWD: Final = 16
_CROWD_LEFT: Final = 12
"""From so many people on far faces have short labels, until there are fewer than so many again."""

_PIXELS_ACROSS_FACE: Final = 6
_BLUR_MARGIN: Final = 0.25
_HIDDEN_FRAMES: Final = 30


def annotate(
    image_bgr: NDArray[np.uint8],
    people: Sequence[Person],
    style: LabelStyle | None = None,
    memory: LabelMemory | None = None,
) -> NDArray[np.uint8]:
    """A copy of the picture ``(h, w, 3)`` uint8 with a box and a label on each confirmed person.

    Sizes follow the picture's height. Labels stay inside the picture, and off faces and other labels
    where there is room; with a ``memory`` that is given with each frame of a film they do not hop about.
    """
    style = style or LabelStyle()
    image = image_bgr.copy()
    if style.blur:
        for box in _to_hide(people, memory):
            _pixelate(image, box)
    elif memory is not None:
        memory.hidden.clear()
    confirmed = [person for person in people if person.confirmed]
    thickness = max(1, round(image.shape[0] / 360))
    for person in confirmed:
        _draw_box(image, person.face.box, _colour(person), thickness)
    crowded = _is_crowd(len(confirmed), memory)
    labelled = [
        (person, label)
        for person in confirmed
        if person.estimate
        and (label := _label(person, person.estimate, image.shape[0], style, crowded=crowded))
    ]
    places = place_labels(
        [LabelSpot(person.track_id, person.face.box, label.size) for person, label in labelled],
        [person.face.box for person in people],
        (image.shape[1], image.shape[0]),
        2 * thickness,
        memory,
    )
    for (_, label), (x, y) in zip(labelled, places, strict=True):
        label.paste(image, x, y)
    return image


def _colour(person: Person) -> Colour:
    return _COLOURS[person.track_id % len(_COLOURS)]


def _label(
    person: Person, estimate: Estimate, picture_height: int, style: LabelStyle, *, crowded: bool
) -> Label | None:
    large, small = label_texts(estimate, style)
    if not large:
        return None
    # Labels of far faces are smaller, so that a crowd is not buried. Two sizes only: no label creeps.
    far = person.face.box[3] < _FAR * picture_height
    text_px = max(_SMALLEST_TEXT_PX, round(_TEXT * (_FAR_TEXT if far else 1) * picture_height))
    return render_label(large, () if far and crowded else small, text_px, _colour(person))


def _is_crowd(people: int, memory: LabelMemory | None) -> bool:
    """Whether there are too many people for long labels; with a memory, one who comes and goes is no news."""
    limit = _CROWD if memory is None or not memory.crowded else _CROWD_LEFT
    crowded = people >= limit
    if memory is not None:
        memory.crowded = crowded
    return crowded


def _draw_box(image: NDArray[np.uint8], box: Box, colour: Colour, thickness: int) -> None:
    """A box with rounded corners, dark at both edges so that it shows on any background."""
    # Two thin lines cost a third of one wide one under the coloured line.
    dark = max(1, thickness // 3)
    beside = (thickness + dark) / 2
    for line_colour, width_px, outward in (
        (_DARK, dark, beside),
        (_DARK, dark, -beside),
        (colour, thickness, 0.0),
    ):
        points = _rounded_outline(box, outward)
        cv2.polylines(image, [points], True, line_colour, width_px, cv2.LINE_AA, _SUBPIXEL_BITS)


def _rounded_outline(box: Box, outward: float) -> NDArray[np.int32]:
    """Corners of a rounded box, moved ``outward`` by so many pixels, in fractions of a pixel.

    Fractions, so that a box that follows a slow movement glides instead of hopping.
    """
    x, y, width, height = box
    radius = min(width, height) * _ROUNDING
    left, top, right, bottom = x + radius, y + radius, x + width - radius, y + height - radius
    centres = np.array([[right, bottom], [left, bottom], [left, top], [right, top]])
    points = np.repeat(centres, len(_QUARTER), axis=0) + (radius + outward) * _CIRCLE
    return np.rint(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)


def _to_hide(people: Sequence[Person], memory: LabelMemory | None) -> list[Box]:
    """The boxes of all faces, and of those lost of late: who turns away for a moment is still there."""
    hidden = {person.track_id: (person.face.box, _HIDDEN_FRAMES) for person in people}
    if memory is not None:
        for track_id, (box, left) in memory.hidden.items():
            if track_id not in hidden and left > 0:
                hidden[track_id] = (box, left - 1)
        memory.hidden = hidden
    return [box for box, _ in hidden.values()]


def _pixelate(image: NDArray[np.uint8], box: Box) -> None:
    """Replace a face, hair and chin included, by a few squares of its mean colours."""
    x, y, width, height = box
    across, down = _BLUR_MARGIN * width, _BLUR_MARGIN * height
    x0, y0 = max(0, int(x - across)), max(0, int(y - 1.5 * down))
    x1, y1 = min(image.shape[1], int(x + width + across) + 1), min(image.shape[0], int(y + height + down) + 1)
    if x1 <= x0 or y1 <= y0:
        return
    region = image[y0:y1, x0:x1]
    pixel = max(1.0, width / _PIXELS_ACROSS_FACE)
    few = (max(1, round((x1 - x0) / pixel)), max(1, round((y1 - y0) / pixel)))
    mosaic = cv2.resize(region, few, interpolation=cv2.INTER_AREA)
    region[:] = cv2.resize(mosaic, (x1 - x0, y1 - y0), interpolation=cv2.INTER_NEAREST)


def mirrored(analysis: Analysis) -> Analysis:
    """The analysis as in a mirror: picture and people flipped left to right, the picture read-only."""
    image = np.asarray(cv2.flip(analysis.frame.image_bgr, 1), dtype=np.uint8)
    image.flags.writeable = False
    width = analysis.frame.width
    people = []
    for person in analysis.people:
        x, y, box_width, box_height = person.face.box
        # The eye on the left of the picture stays first, whosever right eye it now seems to be.
        keypoints = person.face.keypoints[[1, 0, 2, 3]] * (-1, 1) + (width - 1, 0)
        face = replace(
            person.face,
            box=(width - x - box_width, y, box_width, box_height),
            keypoints=keypoints.astype(np.float32),
        )
        people.append(replace(person, face=face))
    return replace(analysis, frame=replace(analysis.frame, image_bgr=image), people=tuple(people))
