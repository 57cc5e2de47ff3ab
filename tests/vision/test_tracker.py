import numpy as np
import pytest

from agecam.vision.tracker import Tracker


def follow(tracker, frames, fps=25.0, confidence=0.9, start_s=0.0):
    """Run frames (lists of faces) through the tracker; the visible people of each."""
    seen = []
    for index, faces in enumerate(frames):
        tracker.update(faces, start_s + index / fps)
        for one in tracker.doubtful():
            tracker.add_verification(one.track_id, confidence)
        seen.append(tracker.visible())
    return seen


@pytest.mark.parametrize("fps", [5, 10, 25, 60])
def test_a_walking_person_keeps_one_number_and_is_labelled_soon(face, fps):
    speed = 150  # pixels a second, one and a half faces
    frames = [[face(speed * i / fps, 50, score=0.7)] for i in range(3 * fps)]
    seen = follow(Tracker(), frames, fps)
    assert {one.track_id for people in seen for one in people} == {1}
    settled_at_s = next(i for i, people in enumerate(seen) if people[0].confirmed) / fps
    assert settled_at_s <= max(0.15, 2 / fps)


def test_nobody_is_labelled_at_first_sight(face):
    first, second = follow(Tracker(), [[face(0, 0, score=0.99)]] * 2)
    assert not first[0].confirmed
    assert not second[0].confirmed


def test_a_pattern_that_fails_the_closer_look_is_never_labelled(face):
    frames = [[face(0, 0, score=0.7 if i % 3 else 0.82)] for i in range(250)]
    assert not any(one.confirmed for people in follow(Tracker(), frames, confidence=0.6) for one in people)


def test_a_clear_face_needs_no_closer_look(face):
    tracker = Tracker()
    seen = follow(tracker, [[face(0, 0, score=0.95)]] * 5, confidence=0.0)
    assert seen[3][0].confirmed


def test_who_turns_away_loses_the_label_and_keeps_the_number(face):
    tracker = Tracker()
    follow(tracker, [[face(0, 0, score=0.9)]] * 10)
    back = follow(tracker, [[face(0, 0, score=0.45)]] * 60, confidence=0.2, start_s=1)
    assert not back[-1][0].confirmed
    front = follow(tracker, [[face(0, 0, score=0.9)]] * 40, start_s=4)
    assert front[-1][0].confirmed
    assert front[-1][0].track_id == 1


def test_closer_looks_become_rare(face):
    tracker, looks = Tracker(), 0
    for index in range(250):
        tracker.update([face(0, 0, score=0.6)], index / 25)
        for one in tracker.doubtful():
            tracker.add_verification(one.track_id, 0.3)
            looks += 1
    assert looks < 40


def test_what_looks_have_refuted_is_looked_at_again_only_when_it_is_found_again(face):
    tracker = Tracker()
    for index in range(3):
        tracker.update([face(0, 0, score=0.6)] if index < 2 else [], index / 25)
        for one in tracker.doubtful():
            tracker.add_verification(one.track_id, 0.3)
    tracker.update([], 0.3)
    assert not tracker.doubtful()
    tracker.update([face(0, 0, score=0.6)], 0.4)
    assert [one.track_id for one in tracker.doubtful()] == [1]


def test_the_face_that_fewer_more_looks_decide_is_looked_at_first(face):
    tracker = Tracker()
    tracker.update([face(0, 0, score=0.6)], 0.0)
    tracker.add_verification(1, 0.5)
    tracker.update([face(0, 0, score=0.6), face(400, 0, score=0.6)], 0.04)
    assert [one.track_id for one in tracker.doubtful()] == [1, 2]


def test_half_a_second_behind_a_pillar_changes_nobody(face):
    steps = [face(8 * i, 50) for i in range(60)]
    frames = [[] if 25 <= i < 37 else [one] for i, one in enumerate(steps)]
    seen = follow(Tracker(), frames)
    assert {one.track_id for people in seen for one in people} == {1}


def test_a_lost_face_glides_on_for_a_moment_and_is_marked(face):
    frames = [[face(6 * i, 50)] for i in range(25)] + [[]] * 25
    seen = follow(Tracker(), frames)
    assert seen[26][0].face.box[0] > seen[24][0].face.box[0]
    assert [people[0].detected for people in seen[23:27]] == [True, True, False, False]
    assert not seen[24 + 9]


def test_after_long_absence_comes_a_new_number(face):
    tracker = Tracker()
    follow(tracker, [[face(0, 0)]] * 10)
    follow(tracker, [[]] * 40, start_s=1)
    (again,) = follow(tracker, [[face(0, 0)]] * 10, start_s=3)[-1]
    assert again.track_id == 2


def test_two_people_who_cross_keep_their_numbers(face):
    frames = [[face(10 * i, 50), face(600 - 10 * i, 90, 110)] for i in range(60)]
    seen = follow(Tracker(), frames)
    assert [one.track_id for one in seen[-1]] == [1, 2]
    left, right = seen[-1]
    assert left.face.box[0] == pytest.approx(590, abs=1)
    assert right.face.box[0] == pytest.approx(10, abs=1)


def test_a_jump_to_another_place_or_size_is_another_person(face):
    # Another size at the same place could be the same head: that takes until the first is gone.
    for other, frames in ((face(400, 0, 100), 2), (face(-50, -50, 220), 12)):
        tracker = Tracker()
        follow(tracker, [[face(0, 0)]] * 10)
        people = follow(tracker, [[other]] * frames, start_s=0.4)[-1]
        assert [one.track_id for one in people if one.detected] == [2]


def test_weak_detections_continue_a_track_and_begin_none(face):
    tracker = Tracker()
    assert follow(tracker, [[face(0, 0, score=0.45)]] * 5)[-1] == []
    follow(tracker, [[face(0, 0)]] * 5, start_s=1)
    weak = follow(tracker, [[face(0, 0, score=0.45)]] * 30, start_s=2)
    assert weak[-1][0].detected
    assert weak[-1][0].confirmed


def test_reset_forgets_everybody_and_time(face):
    tracker = Tracker()
    follow(tracker, [[face(0, 0)]] * 10, start_s=100)
    tracker.reset()
    assert tracker.visible() == []
    assert [one.track_id for one in follow(tracker, [[face(0, 0)]])[0]] == [1]


def test_time_that_runs_backwards_is_an_error(face):
    tracker = Tracker()
    tracker.update([], 2.0)
    with pytest.raises(ValueError, match="backwards"):
        tracker.update([], 1.0)


def test_twenty_people_are_matched_each_to_himself(face):
    rng = np.random.default_rng(1)
    starts = [(150 * (i % 5), 150 * (i // 5)) for i in range(20)]
    tracker = Tracker()
    for index in range(50):
        faces = [face(x + index, y + rng.normal(0, 2), 80) for x, y in starts]
        order = rng.permutation(20)
        tracker.update([faces[i] for i in order], index / 25)
        people = tracker.visible()
        found = {one.track_id: one.face.box for one in people}
        if index == 0:
            homes = {number: (box[0], box[1]) for number, box in found.items()}
    assert len(found) == 20
    for number, box in found.items():
        assert box[0] - 49 == pytest.approx(homes[number][0], abs=1)
        assert box[1] == pytest.approx(homes[number][1], abs=12)


def test_one_head_found_at_two_sizes_is_one_person(face):
    tracker = Tracker()
    for index in range(10):
        # Found small in one view of the picture, and twice as large in another, turn by turn.
        found = face(100, 100, 50) if index % 2 else face(80, 80, 100)
        tracker.update([found], index / 25)
        assert {one.track_id for one in tracker.visible()} == {1}
