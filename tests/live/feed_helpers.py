"""What tests of the feed share: frames as capture hands them on, and what analysis makes of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agecam.drawing.annotate import LabelLayout
from agecam.drawing.label_layout import Box
from agecam.drawing.label_text import LabelStyle
from agecam.live.capture import Captured
from agecam.live.feed import RecordingFeed
from agecam.live.pipeline import AnnotatedFrame
from agecam.messages import Analysis, Detection, Estimate, Frame, Person

PLAIN = LabelStyle()
INTERVAL_S = 0.04
SIZE = (120, 160)


def captured(index: int, epoch: int = 1, image_bgr: NDArray[np.uint8] | None = None) -> Captured:
    """The frame of that index, on a canvas of 160 x 120 pixels, all white where no image is given."""
    if image_bgr is None:
        image_bgr = np.full((*SIZE, 3), 255, np.uint8)
    return Captured(Frame(image_bgr, index * INTERVAL_S, index), 0.0, epoch, index, from_camera=True)


def person(x: float, track_id: int = 1, size: float = 40, y: float = 50) -> Person:
    points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.5, 0.8]]) * size + (x, y)
    face = Detection((x, y, size, size), 0.9, points.astype(np.float32))
    return Person(track_id, face, Estimate(34, 28, 41, 0.93), None)


def annotated(
    one: Captured,
    people: Sequence[Person] = (),
    *,
    plain_bgr: NDArray[np.uint8] | None = None,
    style: LabelStyle = PLAIN,
    covered: Sequence[Box] | None = None,
    layout: LabelLayout | None = None,
    scene: int = 0,
) -> AnnotatedFrame:
    boxes = tuple(person.face.box for person in people) if covered is None else tuple(covered)
    analysis = Analysis(one.frame, tuple(people), scene=scene)
    return AnnotatedFrame(analysis, tuple(people), None, plain_bgr, boxes, style, layout, epoch=one.epoch)


def analyse(
    feed: RecordingFeed, one: Captured, *people: Person, style: LabelStyle = PLAIN, scene: int = 0
) -> None:
    feed.begin_analysis(one)
    feed.end_analysis(one, annotated(one, people, style=style, scene=scene))
