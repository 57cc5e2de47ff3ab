"""Looks tell people apart, and stay through movement, turns of size and light."""

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.appearance import Appearance, Look, describe
from agecam.vision.detector import MediaPipeDetector
from agecam.vision.pyramid import Pyramid

Image = NDArray[np.uint8]


def look_at(image_bgr: Image, detector: MediaPipeDetector) -> Look:
    (face,) = detector.detect(image_bgr)
    return describe(Pyramid(image_bgr), face)


def likeness(of: Look, to: Look) -> float:
    appearance = Appearance()
    appearance.add(of, 0.0)
    value = appearance.likeness(to)
    assert value is not None
    return value


@pytest.fixture
def astronaut(astronaut_bgr: Image, detector: MediaPipeDetector) -> Look:
    return look_at(astronaut_bgr, detector)


def test_a_face_looks_like_itself_at_other_sizes(
    astronaut: Look, astronaut_bgr: Image, detector: MediaPipeDetector
) -> None:
    for side in (256, 400, 900):
        resized = np.asarray(cv2.resize(astronaut_bgr, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        assert likeness(astronaut, look_at(resized, detector)) > 0.93


def test_two_people_do_not_look_alike(
    astronaut: Look, hopper_bgr: Image, detector: MediaPipeDetector
) -> None:
    assert likeness(astronaut, look_at(hopper_bgr, detector)) < 0.6


@pytest.mark.parametrize("gain", [0.75, 1.25])
def test_who_steps_into_other_light_is_still_the_same(
    astronaut: Look, astronaut_bgr: Image, detector: MediaPipeDetector, gain: float
) -> None:
    lit = cv2.convertScaleAbs(astronaut_bgr, alpha=gain)
    other = look_at(np.asarray(lit, np.uint8), detector)
    assert float(astronaut.colours @ other.colours) < 0.72  # colours alone would not tell
    assert likeness(astronaut, other) > 0.9


def test_a_wall_looks_like_nobody(astronaut: Look) -> None:
    wall = np.full((200, 200, 3), 180, np.uint8)
    face = Detection((50, 50, 80, 80), 0.5, np.zeros((4, 2), np.float32))
    assert likeness(astronaut, describe(Pyramid(wall), face)) < 0.4


def test_what_the_edge_cuts_and_what_lies_outside_has_a_look(astronaut_bgr: Image) -> None:
    for box in ((-60, 40, 100, 100), (480, 480, 90, 90), (700, 10, 50, 50), (-300, -300, 20, 20)):
        look = describe(Pyramid(astronaut_bgr), Detection(box, 0.5, np.zeros((4, 2), np.float32)))
        assert float(look.colours @ look.colours) == pytest.approx(1, abs=1e-3)


def test_nobody_seen_yet_looks_like_nothing_known(astronaut: Look) -> None:
    assert Appearance().likeness(astronaut) is None


def test_looks_that_somebody_nearer_disturbs_tell_nothing_of_who_is_back(
    astronaut: Look, hopper_bgr: Image, detector: MediaPipeDetector
) -> None:
    appearance, other = Appearance(), look_at(hopper_bgr, detector)
    for index in range(10):
        appearance.add(astronaut, index / 25)
    for index in range(10, 30):
        appearance.add(other, index / 25, is_disturbed=True)
    continued, back = appearance.likeness(other), appearance.lasting_likeness(other)
    assert continued is not None
    assert back is not None
    assert continued == pytest.approx(1, abs=1e-3)
    assert back < 0.6
    assert appearance.lasting_likeness(astronaut) == pytest.approx(1, abs=1e-3)


def test_a_first_look_that_was_disturbed_is_forgotten_for_the_first_that_is_not(
    astronaut: Look, hopper_bgr: Image, detector: MediaPipeDetector
) -> None:
    appearance, other = Appearance(), look_at(hopper_bgr, detector)
    appearance.add(other, 0.0, is_disturbed=True)
    assert appearance.lasting_likeness(other) == pytest.approx(1, abs=1e-3)
    appearance.add(astronaut, 0.04)
    back = appearance.lasting_likeness(other)
    assert back is not None
    assert back < 0.6


def test_who_is_back_is_compared_with_what_they_looked_like_lately_too(
    astronaut: Look, hopper_bgr: Image, detector: MediaPipeDetector
) -> None:
    appearance = Appearance()
    for index in range(50):
        appearance.add(astronaut, index / 25)
    appearance.add(look_at(hopper_bgr, detector), 2.0)  # somebody before them for a frame
    back = appearance.likeness(astronaut)
    assert back is not None
    assert back > 0.95
