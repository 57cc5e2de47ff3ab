"""Boxes and labels on a picture: the one way for preview, snapshot, recording and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Analysis, Person
from agecam.opencv import cv2


@dataclass(frozen=True, slots=True)
class LabelStyle:
    """What to draw of each person; ``blur`` pixelates faces beyond recognition."""

    show_age: bool = True
    show_interval: bool = True
    show_gender: bool = True
    blur: bool = False


def annotate(
    image_bgr: NDArray[np.uint8], people: Sequence[Person], style: LabelStyle | None = None
) -> NDArray[np.uint8]:
    """A copy of the picture ``(h, w, 3)`` uint8 with a box and a label on each settled person."""
    image = image_bgr.copy()
    for person in people:
        x, y, width, height = (round(value) for value in person.face.box)
        cv2.rectangle(image, (x, y), (x + width, y + height), (255, 255, 255), 2, cv2.LINE_AA)
    return image


def mirrored(analysis: Analysis) -> Analysis:
    """The analysis as in a mirror: picture and people flipped left to right, read-only as before."""
    image = np.ascontiguousarray(analysis.frame.image_bgr[:, ::-1])
    image.flags.writeable = False
    width = analysis.frame.width
    people = []
    for person in analysis.people:
        x, y, box_width, box_height = person.face.box
        # In a mirror the right eye is on the other side: keep the order of the points.
        keypoints = person.face.keypoints[[1, 0, 2, 3]] * (-1, 1) + (width - 1, 0)
        face = replace(
            person.face,
            box=(width - x - box_width, y, box_width, box_height),
            keypoints=keypoints.astype(np.float32),
        )
        people.append(replace(person, face=face))
    return replace(analysis, frame=replace(analysis.frame, image_bgr=image), people=tuple(people))
