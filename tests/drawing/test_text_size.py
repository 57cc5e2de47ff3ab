"""The size of labels follows the face and the image, in steps and within bounds."""

from collections.abc import Callable, Sequence
from math import sin

import numpy as np
import pytest

from agecam.drawing.annotate import Annotator
from agecam.messages import Person

MakePerson = Callable[..., Person]


def sizes_px(people: Sequence[Person], height: int, annotator: Annotator | None = None) -> list[int]:
    """Of each person's digits, in an image so many pixels high."""
    annotator = annotator or Annotator()
    annotator.draw(np.zeros((height, height * 16 // 9, 3), np.uint8), people, 0.0)
    return [annotator.layout.text_px[person.track_id] for person in people]


@pytest.mark.parametrize(
    ("height", "face", "least", "most"),
    [
        (120, 20, 15, 15),  # never less than can be read
        (120, 110, 15, 15),
        (270, 60, 15, 15),
        (720, 20, 20, 20),
        (720, 110, 24, 29),
        (720, 700, 31, 36),
        (1080, 300, 46, 54),
        (2160, 60, 60, 60),
        (2160, 330, 73, 87),
        (2160, 2000, 93, 108),
    ],
)
def test_digits_follow_the_face_within_bounds_of_the_image(
    person: MakePerson, height: int, face: int, least: int, most: int
) -> None:
    (size,) = sizes_px([person(10, 5, face)], height)
    assert least <= size <= most


def test_the_same_scene_has_labels_of_the_same_part_of_any_screen(person: MakePerson) -> None:
    parts = [sizes_px([person(10, 10, height * 0.14)], height)[0] / height for height in (720, 1080, 2160)]
    assert parts == pytest.approx([0.0336] * 3, rel=0.1)


def test_people_in_a_row_have_labels_of_equal_size(person: MakePerson) -> None:
    row = [person(150 * i, 300, 118 + i, track_id=i) for i in range(6)]
    assert len(set(sizes_px(row, 720))) == 1


def test_a_face_that_comes_closer_changes_its_label_a_few_times_and_one_that_sways_never(
    person: MakePerson,
) -> None:
    annotator = Annotator()
    coming = [sizes_px([person(100, 100, 60 + i)], 720, annotator)[0] for i in range(240)]
    assert coming == sorted(coming)
    assert len(set(coming)) == 3
    swaying = [sizes_px([person(100, 100, 130 + 9 * sin(i))], 720, annotator)[0] for i in range(60)]
    assert len(set(swaying)) <= 2
    assert len(set(swaying[5:])) == 1
