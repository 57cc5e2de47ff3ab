"""Everybody keeps one number, and only faces are confirmed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from agecam.messages import Detection
from agecam.vision.track import TrackConfig
from agecam.vision.tracker import Tracker
from agecam.vision.tracker_config import TrackerConfig
from agecam.vision.verification import Verification

MakeFace = Callable[..., Detection]


@dataclass(frozen=True)
class Snapshot:
    """A track as it was in one frame."""

    track_id: int
    face: Detection
    detected: bool
    confirmed: bool


class Verifier:
    """Says the same of every face, and counts how often it is asked."""

    def __init__(self, confidence: float) -> None:
        self.confidence = confidence
        self.faces: list[Detection] = []

    def __call__(self, face: Detection) -> Verification:
        self.faces.append(face)
        return Verification(self.confidence, None)


def run(
    tracker: Tracker,
    frames: Sequence[Sequence[Detection]],
    fps: float = 25.0,
    confidence: float = 0.9,
    start_s: float = 0.0,
) -> list[list[Snapshot]]:
    """Run frames (lists of detections) through the tracker; the people of each."""
    verify = Verifier(confidence)
    return [
        [
            Snapshot(track.track_id, track.face, track.detected, track.confirmed)
            for track in tracker.update(detections, start_s + index / fps, verify)
        ]
        for index, detections in enumerate(frames)
    ]


@pytest.mark.parametrize("fps", [5, 10, 25, 60])
def test_a_walking_person_keeps_one_number_and_is_confirmed_soon(face: MakeFace, fps: int) -> None:
    speed = 150  # pixels a second, one and a half faces
    frames = [[face(speed * i / fps, 50, score=0.7)] for i in range(3 * fps)]
    tracked = run(Tracker(), frames, fps)
    assert {one.track_id for people in tracked for one in people} == {1}
    confirmed_at_s = next(i for i, people in enumerate(tracked) if people[0].confirmed) / fps
    assert confirmed_at_s <= max(0.15, 2 / fps)


def test_nobody_is_confirmed_in_the_first_frames(face: MakeFace) -> None:
    first, second = run(Tracker(), [[face(0, 0, score=0.99)]] * 2)
    assert not first[0].confirmed
    assert not second[0].confirmed


def test_hits_and_age_before_confirmation_are_configured(face: MakeFace) -> None:
    frames = [[face(0, 0, score=0.99)]] * 30
    patient = Tracker(TrackerConfig(track=TrackConfig(min_hits=10)))
    assert [people[0].confirmed for people in run(patient, frames)] == [False] * 9 + [True] * 21
    slow = Tracker(TrackerConfig(track=TrackConfig(min_age_s=0.5)))
    assert [people[0].confirmed for people in run(slow, frames)] == [False] * 13 + [True] * 17


def test_a_pattern_that_fails_verification_is_never_confirmed(face: MakeFace) -> None:
    frames = [[face(0, 0, score=0.7 if i % 3 else 0.82)] for i in range(250)]
    assert not any(one.confirmed for people in run(Tracker(), frames, confidence=0.6) for one in people)


@pytest.mark.parametrize(("score", "first"), [(0.7, 13), (0.6, None)])
def test_a_face_that_lasts_is_confirmed_by_less(face: MakeFace, score: float, first: int | None) -> None:
    """As of somebody who looks down all the time."""
    tracked = run(Tracker(), [[face(0, 0, score=score)]] * 60, confidence=0.67)
    confirmed = [index for index, people in enumerate(tracked) if people[0].confirmed]
    assert confirmed == ([] if first is None else list(range(first, 60)))


def test_a_face_that_is_missed_in_most_frames_does_not_last(face: MakeFace) -> None:
    frames = [[] if index % 4 else [face(0, 0, score=0.7)] for index in range(100)]
    tracked = run(Tracker(), frames, confidence=0.67)
    assert not any(one.confirmed for people in tracked for one in people)


def test_what_comes_and_goes_counts_once_each_time(face: MakeFace) -> None:
    """Unlike what is there in each of few frames."""
    frames = [[] if index % 5 else [face(0, 0, score=0.95)] for index in range(11)]
    tracked = run(Tracker(), frames)
    assert [index for index, people in enumerate(tracked) if people and people[0].confirmed] == [10]


def test_a_face_of_high_score_needs_no_verification(face: MakeFace) -> None:
    tracked = run(Tracker(), [[face(0, 0, score=0.95)]] * 5, confidence=0.0)
    assert tracked[3][0].confirmed
    unverified = Tracker()
    for index in range(4):
        tracks = unverified.update([face(0, 0, score=0.95)], index / 25)
    assert [track.confirmed for track in tracks] == [True]


def test_who_turns_away_loses_the_label_and_keeps_the_number(face: MakeFace) -> None:
    tracker = Tracker()
    run(tracker, [[face(0, 0, score=0.9)]] * 10)
    back = run(tracker, [[face(0, 0, score=0.45)]] * 60, confidence=0.2, start_s=1)
    assert not back[-1][0].confirmed
    front = run(tracker, [[face(0, 0, score=0.9)]] * 40, start_s=4)
    assert front[-1][0].confirmed
    assert front[-1][0].track_id == 1


def test_verifications_become_rare(face: MakeFace) -> None:
    tracker, verify = Tracker(), Verifier(0.3)
    for index in range(250):
        tracker.update([face(0, 0, score=0.6)], index / 25, verify)
    assert 10 < len(verify.faces) < 40


def test_no_frame_has_more_verifications_than_configured(face: MakeFace) -> None:
    for most in (1, 3):
        verify = Verifier(0.9)
        tracker = Tracker(TrackerConfig(verifications_per_frame=most))
        tracker.update([face(150 * n, 0, score=0.6) for n in range(5)], 0.0, verify)
        assert [one.box[0] for one in verify.faces] == [150 * n for n in range(most)]


def test_a_rejected_track_is_verified_again_only_when_it_is_detected_again(face: MakeFace) -> None:
    tracker, verify = Tracker(), Verifier(0.3)
    for index in range(3):
        tracker.update([face(0, 0, score=0.6)] if index < 2 else [], index / 25, verify)
    assert len(verify.faces) == 3
    tracker.update([], 0.3, verify)
    assert len(verify.faces) == 3
    tracker.update([face(0, 0, score=0.6)], 0.4, verify)
    assert len(verify.faces) == 4


def test_what_nothing_has_detected_since_is_rejected_without_another_look(face: MakeFace) -> None:
    tracker, verify = Tracker(), Verifier(0.0)
    for index in range(4):
        tracks = tracker.update([face(0, 0, score=0.6)] if index == 0 else [], index / 25, verify)
        assert [track.rejected for track in tracks] == [index >= 2]
    assert len(verify.faces) == 1
    tracker.update([face(0, 0, score=0.6)], 0.3, verify)
    assert len(verify.faces) == 2


def test_verification_detects_a_tentative_face_that_its_frame_missed(face: MakeFace) -> None:
    tracker = Tracker()
    tracker.update([face(0, 0, score=0.6)], 0.0)
    (track,) = tracker.update([], 0.04, lambda _: Verification(0.8, face(4, 0, score=0.8)))
    assert track.detected
    assert track.face.box == face(4, 0).box


def test_the_track_that_fewer_more_verifications_decide_comes_first(face: MakeFace) -> None:
    tracker, verify = Tracker(TrackerConfig(verifications_per_frame=1)), Verifier(0.5)
    old, new = face(0, 0, score=0.6), face(400, 0, score=0.6)
    tracker.update([old], 0.0, verify)
    for index in (1, 2, 3):
        tracker.update([new, old], index / 25, verify)
    assert [one.box[0] for one in verify.faces] == [0, 0, 0, 400]


def test_half_a_second_behind_a_pillar_changes_nobody(face: MakeFace) -> None:
    steps = [face(8 * i, 50) for i in range(60)]
    frames = [[] if 25 <= i < 37 else [one] for i, one in enumerate(steps)]
    tracked = run(Tracker(), frames)
    assert {one.track_id for people in tracked for one in people} == {1}


def test_a_lost_face_glides_on_for_a_moment_and_is_marked(face: MakeFace) -> None:
    frames = [[face(6 * i, 50)] for i in range(25)] + [[]] * 25
    tracked = run(Tracker(), frames)
    assert tracked[26][0].face.box[0] > tracked[24][0].face.box[0]
    assert [people[0].detected for people in tracked[23:27]] == [True, True, False, False]
    assert not tracked[24 + 9]


def test_after_long_absence_comes_a_new_number(face: MakeFace) -> None:
    tracker = Tracker()
    run(tracker, [[face(0, 0)]] * 10)
    run(tracker, [[]] * 40, start_s=1)
    (again,) = run(tracker, [[face(0, 0)]] * 10, start_s=3)[-1]
    assert again.track_id == 2


def test_the_age_of_a_lost_track_is_configured(face: MakeFace) -> None:
    tracker = Tracker(TrackerConfig(max_age_s=4.0))
    run(tracker, [[face(0, 0)]] * 10)
    (again,) = run(tracker, [[face(0, 0)]], start_s=3)[-1]
    assert again.track_id == 1


def test_two_people_who_cross_keep_their_numbers(face: MakeFace) -> None:
    frames = [[face(10 * i, 50), face(600 - 10 * i, 90, 110)] for i in range(60)]
    tracked = run(Tracker(), frames)
    assert [one.track_id for one in tracked[-1]] == [1, 2]
    left, right = tracked[-1]
    assert left.face.box[0] == pytest.approx(590, abs=1)
    assert right.face.box[0] == pytest.approx(10, abs=1)


def test_a_jump_to_another_place_or_size_is_another_person(face: MakeFace) -> None:
    # Another size at the same place could be the same head: that takes until the first is gone.
    for other, frames in ((face(400, 0, 100), 2), (face(-50, -50, 220), 12)):
        tracker = Tracker()
        run(tracker, [[face(0, 0)]] * 10)
        people = run(tracker, [[other]] * frames, start_s=0.4)[-1]
        assert [one.track_id for one in people if one.detected] == [2]


def test_low_scores_continue_a_track_and_start_none(face: MakeFace) -> None:
    tracker = Tracker()
    assert run(tracker, [[face(0, 0, score=0.45)]] * 5)[-1] == []
    run(tracker, [[face(0, 0)]] * 5, start_s=1)
    weak = run(tracker, [[face(0, 0, score=0.45)]] * 30, start_s=2)
    assert weak[-1][0].detected
    assert weak[-1][0].confirmed


def test_expected_faces_are_those_confirmed_the_longest_undetected_first(face: MakeFace) -> None:
    tracker = Tracker()
    pair = [face(0, 0, score=0.95), face(300, 0, score=0.95)]
    run(tracker, [pair] * 5)
    tracker.update([pair[0], face(600, 0)], 0.2)
    assert [(round(one.face.box[0]), round(one.missed_s, 2)) for one in tracker.expected(0.24)] == [
        (300, 0.08),
        (0, 0.04),
    ]


def test_reset_forgets_everybody_and_time(face: MakeFace) -> None:
    tracker = Tracker()
    run(tracker, [[face(0, 0)]] * 10, start_s=100)
    tracker.reset()
    assert tracker.expected(0.0) == []
    assert [one.track_id for one in run(tracker, [[face(0, 0)]])[0]] == [1]


def test_time_that_runs_backwards_is_an_error() -> None:
    tracker = Tracker()
    tracker.update([], 2.0)
    with pytest.raises(ValueError, match="backwards"):
        tracker.update([], 1.0)


def test_a_frame_of_the_very_time_of_the_one_before_may_lack_somebody_new(face: MakeFace) -> None:
    tracker = Tracker()
    run(tracker, [[face(0, 0)]] * 10 + [[]] * 10)
    new, known = face(200, 0), face(0, 0)
    tracker.update([new], 0.8)
    assert [track.face.box for track in tracker.update([], 0.8) if track.detected] == [new.box]
    assert {track.track_id for track in tracker.update([new, known], 0.84)} == {1, 2}


def test_of_twenty_people_each_keeps_their_number(face: MakeFace) -> None:
    rng = np.random.default_rng(1)
    starts = [(150 * (i % 5), 150 * (i // 5)) for i in range(20)]
    tracker = Tracker()
    homes: dict[int, tuple[float, float]] = {}
    for index in range(50):
        faces = [face(x + index, y + rng.normal(0, 2), 80) for x, y in starts]
        people = tracker.update([faces[i] for i in rng.permutation(20)], index / 25)
        boxes = {one.track_id: one.face.box for one in people}
        homes = homes or {number: (box[0], box[1]) for number, box in boxes.items()}
    assert len(boxes) == 20
    for number, box in boxes.items():
        assert box[0] - 49 == pytest.approx(homes[number][0], abs=1)
        assert box[1] == pytest.approx(homes[number][1], abs=12)


def test_one_head_detected_at_two_sizes_is_one_person(face: MakeFace) -> None:
    tracker = Tracker()
    for index in range(10):
        # Detected small in one region of the frame, and twice as large in another, turn by turn.
        detection = face(100, 100, 50) if index % 2 else face(80, 80, 100)
        assert {one.track_id for one in tracker.update([detection], index / 25)} == {1}


EAR = (93, 40, 25)
"""Of a face of 100 pixels at (0, 0): place and size."""


@pytest.mark.parametrize(
    ("first", "place", "every", "numbers"),
    [
        (0, EAR, 4, {1}),
        (2, EAR, 4, {2}),  # it was detected before its face was
        (0, EAR, 1, {1, 2}),
        (0, (150, 40, 25), 1, {1, 2}),
        (0, (93, -40, 25), 4, {1, 2}),
        (0, (93, 40, 70), 4, {1, 2}),
    ],
    ids=["ear", "ear before its face", "somebody small on it", "somebody beside", "above", "as near"],
)
def test_an_ear_is_nobody_unlike_who_is_seen_on_it_in_every_frame(
    face: MakeFace, first: int, place: tuple[int, int, int], every: int, numbers: set[int]
) -> None:
    ear, head = face(*place, score=0.9), face(0, 0, score=0.9)
    frames = [[ear]] * first + [[head]] * 4 + [[head, *([] if i % every else [ear])] for i in range(25)]
    tracked = run(Tracker(), frames)
    assert {one.track_id for one in tracked[-1] if one.confirmed} == numbers


def test_who_is_on_the_ear_of_a_head_is_labelled_sooner_where_verification_is_sure(face: MakeFace) -> None:
    head, small = face(0, 0, score=0.9), face(*EAR, score=0.9)
    frames = [[head]] * 5 + [[head, small], [head], [head], [head]] * 4
    tracked = run(Tracker(), frames, confidence=0.99)
    assert {one.track_id for one in tracked[13] if one.confirmed} == {1, 2}


def test_who_is_on_the_ear_of_a_head_is_labelled_after_half_a_second(face: MakeFace) -> None:
    head, small = face(0, 0, score=0.9), face(*EAR, score=0.9)
    tracked = run(Tracker(), [[head]] * 5 + [[head, small]] * 20)
    labelled = [index for index, people in enumerate(tracked) if sum(one.confirmed for one in people) == 2]
    assert labelled == list(range(labelled[0], 25))
    assert (labelled[0] - 5) / 25 == pytest.approx(0.52, abs=0.04)


def test_an_ear_whose_box_goes_beyond_the_head_is_still_nobody(face: MakeFace) -> None:
    head, ear, grown = face(0, 0, score=0.9), face(*EAR, score=0.9), face(97, 34, 38, score=0.9)
    frames = [[head]] * 4 + [[head, ear], [head], [head], [head, grown], [head], [head]] * 5
    assert {one.track_id for people in run(Tracker(), frames) for one in people if one.confirmed} == {1}
