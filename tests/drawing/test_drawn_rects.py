"""Nothing is drawn outside of the rectangles that an overlay says it draws in."""

from collections.abc import Callable

import numpy as np
import pytest

from agecam.drawing.annotate import Annotator, draw_overlay
from agecam.drawing.label_text import LabelStyle
from agecam.messages import Person

MakePerson = Callable[..., Person]


@pytest.mark.parametrize("size_wh", [(320, 240), (1280, 720), (3840, 2160)])
@pytest.mark.parametrize("blur", [False, True])
def test_all_that_is_drawn_lies_in_the_rectangles(
    person: MakePerson, size_wh: tuple[int, int], *, blur: bool
) -> None:
    width, height = size_wh
    rng = np.random.default_rng(seed=7)
    noise = rng.integers(0, 256, (height, width, 3), np.uint8)
    for _ in range(4):
        places = rng.uniform(-0.1, 1.0, (6, 2)) * size_wh
        sizes = height * rng.uniform(0.02, 0.9, 6)
        people = [
            person(float(x), float(y), float(size), track_id=number)
            for number, ((x, y), size) in enumerate(zip(places, sizes, strict=True), 1)
        ]
        overlay = Annotator(LabelStyle(blur=blur)).lay_out(size_wh, people, 0.0)
        drawn = draw_overlay(noise, overlay)
        assert not np.array_equal(drawn, noise)
        for left, top, right, bottom in overlay.rects():
            rect = slice(max(0, top), max(0, bottom)), slice(max(0, left), max(0, right))
            drawn[rect] = noise[rect]
        assert np.array_equal(drawn, noise)


def test_the_inside_of_a_large_box_is_not_among_them(person: MakePerson) -> None:
    overlay = Annotator(LabelStyle(age="none", show_interval=False, show_gender=False)).lay_out(
        (1280, 720), [person(400, 200, 300)], 0.0
    )
    rects = overlay.rects()
    assert sum((right - left) * (bottom - top) for left, top, right, bottom in rects) < 300 * 300 / 3
    assert not any(left < 550 < right and top < 350 < bottom for left, top, right, bottom in rects)
