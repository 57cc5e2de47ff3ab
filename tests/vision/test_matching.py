"""Which detection continues which track, and who comes back from behind what hid them."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from agecam.messages import Detection, Estimate
from agecam.vision.appearance import Look
from agecam.vision.assignment import linear_assignment
from agecam.vision.matching import MatchConfig, least_cost_pairs
from agecam.vision.track import Track
from agecam.vision.tracker import Tracker
from agecam.vision.tracker_config import TrackerConfig

MakeFace = Callable[..., Detection]
FPS = 25
SIDE = 24


def look_of(colour: int, random: np.random.Generator, part: float = 0.0) -> Look:
    """Somebody whose colours are all in one bin, but for a part in another one; light without contrast."""
    colours = np.zeros(384, np.float32)
    colours[colour], colours[383] = np.sqrt(1 - part), np.sqrt(part)
    return Look(colours, random.integers(100, 104, (SIDE, SIDE)).astype(np.uint8))


class Painted:
    """Looks by the score of a detection, which a test gives each person; ``seen`` counts them."""

    def __init__(self, parts: dict[float, float] | None = None) -> None:
        self._random = np.random.default_rng(0)
        self._parts = parts or {}
        self.seen = 0

    def __call__(self, face: Detection) -> Look:
        self.seen += 1
        return look_of(round(100 * face.score), self._random, self._parts.get(face.score, 0.0))


ONE, OTHER = 0.95, 0.93


def people(tracks: list[Track]) -> dict[int, int]:
    """Where each number was detected: x of the box, pixels."""
    return {track.track_id: round(track.face.box[0]) for track in tracks if track.detected}


def walk(tracker: Tracker, face: MakeFace, looks: Painted, frames: int = 20, step: int = 8) -> None:
    """Somebody of 80 pixels walks to the right, until 8 * 19 = 152."""
    for index in range(frames):
        tracker.update([face(step * index, 0, 80, score=ONE)], index / FPS, describe=looks)


def test_the_least_sum_is_found_as_over_the_whole_table() -> None:
    random = np.random.default_rng(1)
    for _ in range(200):
        shape = random.integers(1, 6, 2)
        table = np.where(random.random(shape) < 0.5, 3.0, random.uniform(0, 3, shape))
        costs = {
            (i, j): float(table[i, j])
            for i, j in product(range(shape[0]), range(shape[1]))
            if table[i, j] < 3
        }
        expected = sorted(pair for pair in linear_assignment(table) if table[pair] < 3)
        assert sum(costs[pair] for pair in expected) - 3 * len(expected) == pytest.approx(
            sum(costs[pair] for pair in least_cost_pairs(costs)) - 3 * len(least_cost_pairs(costs))
        )


@pytest.mark.parametrize(
    ("x", "returns"),
    [(152 + 8 * 15, True), (152, True), (152 + 8 * 7, True), (152 - 130, False)],
    ids=["gone on", "stopped", "slowed down", "the other way"],
)
def test_who_was_hidden_comes_back_anywhere_on_their_way(face: MakeFace, x: int, returns: bool) -> None:
    """Of a look that is about as like as people are who have moved on before other things."""
    looks = Painted()
    tracker = Tracker()
    walk(tracker, face, looks)
    for index in range(20, 34):
        assert people(tracker.update([], index / FPS, describe=looks)) == {}
    changed = Painted({ONE: 0.45})  # a likeness of 0.74
    tracks = tracker.update([face(x, 0, 80, score=ONE)], 34 / FPS, describe=changed)
    assert people(tracks) == {1 if returns else 2: x}


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(("sizes", "continues"), [(0.72, True), (0.76, False)])
def test_how_far_a_detection_may_be_counts_in_sizes_of_the_larger_face(
    face: MakeFace, side: int, sizes: float, continues: bool
) -> None:
    tracker = Tracker()
    tracker.update([face(500, 200, 100)], 0.0)
    tracks = tracker.update([face(550 + side * sizes * 160 - 80, 170, 160)], 1 / FPS)
    assert [track.track_id for track in tracks if track.detected] == [1 if continues else 2]


def test_who_looks_otherwise_comes_back_nowhere(face: MakeFace) -> None:
    looks, tracker = Painted(), Tracker()
    walk(tracker, face, looks)
    for index in range(20, 34):
        tracker.update([], index / FPS, describe=looks)
    tracks = tracker.update([face(152 + 8 * 15, 0, 80, score=OTHER)], 34 / FPS, describe=looks)
    assert list(people(tracks)) == [2]


def test_who_comes_out_half_hidden_is_shown_by_the_number_they_had(face: MakeFace) -> None:
    """As somebody new in the first frame, who is not confirmed, and is nobody in the next one."""
    tracker = Tracker()
    walk(tracker, face, Painted())
    for index in range(20, 34):
        tracker.update([], index / FPS, describe=Painted())
    numbers, confirmed = [], set()
    for index, part in ((34, 0.6), (35, 0.6), (36, 0.6), (37, 0.6), (38, 0.1), (39, 0.0)):
        looks = Painted({ONE: part})
        tracks = tracker.update([face(8 * index, 0, 80, score=ONE)], index / FPS, describe=looks)
        numbers.append(list(people(tracks)))
        confirmed |= {track.track_id for track in tracks if track.confirmed}
    assert numbers == [[2]] * 4 + [[1]] * 2
    assert confirmed == {1}


def test_somebody_new_near_a_lost_one_waits_for_a_quarter_of_a_second_at_most(face: MakeFace) -> None:
    tracker = Tracker()
    walk(tracker, face, Painted())
    for index in range(20, 34):
        tracker.update([], index / FPS, describe=Painted())
    looks = Painted({ONE: 0.6})  # never as like as who comes back
    for index in range(34, 42):
        (track,) = (
            one
            for one in tracker.update([face(8 * index, 0, 80, score=ONE)], index / FPS, describe=looks)
            if one.detected
        )
    assert (track.track_id, track.confirmed) == (2, True)


def test_a_score_that_is_low_brings_back_who_is_very_like_and_their_second_track_goes(face: MakeFace) -> None:
    class Low(Painted):
        def __call__(self, one: Detection) -> Look:
            return look_of(95, self._random)

    tracker = Tracker(TrackerConfig(match=MatchConfig(revive_likeness_alone=1.1)))
    walk(tracker, face, Low())
    for index in range(20, 34):
        tracker.update([], index / FPS, describe=Low())
    first = tracker.update([face(8 * 34, 0, 80, score=0.55)], 34 / FPS, describe=Low())
    assert list(people(first)) == [2]
    second = tracker.update([face(8 * 35, 0, 80, score=0.9)], 35 / FPS, describe=Low())
    assert {track.track_id for track in second} == {1}


def test_while_it_is_in_doubt_which_of_two_a_face_is_neither_is_shown(face: MakeFace) -> None:
    """One comes before the other, and there is one detection for the two from then on."""
    tracker, looks = Tracker(), Painted()
    for index in range(15):
        tracker.update(
            [face(200, 0, 80, score=ONE), face(400 - 12 * index, 4, 84, score=OTHER)],
            index / FPS,
            describe=looks,
        )
    mixed = Painted({ONE: 0.45})
    _predict(tracker, 15, 30.0)
    (track,) = (
        one for one in tracker.update([face(215, 2, 82, score=ONE)], 15 / FPS, describe=mixed) if one.detected
    )
    assert (track.track_id, track.confirmed, track.is_shown) == (1, True, False)
    clear = tracker.update([face(200, 0, 80, score=ONE)], 16 / FPS, describe=Painted())
    assert {one.track_id: one.is_shown for one in clear if one.detected} == {1: True}


def test_who_took_a_place_has_the_number_they_had_and_who_was_there_waits_behind_them(face: MakeFace) -> None:
    tracker, looks = Tracker(), Painted()
    for index in range(15):
        tracks = tracker.update(
            [face(200, 0, 80, score=ONE), face(400 - 12 * index, 4, 84, score=OTHER)],
            index / FPS,
            describe=looks,
        )
        for track, age in zip(tracks, (30.0, 70.0), strict=True):
            track.add_prediction(Estimate(age, age - 4, age + 4, 0.5), 1.0)
    for index in range(15, 23):
        mixed = Painted({ONE: 0.45})
        tracks = tracker.update([face(210, 2, 82, score=ONE)], index / FPS, describe=mixed)
        (track,) = (one for one in tracks if one.detected)
        if track.add_prediction(Estimate(70, 66, 74, 0.5), 1.0):
            track = tracker.split(track)
    assert (track.track_id, track.is_shown) == (2, True)
    estimate = track.estimate()
    assert estimate is not None
    assert estimate.age > 60
    both = tracker.update(
        [face(200, 0, 80, score=ONE), face(130, 2, 82, score=OTHER)], 24 / FPS, describe=looks
    )
    back = next(one for one in both if one.track_id == 1)
    estimate = back.estimate()
    assert people(both)[1] == 200
    assert estimate is not None
    assert estimate.age < 40, "nothing that was seen of the other is left"


def _predict(tracker: Tracker, frame: int, age: float) -> None:
    """Give all who are there a prediction, so that there is something to be in doubt about."""
    for track in tracker.reported():
        track.add_prediction(Estimate(age, age - 4, age + 4, 0.5), 1.0)
