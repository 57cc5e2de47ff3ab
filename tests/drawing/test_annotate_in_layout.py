"""A frame between two that an annotator has drawn looks as if it had drawn it, and no label moves."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from agecam.drawing.annotate import Annotator, LabelLayout, annotate_in_layout
from agecam.drawing.label_text import LabelStyle
from agecam.messages import Person

Image = NDArray[np.uint8]
MakePerson = Callable[..., Person]

STYLE = LabelStyle()


def canvas(width: int = 640, height: int = 360) -> Image:
    return np.full((height, width, 3), 255, np.uint8)


def label_rows(drawn: Image, columns: slice) -> tuple[int, int]:
    """First and last row of the dark plate in these columns; lines of boxes are thinner."""
    dark = (drawn[:, columns].max(axis=2) < 60).mean(axis=1) > 0.3
    rows = np.nonzero(dark)[0]
    return int(rows[0]), int(rows[-1])


def test_the_same_people_in_the_layout_of_their_frame_give_the_same_image(
    astronaut_bgr: Image, person: MakePerson
) -> None:
    people = [person(200, 150, 90), person(320, 160, 80, track_id=2), person(90, 60, 60, track_id=3)]
    annotator = Annotator()
    drawn = annotator.draw(astronaut_bgr, people, 0.0)
    again = annotate_in_layout(astronaut_bgr, people, (), STYLE, annotator.layout)
    np.testing.assert_array_equal(again, drawn)


def test_a_label_stays_on_its_side_of_the_face_where_another_place_would_be_better(
    person: MakePerson,
) -> None:
    annotator = Annotator()
    annotator.draw(canvas(), [person(200, 200, 100)], 0.0)  # under it
    near_the_edge = person(200, 258, 100)
    moved = Annotator().draw(canvas(), [near_the_edge], 0.0)
    kept = annotate_in_layout(canvas(), [near_the_edge], (), STYLE, annotator.layout)
    assert label_rows(moved, slice(310, 340))[1] > 320, "beside it, if nothing is remembered"
    assert label_rows(kept, slice(220, 280))[0] > 325, "under it, as in the frame before"


def test_a_label_keeps_its_size_and_colour_where_its_face_has_grown(person: MakePerson) -> None:
    annotator = Annotator()
    annotator.draw(canvas(), [person(200, 150, 60), person(400, 150, 60, track_id=2)], 0.0)
    annotator.draw(canvas(), [person(200, 150, 60, track_id=11)], 0.1)
    near, large = person(200, 100, 400, track_id=11), canvas(1280, 720)
    kept = annotate_in_layout(large, [near], (), STYLE, annotator.layout)
    alone = annotate_in_layout(large, [near], (), STYLE, LabelLayout())
    assert (kept < 60).all(axis=2).sum() < 0.8 * (alone < 60).all(axis=2).sum()
    assert (kept == annotator.layout.colours[11]).all(axis=2).any()


def test_a_crowd_stays_one_where_some_of_it_are_missing(person: MakePerson) -> None:
    far = [person(20 + 35 * number, 150, 20, track_id=number) for number in range(16)]
    annotator = Annotator()
    annotator.draw(canvas(), far, 0.0)
    assert annotator.layout.is_crowded
    few = far[:2]
    crowded = annotate_in_layout(canvas(), few, (), STYLE, annotator.layout)
    alone = annotate_in_layout(canvas(), few, (), STYLE, LabelLayout())
    assert (crowded < 60).sum() < (alone < 60).sum(), "far faces of a crowd have short labels"


def test_what_is_told_to_be_covered_is_blurred_if_the_style_says_so() -> None:
    image = canvas()
    image[::2, ::2] = 0
    box = (100.0, 100.0, 80.0, 80.0)
    face = np.s_[100:180, 100:180]
    assert annotate_in_layout(image, (), [box], STYLE, LabelLayout())[face].std() > 100
    assert annotate_in_layout(image, (), [box], LabelStyle(blur=True), LabelLayout())[face].std() < 5


def test_an_annotator_forgets_its_layout_when_it_is_reset(person: MakePerson) -> None:
    annotator = Annotator()
    annotator.draw(canvas(), [person()], 0.0)
    assert set(annotator.layout.positions) == {1}
    annotator.draw(canvas(), [], 1.0)
    assert set(annotator.layout.positions) == {1}, "remembered while nobody has a label"
    annotator.reset()
    assert annotator.layout == LabelLayout()
