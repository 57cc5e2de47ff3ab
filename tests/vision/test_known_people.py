"""Everybody is known where all are confirmed, detected and apart, and nobody is hidden beside them."""

from collections.abc import Callable, Sequence

from agecam.messages import Detection
from agecam.vision.known_people import KnownPeople, KnownPeopleConfig
from agecam.vision.tracker import Tracker
from agecam.vision.verification import Verification

MakeFace = Callable[..., Detection]
Boxes = tuple[tuple[float, float, float, float], ...]
FPS = 25.0
SIZE_WH = (1280, 720)


def known_in(frames: Sequence[Sequence[Detection]], runs: int = 8) -> list[Boxes | None]:
    """Who is known in each of frames (lists of detections), the models run so often on each of them."""
    tracker, people = Tracker(), KnownPeople(KnownPeopleConfig(least_runs=8))
    known = []
    for index, detections in enumerate(frames):
        tracks = tracker.update(detections, index / FPS, lambda _: Verification(0.9, None))
        for track in tracks:
            track.runs = runs
        known.append(people.update(tracks, tracker.hidden(), SIZE_WH))
    return known


def test_people_are_known_once_they_are_confirmed(face: MakeFace) -> None:
    one, other = face(200, 200), face(600, 200)
    known = known_in([[one, other]] * 20)
    assert known[0] is None
    assert known[5:] == [(one.box, other.box)] * 15


def test_nobody_is_known_on_whom_the_models_were_hardly_run(face: MakeFace) -> None:
    assert known_in([[face(200, 200)]] * 20, runs=7) == [None] * 20


def test_nobody_is_known_while_somebody_is_new(face: MakeFace) -> None:
    one, other = face(200, 200), face(600, 200)
    known = known_in([[one]] * 20 + [[one, other]] * 20)
    assert known[19] == (one.box,)
    assert known[20] is None
    assert known[39] == (one.box, other.box)


def test_nobody_is_known_as_long_as_somebody_hidden_may_come_back_beside_them(face: MakeFace) -> None:
    one, other = face(200, 200), face(380, 200)
    known = known_in([[one, other]] * 20 + [[one]] * 60)
    assert known[20 : 20 + 25] == [None] * 25
    assert known[-1] == (one.box,)


def test_nobody_is_known_while_two_are_hidden_beside_each_other(face: MakeFace) -> None:
    one, two, other = face(200, 200), face(380, 200), face(900, 200)
    known = known_in([[one, two, other]] * 20 + [[other]] * 20)
    assert known[20:] == [None] * 20


def test_who_has_been_hidden_for_longer_than_a_second_is_not_waited_for(face: MakeFace) -> None:
    one, other = face(200, 200), face(380, 200)
    known = known_in([[one, other]] * 20 + [[one]] * 30)
    assert known[20 + 26 :] == [(one.box,)] * 4


def test_who_is_missed_far_from_everybody_is_not_waited_for(face: MakeFace) -> None:
    one, other = face(200, 200), face(600, 200)
    known = known_in([[one, other]] * 20 + [[one]] * 10)
    assert known[20:] == [(one.box,)] * 10


def test_who_has_left_the_frame_is_not_waited_for(face: MakeFace) -> None:
    one, other = face(200, 200), face(-40, 200)
    known = known_in([[one, other]] * 20 + [[one]] * 10)
    assert known[-1] == (one.box,)


def test_nobody_is_known_where_two_faces_overlap(face: MakeFace) -> None:
    beside, before = face(305, 200), face(285, 200)
    assert known_in([[face(200, 200), beside]] * 20)[-1] is not None
    assert known_in([[face(200, 200), before]] * 20)[-1] is None
