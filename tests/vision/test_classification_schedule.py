from collections import Counter

from agecam.vision.classification_schedule import Schedule
from agecam.vision.tracker import TrackedFace


def people(face, count, detected=True):
    return [TrackedFace(i, face(200 * i, 0), detected, True) for i in range(1, count + 1)]


def test_new_faces_are_due_in_every_frame(face):
    schedule = Schedule()
    for index in range(8):
        assert len(schedule.due(people(face, 6), index / 25)) == 6


def test_known_faces_have_their_turn_a_few_times_a_second_and_never_all_at_once(face):
    schedule, turns, most = Schedule(), Counter(), 0
    for index in range(275):
        due = schedule.due(people(face, 6), index / 25)
        if index >= 25:
            turns.update(one.track_id for one in due)
            most = max(most, len(due))
    assert most <= 2
    assert all(35 <= turns[number] <= 45 for number in range(1, 7))


def test_at_a_low_frame_rate_everybody_is_due(face):
    schedule = Schedule()
    for index in range(20):
        due = schedule.due(people(face, 5), index / 4)
    assert len(due) == 5


def test_a_predicted_face_is_never_due(face):
    assert Schedule().due(people(face, 3, detected=False), 0.0) == []


def test_a_forgotten_track_is_new_again(face):
    schedule = Schedule()
    for index in range(9):
        schedule.due(people(face, 1), index / 100)
    assert schedule.due(people(face, 1), 0.09) == []
    schedule.retain(set())
    assert len(schedule.due(people(face, 1), 0.1)) == 1
    schedule.reset()
    assert len(schedule.due(people(face, 1), 0.0)) == 1
