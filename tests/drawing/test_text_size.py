"""The size of labels follows the face and the image, in steps and within bounds."""

from collections.abc import Callable, Sequence
from math import sin

import numpy as np
import pytest

from agecam.drawing.annotate import Annotator, lay_out_in
from agecam.drawing.label_text import LabelStyle
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


@pytest.mark.parametrize(("size", "expected"), [(0.8, 16), (1.0, 20), (1.4, 28)])
def test_texts_are_as_large_as_the_style_says_from_the_next_frame_on(
    person: MakePerson, size: float, expected: int
) -> None:
    annotator = Annotator()
    people = [person(10, 5, 40)]
    assert sizes_px(people, 720, annotator) == [20]
    annotator.style = LabelStyle(size=size)
    assert sizes_px(people, 720, annotator) == [expected]
    held = lay_out_in((1280, 720), people, (), LabelStyle(size=1.0), annotator.layout)
    assert [one.plate.text_px for one in held.plates] == [20], "where a frame is drawn again too"


def test_small_faces_have_a_box_and_no_label_and_those_that_jitter_keep_theirs(person: MakePerson) -> None:
    annotator = Annotator(LabelStyle(smallest_face=0.1))

    def labelled(side: float) -> int:
        laid_out = annotator.lay_out(
            (1280, 720), [person(300, 300, side), person(600, 300, 200, track_id=2)], 0
        )
        assert len(laid_out.boxes) == 2
        return len(laid_out.plates)

    assert [labelled(side) for side in (71, 73, 68, 62, 60, 71)] == [1, 2, 2, 2, 1, 1]
