"""Frames captured between two analysed ones: who is where in them, and how they are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.drawing.annotate import LabelLayout, annotate_in_layout
from agecam.drawing.label_layout import Box
from agecam.drawing.label_text import LabelStyle
from agecam.live.pipeline import AnnotatedFrame
from agecam.messages import Detection, Frame, Person
from agecam.vision.scene_cut import is_nearer


@dataclass(frozen=True, slots=True)
class InterpolationConfig:
    """How far what is known of two frames holds for one between them."""

    shown_part: float = 0.5
    """Who is in the first of two analysed frames alone is shown for this part of the time between them: as
    long as that frame is the nearer one."""
    held_s: float = 0.5
    """So long boxes are shown where they were, where no analysis follows: a face is still about there."""
    acceleration: float = 20.0
    """How far a face may leave the straight way between two places, for what is blurred: an acceleration in
    face sizes a second squared. 3 m/s², a head that turns away or sits down, of a face 15 cm wide."""
    speed: float = 10.0
    """How fast a face may have come, or gone, whose place is known at one end alone, for what is blurred:
    face sizes a second. 1.5 m/s, a person who walks, of a face 15 cm wide."""


DEFAULT_CONFIG: Final = InterpolationConfig()


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFrame:
    """A frame as files get it: ``image_bgr`` ``(h, w, 3)`` uint8 with its labels, a copy, and ``people`` with
    their fused estimates. ``covered`` are the boxes, in its pixels, that blurring covers; none without."""

    image_bgr: NDArray[np.uint8]
    people: tuple[Person, ...]
    covered: tuple[Box, ...] = ()


def draw_between(
    frame: Frame,
    style: LabelStyle,
    before: AnnotatedFrame | None,
    after: AnnotatedFrame | None,
    config: InterpolationConfig = DEFAULT_CONFIG,
) -> DrawnFrame:
    """A frame drawn with what is known of the analysed ones around it, of its own source.

    Printed are the estimates and the layout of the frame before. Where a cut lies between the analysed
    frames, the people are those of the one whose shot the frame is of, where they are in that one. Faces are
    covered where ``style`` says so, or that of an analysed frame does, since somebody turned it on or off
    between them: whatever both cover and the ways between, or the whole image where one of the two is
    missing.
    """
    if before is not None and before.analysis.frame.image_bgr is frame.image_bgr:
        after = before  # a photograph that is offered again and again, or a frame that was analysed itself
    analysed = [one for one in (before, after) if one is not None]
    printed: tuple[Person, ...] = ()
    fused: tuple[Person, ...] = ()
    covered: tuple[Box, ...] = ((0.0, 0.0, float(frame.width), float(frame.height)),)
    if before is not None and after is not None:
        since_s = max(0.0, frame.time_s - before.analysis.frame.time_s)
        until_s = max(0.0, after.analysis.frame.time_s - frame.time_s)
        fraction = since_s / (since_s + until_s) if since_s else 0.0
        if before.analysis.scene != after.analysis.scene:
            first, second = before.analysis.frame.image_bgr, after.analysis.frame.image_bgr
            own = before if is_nearer(frame.image_bgr, first, second) else after
            analysed.sort(key=lambda one: one is not own)
            printed, fused = (_unpredicted(people) for people in (own.people, own.analysis.people))
        else:
            printed = people_between(before.people, after.people, fraction, config)
            fused = people_between(before.analysis.people, after.analysis.people, fraction, config)
        between = covers_between(before.people, after.people, (since_s, until_s), before.covered, config)
        covered = (*before.covered, *after.covered, *between)
    elif before is not None and frame.time_s - before.analysis.frame.time_s <= config.held_s:
        printed, fused = before.people, before.analysis.people
    blur = style.blur or any(one.style.blur for one in analysed)
    layouts = [one.layout for one in analysed if one.layout is not None]
    # One that knows where labels are, before one of an analysed frame that was not drawn, of colours alone.
    layout = next((one for one in layouts if one.positions), next(iter(layouts), LabelLayout()))
    drawn_bgr = annotate_in_layout(frame.image_bgr, printed, covered, replace(style, blur=blur), layout)
    return DrawnFrame(drawn_bgr, fused, covered if blur else ())


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


def _unpredicted(people: Sequence[Person]) -> tuple[Person, ...]:
    """People of an analysed frame in another one, on which no model was run."""
    return tuple(replace(person, raw=None) for person in people)


def covers_between(
    before: Sequence[Person],
    after: Sequence[Person],
    seconds: tuple[float, float],
    covered: Sequence[Box] = (),
    config: InterpolationConfig = DEFAULT_CONFIG,
) -> tuple[Box, ...]:
    """Boxes that hold the faces of a frame between two analysed ones, for what is blurred.

    ``seconds`` is the time since the frame before and until the one after, ``covered`` what the frame before
    covers, those lost a moment ago included. Boxes are as wide as what is not known of the way between the
    two asks for. The boxes that the two frames cover themselves are not among them, but belong to what is
    to be covered.
    """
    since_s, until_s = seconds
    total_s = since_s + until_s
    starts, ends = _faces(before), _faces(after)
    # The most that a way with two known ends strays from the straight one.
    strayed = config.acceleration * since_s * until_s / 2
    boxes = []
    for track_id in starts.keys() | ends.keys():
        start, end = starts.get(track_id), ends.get(track_id)
        if start is not None and end is not None:
            box = _face_between(start, end, since_s / total_s if total_s else 0.0).box
            boxes.append(_grown(box, strayed))
        elif start is not None:  # gone, or another track's by now
            is_known = _lies_in(start, [face.box for face in ends.values()])
            boxes.append(_grown(start.box, strayed if is_known else config.speed * since_s))
        elif end is not None:  # come, or another track's until now
            is_known = _lies_in(end, covered)
            boxes.append(_grown(end.box, strayed if is_known else config.speed * until_s))
    return tuple(boxes)


def _lies_in(face: Detection, boxes: Sequence[Box]) -> bool:
    x, y = face.centre
    return any(left <= x <= left + width and top <= y <= top + height for left, top, width, height in boxes)


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
