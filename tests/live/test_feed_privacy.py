"""No face is to be seen between two analysed frames where faces are blurred; faces here are checkerboards."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.drawing.annotate import FaceCovers
from agecam.drawing.label_text import LabelStyle
from agecam.live.capture import Captured
from agecam.live.feed import FeedConfig, RecordingFeed
from agecam.live.interpolation import InterpolationConfig
from agecam.live.pipeline import AnnotatedFrame
from agecam.messages import Analysis, Detection, Frame, Person

Image = NDArray[np.uint8]
Place = tuple[int, int]

BLUR = LabelStyle(blur=True)
INTERVAL_S = 0.04
GAP = 4
SIZE = 48
FOREVER = FeedConfig(longest_wait_s=1e6)


class KeepingRecorder:
    """Keeps the images that it gets, with labels and without, by the numbers of their frames."""

    keeps_original = True

    def __init__(self) -> None:
        self.images: dict[int, tuple[Image, Image]] = {}

    def claim(self) -> "KeepingRecorder":
        return self

    def count_lost(self, frames: int) -> None: ...

    def queued_bytes(self) -> int:
        return 0

    def record(self, drawn: Frame, original: Frame, people: Sequence[Person]) -> None:
        self.images[original.index] = drawn.image_bgr, original.image_bgr

    def drop(self) -> None:
        raise AssertionError("a frame was dropped")


def scene(index: int, place: Place | None, epoch: int = 1) -> Captured:
    """A gray canvas with the face's top left corner at a place, if there is a face."""
    image = np.full((240, 640, 3), 128, np.uint8)
    if place is not None:
        x, y = place
        squares = np.indices((SIZE, SIZE)).sum(axis=0) % 2 * 255
        image[y : y + SIZE, x : x + SIZE] = squares[..., None]
    image.flags.writeable = False
    return Captured(Frame(image, index * INTERVAL_S, index), 0.0, epoch, index, from_camera=True)


def person(place: Place, track_id: int = 1) -> Person:
    """Not confirmed, so that no line is drawn over the pixels that are compared."""
    keypoints = np.zeros((4, 2), np.float32)
    return Person(track_id, Detection((*place, SIZE, SIZE), 0.9, keypoints), None, None, confirmed=False)


class Stream:
    """Gives frames to a feed that records, and analyses some of them, as the live program would."""

    def __init__(self) -> None:
        self.recorder = KeepingRecorder()
        self._feed = RecordingFeed(self.recorder, FOREVER)
        self._covers = FaceCovers()
        self._scenes: dict[int, tuple[Captured, Place | None]] = {}

    def capture(self, index: int, place: Place | None, style: LabelStyle = BLUR) -> None:
        one = scene(index, place)
        self._scenes[index] = one, place
        self._feed.offer(one, style)

    def analyse(self, index: int, *people: Person, style: LabelStyle = BLUR) -> None:
        """That these people are found in the frame of that number."""
        one, _ = self._scenes[index]
        covered = self._covers.update(people, one.frame.time_s)
        self._feed.begin_analysis(one)
        drawn = None if style.blur else one.frame.image_bgr
        self._feed.end_analysis(
            one, AnnotatedFrame(Analysis(one.frame, people), people, None, drawn, covered, style, epoch=1)
        )

    def seen(self) -> dict[int, float]:
        """After the end: for each frame with a face, the part of its pixels that is as it was.

        The image with labels and the one without are covered alike.
        """
        self._feed.close()
        parts = {}
        for index, (one, place) in self._scenes.items():
            if place is not None:
                x, y = place
                face = np.s_[y : y + SIZE, x : x + SIZE]
                changes = [
                    np.abs(kept[face].astype(int) - one.frame.image_bgr[face])
                    for kept in self.recorder.images[index]
                ]
                # A mosaic of a checkerboard is gray.
                drawn, original = (float((change < 60).mean()) for change in changes)
                assert drawn == original, index
                parts[index] = drawn
        return parts


def straight(index: int) -> Place:
    return 100 + 30 * index, 100


def bent(index: int) -> Place:
    """As far from the straight way as the acceleration allows that covers are made for."""
    since_s, until_s = index * INTERVAL_S, (GAP - index) * INTERVAL_S
    strayed = InterpolationConfig().acceleration * SIZE * since_s * until_s / 2
    return 100 + 30 * index, round(100 - strayed)


@pytest.mark.parametrize("way", [straight, bent])
def test_a_face_that_moves_is_covered_all_the_way_between_two_analyses(
    way: Callable[[int], Place],
) -> None:
    stream = Stream()
    for index in range(GAP + 1):
        stream.capture(index, way(index))
    stream.analyse(0, person(way(0)))
    stream.analyse(GAP, person(way(GAP)))
    assert stream.seen() == dict.fromkeys(range(GAP + 1), 0.0)


def test_a_face_that_another_track_goes_on_with_is_covered() -> None:
    stream = Stream()
    for index in range(GAP + 1):
        stream.capture(index, (100 + 12 * index, 100))
    stream.analyse(0, person((100, 100), track_id=1))
    stream.analyse(GAP, person((100 + 12 * GAP, 100), track_id=2))
    assert stream.seen() == dict.fromkeys(range(GAP + 1), 0.0)


def test_who_comes_is_covered_before_the_analysis_that_finds_them() -> None:
    # A walk of 10 face sizes a second into the image.
    places = {index: (500 - 19 * index, 100) for index in range(1, GAP + 1)}
    stream = Stream()
    for index in range(GAP + 1):
        stream.capture(index, places.get(index))
    stream.analyse(0)
    stream.analyse(GAP, person(places[GAP]))
    assert stream.seen() == dict.fromkeys(places, 0.0)


def test_who_goes_is_covered_after_the_analysis_that_found_them_last() -> None:
    places = {index: (100 + 19 * index, 100) for index in range(GAP)}
    stream = Stream()
    for index in range(GAP + 1):
        stream.capture(index, places.get(index))
    stream.analyse(0, person(places[0]))
    stream.analyse(GAP)
    assert stream.seen() == dict.fromkeys(places, 0.0)


def test_frames_without_an_analysis_before_or_after_them_are_covered_as_a_whole() -> None:
    stream = Stream()
    for index in range(7):
        stream.capture(index, (20 + 90 * index, 150))
    stream.analyse(2, person((200, 150)))
    stream.analyse(4, person((380, 150)))
    assert stream.seen() == dict.fromkeys(range(7), 0.0)


@pytest.mark.parametrize("blurred_from", [0, 1, 2, GAP])
def test_blurring_that_is_turned_on_between_two_analyses_holds_for_the_frames_between(
    blurred_from: int,
) -> None:
    stream = Stream()
    for index in range(GAP + 1):
        stream.capture(index, straight(index), BLUR if index >= blurred_from else LabelStyle())
    stream.analyse(0, person(straight(0)), style=BLUR if blurred_from == 0 else LabelStyle())
    stream.analyse(GAP, person(straight(GAP)))
    seen = stream.seen()
    assert [seen[index] for index in range(1, GAP + 1)] == [0.0] * GAP


def test_nothing_is_covered_where_blurring_is_off() -> None:
    stream = Stream()
    for index in range(GAP + 1):
        stream.capture(index, straight(index), LabelStyle())
    stream.analyse(0, person(straight(0)), style=LabelStyle())
    stream.analyse(GAP, person(straight(GAP)), style=LabelStyle())
    assert stream.seen() == dict.fromkeys(range(GAP + 1), 1.0)


def test_a_face_captured_before_the_covers_were_turned_off_is_covered() -> None:
    stream = Stream()
    for index in range(2):
        stream.capture(index, (100, 100))
    for index in range(2, 4):
        stream.capture(index, (100, 100), style=LabelStyle())
    for index in (1, 3):  # off since the first of the two began to wait
        stream.analyse(index, person((100, 100)), style=LabelStyle())
    seen = stream.seen()
    assert [seen[index] for index in range(4)] == [0.0, 0.0, 1.0, 1.0]
