"""Who is where in a frame that was captured between two analysed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from agecam.drawing.label_layout import Box
from agecam.messages import Detection, Person


@dataclass(frozen=True, slots=True)
class InterpolationConfig:
    """How far what is known of two frames holds for one between them."""

    shown_part: float = 0.5
    """Who is in the first of two analysed frames alone is shown for this part of the time between them: as
    long as that frame is the nearer one."""
    acceleration: float = 20.0
    """How far a face may leave the straight way between two places, for what is blurred: an acceleration in
    face sizes a second squared. 3 m/s², a head that turns away or sits down, of a face 15 cm wide."""
    speed: float = 10.0
    """How fast a face may have come, or gone, whose place is known at one end alone, for what is blurred:
    face sizes a second. 1.5 m/s, a person who walks, of a face 15 cm wide."""


DEFAULT_CONFIG: Final = InterpolationConfig()


def people_between(
    before: Sequence[Person],
    after: Sequence[Person],
    fraction: float,
    config: InterpolationConfig = DEFAULT_CONFIG,
) -> tuple[Person, ...]:
    """The people of a frame at ``fraction`` (0 to 1) of the time from one analysed frame to the next.

    They are those of the frame before, with its estimates; who comes is there from the next frame on. The
    centres of boxes move on straight lines, the logarithms of their sides likewise, so that who walks
    towards the camera grows evenly. ``raw`` is ``None``: no model was run on this frame.
    """
    faces = {person.track_id: person.face for person in after}
    people = []
    for person in before:
        face = faces.get(person.track_id)
        if face is not None:
            people.append(replace(person, face=_face_between(person.face, face, fraction), raw=None))
        elif fraction <= config.shown_part:
            people.append(replace(person, raw=None))
    return tuple(people)


def covers_between(
    before: Sequence[Person],
    after: Sequence[Person],
    seconds: tuple[float, float],
    config: InterpolationConfig = DEFAULT_CONFIG,
) -> tuple[Box, ...]:
    """Boxes that hold the faces of a frame between two analysed ones, for what is blurred.

    ``seconds`` is the time since the frame before and until the one after. Boxes are as wide as what is not
    known of the way between the two asks for. The boxes that the two frames cover themselves are not among
    them, but belong to what is to be covered.
    """
    since_s, until_s = seconds
    total_s = since_s + until_s
    starts, ends = _faces(before), _faces(after)
    boxes = []
    for track_id in starts.keys() | ends.keys():
        start, end = starts.get(track_id), ends.get(track_id)
        if start is not None and end is not None:
            box = _face_between(start, end, since_s / total_s if total_s else 0.0).box
            # The most that a way with the same ends and this acceleration strays from the straight one.
            boxes.append(_grown(box, config.acceleration * since_s * until_s / 2))
        elif start is not None:
            boxes.append(_grown(start.box, config.speed * since_s))
        elif end is not None:
            boxes.append(_grown(end.box, config.speed * until_s))
    return tuple(boxes)


def _faces(people: Sequence[Person]) -> Mapping[int, Detection]:
    return {person.track_id: person.face for person in people}


def _face_between(start: Detection, end: Detection, fraction: float) -> Detection:
    rest = 1 - fraction
    (x, y), (other_x, other_y) = start.centre, end.centre
    width = start.box[2] ** rest * end.box[2] ** fraction
    height = start.box[3] ** rest * end.box[3] ** fraction
    box = (
        rest * x + fraction * other_x - width / 2,
        rest * y + fraction * other_y - height / 2,
        width,
        height,
    )
    keypoints = rest * start.keypoints + fraction * end.keypoints
    return replace(start, box=box, keypoints=keypoints.astype(np.float32))


def _grown(box: Box, sizes: float) -> Box:
    """The box with so many of its sides added on each."""
    x, y, width, height = box
    return x - sizes * width, y - sizes * height, (1 + 2 * sizes) * width, (1 + 2 * sizes) * height
