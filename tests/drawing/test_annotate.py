from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.drawing.annotate import Annotator, annotate
from agecam.drawing.config import DrawingConfig
from agecam.drawing.label_image import render_label
from agecam.drawing.label_text import LabelStyle
from agecam.messages import Estimate, Person
from agecam.opencv import cv2

Image = NDArray[np.uint8]
MakePerson = Callable[..., Person]

BLUR = LabelStyle(blur=True)


def blank(width: int = 640, height: int = 360, shade: int = 255) -> Image:
    return np.full((height, width, 3), shade, np.uint8)


def changed(before: Image, after: Image) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of what differs, or ``None``."""
    rows, columns = np.nonzero((before != after).any(axis=2))
    if not len(rows):
        return None
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


TEXT_PX = {360: 18, 512: 22, 720: 20}
"""The size of digits of the faces here, by the height of the image."""


def label_corners(image: Image, large: str, small: Sequence[str]) -> list[tuple[int, int]]:
    """The top left corners of all labels with these texts in the image, whatever their colour."""
    text_px = TEXT_PX[image.shape[0]]
    bar, edge = max(8, text_px // 6), max(4, text_px // 7)  # of a colour each, and round corners
    plate = render_label(large, tuple(small), text_px, (0, 0, 0)).image_bgr[edge:-edge, bar:-edge]
    hits = np.argwhere(cv2.matchTemplate(image, plate, cv2.TM_SQDIFF_NORMED) < 1e-3)
    return [(int(x) - bar, int(y) - edge) for y, x in hits]


def is_box_drawn(image: Image, x: int, y: int, size: int) -> bool:
    """Whether there is a coloured line in the middle of each side of a box, on white, and none within."""
    middle = size // 2
    sides = [(x, y + middle), (x + size, y + middle), (x + middle, y), (x + middle, y + size)]
    lines = [image[row - 2 : row + 3, column - 2 : column + 3].min() < 150 for column, row in sides]
    return all(lines) and bool((image[y + 6 : y + size - 6, x + 6 : x + size - 6] == 255).all())


def test_a_copy_is_drawn_on_and_the_given_image_left_alone(astronaut_bgr: Image, person: MakePerson) -> None:
    astronaut_bgr.flags.writeable = False
    before = astronaut_bgr.copy()
    drawn = annotate(astronaut_bgr, [person()])
    assert (astronaut_bgr == before).all()
    assert drawn.flags.writeable
    left, top, right, bottom = changed(before, drawn) or (0, 0, 0, 0)
    assert (left, top, right) == pytest.approx((199, 149, 302), abs=2)
    assert 280 < bottom < 296


def test_a_confirmed_person_has_a_box_and_a_label_under_it(person: MakePerson) -> None:
    drawn = annotate(blank(), [person(200, 150, 100)])
    assert is_box_drawn(drawn, 200, 150, 100)
    ((x, y),) = label_corners(drawn, "34", ("28–41", "female"))
    width, _ = render_label("34", ("28–41", "female"), TEXT_PX[360], (0, 0, 0)).size_wh
    assert x + width / 2 == pytest.approx(250, abs=1)
    assert y == 252


def test_a_person_not_yet_confirmed_is_not_drawn(astronaut_bgr: Image, person: MakePerson) -> None:
    assert changed(astronaut_bgr, annotate(astronaut_bgr, [person(confirmed=False)])) is None


def test_the_label_of_one_keeps_off_the_face_of_another_who_is_not_confirmed(person: MakePerson) -> None:
    hidden = person(200, 255, 85, track_id=2, confirmed=False)
    drawn = annotate(blank(), [person(200, 150, 100), hidden])
    assert (drawn[255:340, 200:285] == 255).all()
    assert len(label_corners(drawn, "34", ("28–41", "female"))) == 1


@pytest.mark.parametrize(
    ("style", "large", "small"),
    [
        (LabelStyle(show_interval=False), "34", ("female",)),
        (LabelStyle(show_gender=False), "34", ("28–41",)),
        (LabelStyle(show_interval=False, show_gender=False), "34", ()),
        (LabelStyle("none"), "28–41", ("female",)),
        (LabelStyle("none", show_interval=False), "female", ()),
        (LabelStyle("group", show_confidence=True), "30–39", ("68 %", "female 93 %")),
    ],
)
def test_a_label_has_the_texts_that_its_style_asks_for(
    astronaut_bgr: Image, person: MakePerson, style: LabelStyle, large: str, small: tuple[str, ...]
) -> None:
    assert len(label_corners(annotate(astronaut_bgr, [person()], style), large, small)) == 1


def test_with_no_text_or_no_estimate_the_box_is_drawn_alone(person: MakePerson) -> None:
    style = LabelStyle("none", show_interval=False, show_gender=False)
    for drawn in (annotate(blank(), [person()], style), annotate(blank(), [person(estimate=None)])):
        assert is_box_drawn(drawn, 200, 150, 100)
        assert (drawn[:145] == 255).all()
        assert (drawn[255:] == 255).all()


@pytest.mark.parametrize(("female", "word"), [(0.6, "?"), (0.4, "?"), (0.1, "male"), (0.9, "female")])
def test_a_gender_in_doubt_is_a_question_mark(
    astronaut_bgr: Image, person: MakePerson, female: float, word: str
) -> None:
    drawn = annotate(astronaut_bgr, [person(estimate=Estimate(34.4, 28.2, 41.0, female))])
    words = [one for one in ("?", "male", "female") if label_corners(drawn, "34", ("28–41", one))]
    assert words == [word]


def test_a_style_that_is_set_holds_from_the_next_frame_on(person: MakePerson) -> None:
    annotator = Annotator(LabelStyle())
    assert label_corners(annotator.draw(blank(), [person()], 0.0), "34", ("28–41", "female"))
    annotator.style = LabelStyle(show_gender=False)
    drawn = annotator.draw(blank(), [person()], 0.04)
    assert label_corners(drawn, "34", ("28–41",))
    assert not label_corners(drawn, "34", ("28–41", "female"))


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_text_can_be_read_on_any_background(person: MakePerson, shade: int) -> None:
    drawn = annotate(blank(shade=shade), [person()])
    plate = drawn[254:280, 225:275].reshape(-1, 3).mean(axis=1)
    assert plate.min() < 30
    assert plate.max() > 220


def test_far_faces_of_a_crowd_have_short_labels_until_it_is_clearly_gone(person: MakePerson) -> None:
    annotator = Annotator()

    def has_long_labels(people: int) -> bool:
        crowd = [person(60 + 150 * (i % 8), 60 + 150 * (i // 8), 40, track_id=i) for i in range(people)]
        drawn = annotator.draw(blank(1280, 720), crowd, 0.0)
        long = len(label_corners(drawn, "34", ("28–41", "female")))
        assert long in (0, people)
        return long > 0

    counts = (6, 15, 16, 15, 12, 11, 12)
    assert [has_long_labels(people) for people in counts] == [True, True, False, False, False, True, True]
    assert not has_long_labels(16)
    annotator.reset()
    assert has_long_labels(12)


FACE = (176, 67, 106)
"""Left, top and side of the face in the photograph of the astronaut."""


def is_blurred(image: Image, original: Image) -> bool:
    """Whether the astronaut's face is nothing but a few squares."""
    x, y, size = FACE
    inside = slice(y + 10, y + size - 10), slice(x + 10, x + size - 10)
    if (image[inside] == original[inside]).all():
        return False
    assert len(np.unique(image[inside].reshape(-1, 3), axis=0)) < 80
    return True


@pytest.mark.parametrize("confirmed", [True, False])
def test_blur_leaves_a_few_squares_of_a_face_confirmed_or_not(
    astronaut_bgr: Image, person: MakePerson, confirmed: bool
) -> None:
    one = person(*FACE, estimate=None, confirmed=confirmed)
    blurred = annotate(astronaut_bgr, [one], BLUR)
    assert is_blurred(blurred, astronaut_bgr)
    assert (blurred[300:] == astronaut_bgr[300:]).all()


@pytest.mark.parametrize("place", [(-50, -50), (480, 480)])
def test_blur_covers_the_part_of_a_face_that_is_in_the_image(
    astronaut_bgr: Image, person: MakePerson, place: tuple[int, int]
) -> None:
    drawn = annotate(astronaut_bgr, [person(*place, confirmed=False)], BLUR)
    corner = np.s_[:32, :32] if place[0] < 0 else np.s_[-32:, -32:]
    assert len(np.unique(drawn[corner].reshape(-1, 3), axis=0)) < 20


@pytest.mark.parametrize("place", [(-500, 0), (900, 900)])
def test_blur_of_a_face_out_of_the_image_changes_nothing(
    astronaut_bgr: Image, person: MakePerson, place: tuple[int, int]
) -> None:
    assert (annotate(astronaut_bgr, [person(*place, confirmed=False)], BLUR) == astronaut_bgr).all()


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_a_lost_face_stays_blurred_for_a_second_at_any_frame_rate(
    astronaut_bgr: Image, person: MakePerson, fps: int
) -> None:
    annotator = Annotator(BLUR)
    annotator.draw(astronaut_bgr, [person(*FACE)], 50.0)
    for frame in range(1, 2 * fps, max(1, fps // 10)):
        elapsed_s = frame / fps
        if abs(elapsed_s - 1.0) > 1e-6:
            drawn = annotator.draw(astronaut_bgr, [], 50.0 + elapsed_s)
            assert is_blurred(drawn, astronaut_bgr) == (elapsed_s < 1.0)


def test_how_long_a_lost_face_stays_blurred_can_be_chosen(astronaut_bgr: Image, person: MakePerson) -> None:
    annotator = Annotator(BLUR, DrawingConfig(hidden_s=3.0))
    annotator.draw(astronaut_bgr, [person(*FACE)], 0.0)
    assert is_blurred(annotator.draw(astronaut_bgr, [], 2.9), astronaut_bgr)
    assert not is_blurred(annotator.draw(astronaut_bgr, [], 3.1), astronaut_bgr)


def test_a_face_lost_is_uncovered_once_blur_is_switched_off_or_the_stream_changes(
    astronaut_bgr: Image, person: MakePerson
) -> None:
    annotator = Annotator(BLUR)
    annotator.draw(astronaut_bgr, [person(*FACE)], 0.0)
    annotator.style = LabelStyle()
    assert (annotator.draw(astronaut_bgr, [], 0.1) == astronaut_bgr).all()
    annotator.style = BLUR
    assert (annotator.draw(astronaut_bgr, [], 0.2) == astronaut_bgr).all()
    annotator.draw(astronaut_bgr, [person(*FACE)], 0.3)
    annotator.reset()
    assert (annotator.draw(astronaut_bgr, [], 0.4) == astronaut_bgr).all()
