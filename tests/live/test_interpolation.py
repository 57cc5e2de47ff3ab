"""Who is where between two analysed frames, and what is blurred there."""

import itertools

import numpy as np
import pytest

from agecam.drawing.label_layout import Box
from agecam.live.interpolation import InterpolationConfig, covers_between, people_between
from agecam.messages import Detection, Estimate, Person


def person(track_id: int, box: Box, age: float = 30.0, *, confirmed: bool = True) -> Person:
    x, y, width, height = box
    points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.5, 0.8]]) * (width, height) + (x, y)
    estimate = Estimate(age, age - 5, age + 5, 0.9)
    return Person(track_id, Detection(box, 0.9, points.astype(np.float32)), estimate, estimate, confirmed)


def centre(box: Box) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def holds(boxes: tuple[Box, ...], x: float, y: float) -> bool:
    return any(left <= x <= left + w and top <= y <= top + h for left, top, w, h in boxes)


def test_a_box_moves_on_a_straight_line_and_grows_by_equal_factors() -> None:
    before, after = person(1, (100, 50, 40, 60)), person(1, (200, 110, 160, 240))
    (between,) = people_between([before], [after], 0.5)
    assert between.face.box[2:] == pytest.approx((80, 120))
    assert centre(between.face.box) == pytest.approx((200, 155))
    assert between.face.keypoints.dtype == np.float32
    np.testing.assert_allclose(
        between.face.keypoints, (before.face.keypoints + after.face.keypoints) / 2, rtol=1e-5
    )


@pytest.mark.parametrize(("fraction", "box"), [(0.0, (100, 50, 40, 60)), (1.0, (200, 110, 160, 240))])
def test_at_both_ends_a_box_is_that_of_the_analysed_frame(fraction: float, box: Box) -> None:
    (between,) = people_between([person(1, (100, 50, 40, 60))], [person(1, (200, 110, 160, 240))], fraction)
    assert between.face.box == pytest.approx(box)


def test_estimates_are_those_of_the_frame_before_and_nothing_is_predicted_for_this_one() -> None:
    before, after = person(1, (0, 0, 40, 40), age=30.0, confirmed=False), person(1, (0, 0, 40, 40), age=50.0)
    (between,) = people_between([before], [after], 0.9)
    assert between.estimate == before.estimate
    assert between.raw is None
    assert not between.confirmed


def test_people_are_told_apart_by_their_tracks() -> None:
    before = [person(1, (0, 0, 40, 40)), person(2, (300, 0, 40, 40))]
    after = [person(2, (320, 0, 40, 40)), person(1, (20, 0, 40, 40))]
    between = people_between(before, after, 0.5)
    assert [one.track_id for one in between] == [1, 2]
    assert [one.face.box[0] for one in between] == pytest.approx([10, 310])


def test_who_leaves_is_shown_where_the_analysed_frame_before_is_the_nearer_one() -> None:
    gone = person(1, (100, 50, 40, 40))
    (shown,) = people_between([gone], [], 0.49)
    assert shown.face.box == gone.face.box
    assert people_between([gone], [], 0.51) == ()


def test_who_comes_is_shown_from_the_analysed_frame_on() -> None:
    assert people_between([], [person(1, (100, 50, 40, 40))], 0.99) == ()


def test_a_face_that_brakes_and_turns_back_between_two_frames_stays_within_its_cover() -> None:
    # It is at one place in both: out and back as far as the acceleration allows.
    config = InterpolationConfig()
    size, gap_s = 50.0, 0.16
    before, after = [person(1, (100, 100, size, size))], [person(1, (100, 100, size, size))]
    for since_s in np.linspace(0, gap_s, 9):
        boxes = covers_between(before, after, (float(since_s), float(gap_s - since_s)))
        strayed = config.acceleration * size * since_s * (gap_s - since_s) / 2
        for sign_x, sign_y in itertools.product((-1, 1), repeat=2):
            x, y = 125 + sign_x * (size / 2 + strayed), 125 + sign_y * (size / 2 + strayed)
            assert holds(boxes, x - sign_x * 1e-6, y - sign_y * 1e-6)


def test_the_cover_of_a_face_that_moves_moves_with_it() -> None:
    before, after = [person(1, (100, 100, 50, 50))], [person(1, (500, 100, 50, 50))]
    (box,) = covers_between(before, after, (0.08, 0.08))
    assert centre(box) == pytest.approx((325, 125))
    assert 50 < box[2] < 100


def test_a_face_known_at_one_end_is_covered_as_far_as_a_walk_may_have_brought_it() -> None:
    face = person(1, (100, 100, 50, 50))
    (left,) = covers_between([face], [], (0.1, 0.06))
    assert left == pytest.approx((50, 50, 150, 150)), "10 sizes a second, for 0.1 s"
    (came,) = covers_between([], [face], (0.06, 0.1))
    assert came == pytest.approx((50, 50, 150, 150))


def test_a_face_that_changes_its_track_on_the_spot_is_known_at_both_ends() -> None:
    face, again = person(1, (100, 100, 50, 50)), person(2, (104, 102, 50, 50))
    boxes = covers_between([face], [again], (0.08, 0.08), [face.face.box])
    assert holds(boxes, 101, 101)
    assert max(box[2] for box in boxes) < 70, "no wider than what may have happened in between"
    lost = [(100.0, 100.0, 50.0, 50.0)]
    (found,) = covers_between([], [again], (0.08, 0.08), lost)
    assert found[2] < 70, "nor where it was lost a moment ago and is found again"


def test_a_person_not_confirmed_is_covered_too() -> None:
    face = person(1, (100, 100, 50, 50), confirmed=False)
    assert len(covers_between([face], [face], (0.1, 0.1))) == 1
