"""The measure of identity on films of two photographs: what is put in comes out."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection, Estimate
from agecam.vision.analyzer import Analyzer, create_classifier, create_detector
from agecam.vision.detector import FrameDetections, MediaPipeDetector
from agecam.vision.pyramid import Pyramid, Roi
from agecam.vision.rois import RoiRequest
from agecam.vision.verification import Verification
from benchmarks.identity_crowd import CrowdMetrics, crowd_truths, measure_crowd
from benchmarks.identity_metrics import (
    FilmMetrics,
    Reference,
    identity_metrics,
    largest_age_step,
    measure_film,
)
from benchmarks.identity_peers import PEERS, track_by_peer
from benchmarks.identity_people import FACE_PX, Head, cut_out
from benchmarks.identity_run import DrawnPerson, KeptDetections, Observed, run_film
from benchmarks.identity_scene import (
    Actor,
    Camera,
    Film,
    Join,
    Pose,
    Shot,
    Truth,
    make_background,
    turned,
)

COLLINS, HOPPER = 0, 1
LEFT, RIGHT = Pose(300, 240, 130), Pose(660, 240, 130)
FPS = 10.0
SECONDS = 1.2
FRAMES = round(SECONDS * FPS)


@pytest.fixture(scope="module")
def detector() -> Iterator[MediaPipeDetector]:
    with create_detector() as made:
        yield made


@pytest.fixture
def heads(
    detector: MediaPipeDetector, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]
) -> list[Head]:
    """Eileen Collins, 36, and Grace Hopper, 77."""
    images = ((astronaut_bgr, "collins", 36.0), (hopper_bgr, "hopper", 77.0))
    return [cut_out(image, detector.detect(image)[0], name, age, female=True) for image, name, age in images]


class NoDetector:
    """A detector that must not be asked for anything."""

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        raise AssertionError

    search = detect

    def detect_frame(self, pyramid: Pyramid, rois: Sequence[Roi], *, whole: bool = True) -> FrameDetections:
        raise AssertionError

    def detect_frame_concurrently(
        self, pyramid: Pyramid, rois: Callable[[], Sequence[Roi]], *, whole: bool = True
    ) -> FrameDetections:
        raise AssertionError

    def redetect(self, pyramid: Pyramid, request: RoiRequest) -> list[Detection]:
        raise AssertionError

    def verify(self, pyramid: Pyramid, detection: Detection) -> Verification:
        raise AssertionError

    def close(self) -> None:
        return


def _stand(pose: Pose, _: float) -> Pose:
    return pose


def shot(people: Sequence[tuple[int, Head, Pose]], seed: int = 0, seconds: float = SECONDS) -> Shot:
    actors = [Actor(person, head, partial(_stand, pose)) for person, head, pose in people]
    return Shot(seconds, make_background(np.random.default_rng(seed)), actors)


def two_side_by_side(heads: list[Head]) -> Film:
    return Film("two", [shot([(COLLINS, heads[0], LEFT), (HOPPER, heads[1], RIGHT)])], fps=FPS)


def cut_between(heads: list[Head], join: Join) -> Film:
    shots = [shot([(number, heads[number], LEFT)], number) for number in (COLLINS, HOPPER)]
    return Film("cut", shots, [join], FPS)


@pytest.fixture
def analyzer() -> Iterator[Analyzer]:
    with Analyzer(create_detector(), create_classifier("litert")) as made:
        yield made


def drawn_as(
    track_of: dict[int, int], age_of: dict[int, float], truths: Sequence[Truth]
) -> tuple[DrawnPerson, ...]:
    """Everybody in a frame, shown exactly where they are."""
    return tuple(
        DrawnPerson(
            track_of[one.person],
            one.box,
            Estimate(age := age_of[one.person], age - 5, age + 5, 1.0),
            age,
            "female",
        )
        for one in truths
    )


def play(film: Film, tracks: Sequence[dict[int, int]], ages: dict[int, float]) -> list[Observed]:
    """What a program shows that gives the people of each frame these numbers and ages."""
    return [
        Observed(frame.time_s, truths, drawn_as(numbers, ages, truths))
        for (frame, truths), numbers in zip(film, tracks, strict=True)
    ]


REFERENCES = {COLLINS: Reference(36, "female"), HOPPER: Reference(77, "female")}
AGES = {COLLINS: 36.0, HOPPER: 77.0}
SAME = {COLLINS: 1, HOPPER: 2}


def measured(film: Film, tracks: Sequence[dict[int, int]], ages: dict[int, float] = AGES) -> FilmMetrics:
    return measure_film(play(film, tracks, ages), REFERENCES, film.cuts, film.fps)


def test_a_film_shown_as_it_is_has_no_error(heads: list[Head]) -> None:
    metrics = measured(two_side_by_side(heads), [SAME] * FRAMES)
    assert identity_metrics(metrics.accumulators) == {"idf1": 1.0, "switches": 0.0, "transfers": 0.0}
    assert (metrics.wrong_s, metrics.ghosts, metrics.age_step, metrics.never_labelled) == (0, 0, 0, 0)
    assert metrics.face_seconds == pytest.approx(2 * SECONDS)
    assert (metrics.numbers, metrics.people) == (2, 2)


def test_a_new_number_for_one_person_is_one_switch(heads: list[Head]) -> None:
    half = FRAMES // 2
    metrics = measured(two_side_by_side(heads), [SAME] * half + [{COLLINS: 1, HOPPER: 3}] * half)
    identity = identity_metrics(metrics.accumulators)
    assert (identity["switches"], identity["transfers"]) == (1, 0)
    assert identity["idf1"] == pytest.approx(0.75)


def test_exchanged_numbers_are_two_switches_and_two_transfers(heads: list[Head]) -> None:
    half = FRAMES // 2
    metrics = measured(two_side_by_side(heads), [SAME] * half + [{COLLINS: 2, HOPPER: 1}] * half)
    identity = identity_metrics(metrics.accumulators)
    assert (identity["switches"], identity["transfers"]) == (2, 2)


def test_a_label_that_fits_somebody_else_is_wrong_for_as_long_as_it_stands(heads: list[Head]) -> None:
    metrics = measured(two_side_by_side(heads), [SAME] * FRAMES, {COLLINS: 77.0, HOPPER: 77.0})
    assert metrics.wrong_age_s == pytest.approx(SECONDS)
    assert metrics.wrong_s == pytest.approx(SECONDS)
    assert metrics.wrong_gender_s == 0


def test_a_number_that_stays_over_a_cut_leaks_in_every_frame_after_it(heads: list[Head]) -> None:
    film = cut_between(heads, Join())
    assert film.cuts == [FRAMES]
    leaking = measured(film, [{COLLINS: 1, HOPPER: 1}] * (2 * FRAMES))
    assert leaking.leaked == [FRAMES]
    assert identity_metrics(leaking.accumulators)["transfers"] == 1
    clean = measured(film, [SAME] * (2 * FRAMES))
    assert clean.leaked == [0]
    assert clean.settled == [0]


@pytest.mark.parametrize(
    ("join", "first_of_next", "frames"),
    [(Join("cut", 0.4), 12, 28), (Join("fade", 0.6), 12, 24), (Join("dissolve", 0.4), 12, 20)],
)
def test_joins_take_their_time(heads: list[Head], join: Join, first_of_next: int, frames: int) -> None:
    film = cut_between(heads, join)
    played = list(film)
    assert film.cuts == [first_of_next]
    assert len(played) == frames
    people = [{one.person for one in truths} for _, truths in played]
    assert people[0] == {COLLINS}
    assert people[-1] == {HOPPER}
    assert all(COLLINS not in there for there in people[first_of_next:])
    between = played[14][0].image_bgr.mean() if join.kind == "cut" else None
    assert between is None or between < 5


@pytest.mark.parametrize(("second", "early", "late"), [(LEFT, {0}, {1}), (RIGHT, {0, 1}, {0, 1})])
def test_of_faces_that_dissolve_in_one_place_the_stronger_is_there(
    heads: list[Head], second: Pose, early: set[int], late: set[int]
) -> None:
    shots = [shot([(COLLINS, heads[0], LEFT)]), shot([(HOPPER, heads[1], second)])]
    film = list(Film("dissolve", shots, [Join("dissolve", 0.4)], FPS))
    assert [{one.person for one in film[index][1]} for index in (9, 11)] == [early, late]


def test_who_is_there_before_a_dissolve_is_over_does_not_leak_into_the_rest(heads: list[Head]) -> None:
    film = cut_between(heads, Join("dissolve", 0.4))
    frames = len(list(film))
    assert measured(film, [SAME] * frames).leaked == [0]
    assert measured(film, [{COLLINS: 1, HOPPER: 1}] * frames).leaked == [frames - film.cuts[0]]


def test_a_box_on_a_wall_is_a_ghost(heads: list[Head]) -> None:
    film = two_side_by_side(heads)
    observed = [
        dataclasses.replace(frame, drawn=(*frame.drawn, DrawnPerson(9, (420, 20, 60, 60))))
        for frame in play(film, [SAME] * FRAMES, AGES)
    ]
    assert measure_film(observed, REFERENCES, (), FPS).ghosts == FRAMES


def test_the_largest_age_step_is_that_within_a_shot(heads: list[Head]) -> None:
    film = cut_between(heads, Join())
    observed = play(film, [{COLLINS: 1, HOPPER: 1}] * (2 * FRAMES), AGES)
    assert largest_age_step(observed, film.cuts) == 0
    assert largest_age_step(observed) == pytest.approx(41)


def test_who_stands_behind_somebody_is_less_to_be_seen(heads: list[Head]) -> None:
    behind, before = Pose(480, 240, 120), Pose(520, 240, 140)
    film = Film("behind", [shot([(COLLINS, heads[0], behind), (HOPPER, heads[1], before)])], fps=FPS)
    _, truths = next(iter(film))
    visible = {one.person: one.visible for one in truths}
    assert visible.get(COLLINS, 0.0) < 0.4
    assert visible[HOPPER] > 0.9


def test_a_hand_over_the_lens_hides_everybody(heads: list[Head]) -> None:
    covered = dataclasses.replace(two_side_by_side(heads).shots[0], camera=lambda _: Camera(covered=1.0))
    assert all(truths == () for _, truths in Film("hand", [covered], fps=FPS))


def test_a_turned_head_moves_its_features_sideways(heads: list[Head]) -> None:
    image, alpha = turned(heads[0], 40.0)
    assert image.shape == heads[0].image_bgr.shape
    middle = image.shape[1] // 2
    # What was to the right of the middle by the sine of the angle is in the middle now.
    shift = round(np.sin(np.radians(40)) * 0.7 * FACE_PX)
    same = np.abs(image[:, middle].astype(int) - heads[0].image_bgr[:, middle + shift])
    assert same.mean() < 8
    assert alpha.max() == pytest.approx(1.0)


def test_the_program_finds_both_people_of_a_film_where_they_are(
    analyzer: Analyzer, heads: list[Head]
) -> None:
    film = two_side_by_side(heads)
    metrics = measure_film(run_film(analyzer, film), REFERENCES, film.cuts, FPS)
    assert identity_metrics(metrics.accumulators)["idf1"] > 0.8
    assert (metrics.never_labelled, metrics.ghosts, metrics.numbers) == (0, 0, 2)


def test_kept_detections_show_the_same_people_without_a_detector(heads: list[Head], tmp_path: Path) -> None:
    film = two_side_by_side(heads)
    runs = []
    for detector in (create_detector(), NoDetector()):
        kept = KeptDetections(detector, tmp_path)
        with Analyzer(kept, create_classifier("litert")) as analyzer:
            kept.begin("two")
            runs.append(run_film(analyzer, film))
            assert [len(found) for found in kept.by_frame(frame for frame, _ in film)] == [2] * FRAMES
            kept.end()
    assert runs[0] == runs[1]
    assert any(frame.drawn for frame in runs[1])


@pytest.mark.parametrize("peer", PEERS)
def test_peers_follow_two_people_on_the_same_detections(
    peer: str, detector: MediaPipeDetector, heads: list[Head]
) -> None:
    played = list(two_side_by_side(heads))
    detections = [detector.detect(frame.image_bgr) for frame, _ in played]
    accumulator = track_by_peer(peer, detections, [truths for _, truths in played], FPS)
    identity = identity_metrics([accumulator])
    assert identity["idf1"] > 0.8
    assert identity["switches"] == 0


def test_a_number_that_goes_over_in_the_crowd_is_one_move() -> None:
    frames = [crowd_truths(frame) for frame in range(105)]
    boy, man = 4, 2
    box_of = [{one.person: one.box for one in truths} for truths in frames]
    estimate = Estimate(55, 45, 65, 0.0)

    def frame(index: int, person: int) -> Observed:
        drawn = DrawnPerson(1, box_of[index][person], estimate, 55, "male")
        return Observed(index / 25, (), (drawn,))

    steady = [frame(index, man) for index in range(26)]
    assert measure_crowd(steady) == CrowdMetrics(0, 0, 0, 0)
    moved = [frame(index, man if index < 20 else boy) for index in range(26)]
    metrics = measure_crowd(moved)
    assert (metrics.moves, metrics.foreign_frames, metrics.wrong_age_frames) == (1, 6, 6)
