"""What tests of the feed share: frames as capture hands them on, and what analysis makes of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agecam.drawing.annotate import LabelLayout
from agecam.drawing.label_layout import Box
from agecam.drawing.label_text import LabelStyle
from agecam.live.capture import Captured
from agecam.live.feed import FeedConfig, RecordingFeed
from agecam.live.pipeline import AnnotatedFrame
from agecam.messages import Analysis, Detection, Estimate, Frame, Person

PLAIN = LabelStyle()
INTERVAL_S = 0.04
SIZE = (120, 160)
FRAME_BYTES = SIZE[0] * SIZE[1] * 3
FOREVER = FeedConfig(longest_wait_s=1e6)
MakeFeed = Callable[..., RecordingFeed]


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


def small_feed(frames: int) -> FeedConfig:
    """With room for so many frames, which wait for as long as it takes."""
    return FeedConfig(capacity_bytes=frames * FRAME_BYTES, usual_frames=0, longest_wait_s=1e6)


@dataclass
class KeepingRecorder:
    """Wants all frames, and keeps what becomes of them."""

    wanted: bool = True
    recorded: list[tuple[Frame, Frame, Sequence[Person]]] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    claims: int = 0
    lost: int = 0
    queued: int = 0
    """Bytes that wait to be written."""

    def count_lost(self, frames: int) -> None:
        self.lost += frames

    def queued_bytes(self) -> int:
        return self.queued

    def claim(self) -> "KeepingClaim | None":
        if not self.wanted:
            return None
        self.claims += 1
        return KeepingClaim(self, self.claims)

    @property
    def indices(self) -> list[int]:
        return [original.index for _, original, _ in self.recorded]


@dataclass
class KeepingClaim:
    recorder: KeepingRecorder
    number: int
    keeps_original: bool = False

    def record(self, drawn: Frame, original: Frame, people: Sequence[Person]) -> None:
        self.recorder.recorded.append((drawn, original, people))

    def drop(self) -> None:
        self.recorder.dropped.append(self.number)


def left_line(image_bgr: NDArray[np.uint8]) -> int:
    """The column of the left side of the one box that is drawn on white."""
    return int(np.nonzero((image_bgr[75] < 200).any(axis=1))[0][0])
