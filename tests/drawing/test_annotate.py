import itertools

import numpy as np
import pytest

from agecam.drawing.annotate import annotate, mirrored
from agecam.drawing.label_image import render_label
from agecam.drawing.label_layout import LabelMemory
from agecam.drawing.label_text import LabelStyle
from agecam.messages import Analysis, Estimate, Frame, Person
from agecam.opencv import cv2

SURE = Estimate(34.4, 28.2, 41.0, 0.93)


@pytest.fixture
def person(face):
    def make(x=200, y=150, size=100, estimate=SURE, track_id=1, confirmed=True):
        return Person(track_id, face(x, y, size), estimate, None, confirmed)

    return make


def changed(before, after):
    """Left, top, right and bottom of what differs, or ``None``."""
    rows, columns = np.nonzero((before != after).any(axis=2))
    return (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else None


def holds_label(picture, large, small, text_px):
    """Whether a label with these texts is in the picture, whatever its colour."""
    plate = render_label(large, small, text_px, (0, 0, 0)).image_bgr[4:-4, 8:-4]
    return bool(matches(picture, plate))


def matches(picture, part):
    """At how many places a part is in the picture."""
    return int((cv2.matchTemplate(picture, part, cv2.TM_SQDIFF_NORMED) < 1e-3).sum())


def test_the_given_picture_is_left_alone(astronaut_bgr, person):
    astronaut_bgr.flags.writeable = False
    before = astronaut_bgr.copy()
    drawn = annotate(astronaut_bgr, [person()])
    assert (astronaut_bgr == before).all()
    assert drawn.flags.writeable
    assert changed(before, drawn)


def test_a_label_says_age_interval_and_gender(astronaut_bgr, person):
    drawn = annotate(astronaut_bgr, [person()])
    assert holds_label(drawn, "34", ("28–41", "female"), 18)


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
def test_a_style_leaves_out_what_it_is_told_to(astronaut_bgr, person, style, large, small):
    assert holds_label(annotate(astronaut_bgr, [person()], style), large, small, 18)


def test_with_nothing_to_say_only_the_box_is_drawn(astronaut_bgr, person):
    style = LabelStyle("none", show_interval=False, show_gender=False)
    only_box = annotate(astronaut_bgr, [person()], style)
    assert (only_box == annotate(astronaut_bgr, [person(estimate=None)])).all()
    assert changed(astronaut_bgr, only_box)


@pytest.mark.parametrize(("female", "word"), [(0.6, "?"), (0.4, "?"), (0.1, "male"), (0.9, "female")])
def test_a_doubtful_gender_is_a_question_mark(astronaut_bgr, person, female, word):
    drawn = annotate(astronaut_bgr, [person(estimate=Estimate(34.4, 28.2, 41.0, female))])
    shown = [one for one in ("?", "male", "female") if holds_label(drawn, "34", ("28–41", one), 18)]
    assert shown == [word]


def test_who_is_not_settled_is_not_drawn(astronaut_bgr, person):
    assert changed(astronaut_bgr, annotate(astronaut_bgr, [person(confirmed=False)])) is None


@pytest.mark.parametrize("place", [(0, 0), (-60, -60), (580, 0), (590, 320), (0, 300), (270, -30)])
def test_a_label_is_whole_wherever_the_face_is(person, place):
    picture = np.full((360, 640, 3), 255, np.uint8)
    assert holds_label(annotate(picture, [person(*place)]), "34", ("28–41", "female"), 18)


def test_labels_keep_off_other_faces_and_each_other(person, face):
    picture = np.full((720, 1280, 3), 255, np.uint8)
    crowd = [person(120 + 130 * i, 300 + 40 * (i % 2), 100, track_id=i) for i in range(8)]
    drawn = annotate(picture, crowd)
    for one in crowd:
        x, y, width, height = (int(value) for value in one.face.box)
        assert (drawn[y + 6 : y + height - 6, x + 6 : x + width - 6] == 255).all()
    plate = render_label("34", ("28–41", "female"), 26, (0, 0, 0)).image_bgr[4:-4, 8:-4]
    assert matches(drawn, plate) == len(crowd)


def test_with_a_memory_labels_do_not_hop(person):
    picture = np.full((720, 1280, 3), 255, np.uint8)
    rng = np.random.default_rng(2)
    style = LabelStyle(show_interval=False, show_gender=False)

    def hops(memory):
        above = []
        for _ in range(60):
            # The upper face reaches just so far into the label of the lower one that either place will do.
            upper = person(500, 197 + rng.normal(0, 3), 80, estimate=None, track_id=2)
            drawn = annotate(picture, [person(500, 308, 100), upper], style, memory)
            above.append(bool((drawn[290:300, 515:540] < 60).any()))
        return sum(a != b for a, b in itertools.pairwise(above))

    assert hops(None) > 5
    assert hops(LabelMemory()) <= 1


@pytest.mark.parametrize("height", [480, 720, 1080, 2160])
def test_labels_grow_with_the_picture(person, height):
    picture = np.zeros((height, height * 16 // 9, 3), np.uint8)
    size = height / 5
    one = person(2 * size, 2 * size, size)
    drawn = annotate(picture, [one])
    _, top, _, _ = changed(picture, drawn)
    above = one.face.box[1] - top
    assert 0.04 < above / height < 0.08


def test_text_stands_out_on_any_background(person):
    for shade in (0, 128, 255):
        drawn = annotate(np.full((360, 640, 3), shade, np.uint8), [person()])
        plate = drawn[112:145, 215:290].reshape(-1, 3).mean(axis=1)
        assert plate.min() < 30
        assert plate.max() > 220


def test_blur_leaves_a_few_squares_of_a_face_settled_or_not(detector, astronaut_bgr):
    (face,) = detector.detect(astronaut_bgr)
    for confirmed in (True, False):
        person = Person(1, face, None, None, confirmed)
        blurred = annotate(astronaut_bgr, [person], LabelStyle(blur=True))
        x, y, width, height = (int(value) for value in face.box)
        inside = blurred[y + 10 : y + height - 10, x + 10 : x + width - 10].reshape(-1, 3)
        assert len(np.unique(inside, axis=0)) < 80
        assert (blurred[300:] == astronaut_bgr[300:]).all()


def test_blur_covers_faces_that_stick_out_of_the_picture(person, astronaut_bgr):
    for place in ((-50, -50), (480, 480), (-500, 0), (900, 900)):
        drawn = annotate(astronaut_bgr, [person(*place, confirmed=False)], LabelStyle(blur=True))
        assert drawn.shape == astronaut_bgr.shape


def test_a_face_lost_of_late_stays_blurred_for_a_second_of_frames(person, astronaut_bgr):
    style, memory = LabelStyle(blur=True), LabelMemory()
    annotate(astronaut_bgr, [person(176, 82)], style, memory)
    x, y = 200, 110
    for frame in range(40):
        patch = annotate(astronaut_bgr, [], style, memory)[y : y + 12, x : x + 12]
        is_blurred = (patch != astronaut_bgr[y : y + 12, x : x + 12]).any()
        assert is_blurred == (frame < 30)
    annotate(astronaut_bgr, [person(176, 82)], style, memory)
    annotate(astronaut_bgr, [], LabelStyle(), memory)
    assert (annotate(astronaut_bgr, [], style, memory) == astronaut_bgr).all()


def test_far_faces_of_a_crowd_have_short_labels_until_it_is_clearly_gone(person):
    picture = np.full((720, 1280, 3), 255, np.uint8)
    memory = LabelMemory()

    def long_labels(people):
        crowd = [person(60 + 150 * (i % 8), 60 + 150 * (i // 8), 40, track_id=i) for i in range(people)]
        return holds_label(annotate(picture, crowd, memory=memory), "34", ("28–41", "female"), 18)

    assert [long_labels(people) for people in (6, 15, 16, 15, 12, 11, 12)] == [
        True,
        True,
        False,
        False,
        False,
        True,
        True,
    ]


def test_a_mirror_swaps_sides_of_picture_and_people(detector, astronaut_bgr):
    (face,) = detector.detect(astronaut_bgr)
    analysis = Analysis(Frame(astronaut_bgr, 1.0, 3), (Person(1, face, SURE, SURE),), {"detect": 1.0})
    mirror = mirrored(analysis)
    assert (mirror.frame.image_bgr == astronaut_bgr[:, ::-1]).all()
    assert not mirror.frame.image_bgr.flags.writeable
    (seen,) = detector.detect(mirror.frame.image_bgr)
    assert mirror.people[0].face.box == pytest.approx(seen.box, abs=8)
    assert mirror.people[0].face.keypoints == pytest.approx(seen.keypoints, abs=8)
    back = mirrored(mirror)
    assert (back.frame.image_bgr == astronaut_bgr).all()
    assert back.people[0].face.box == pytest.approx(face.box)
    assert back.people[0].face.keypoints == pytest.approx(face.keypoints)
    assert (mirror.frame.time_s, mirror.frame.index, mirror.stages_ms) == (1.0, 3, {"detect": 1.0})
