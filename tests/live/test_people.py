"""Who is in view and who was: gathered over sources, seeks and hours."""

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from agecam.drawing.annotate import LabelLayout
from agecam.live.people import PeopleObserver, PeopleState
from agecam.live.pipeline import AnnotatedFrame
from agecam.messages import Analysis, Detection, Estimate, Frame, Person
from agecam.output.gathering import GatheringConfig
from tests.live.helpers import wait_for

IMAGE = np.full((200, 400, 3), 90, np.uint8)
KEYPOINTS = np.array([[15, 20], [35, 20], [25, 30], [25, 40]], np.float32)


def person(track_id: int, age: float = 40.0, *, confirmed: bool = True) -> Person:
    face = Detection((20.0 + 60 * track_id, 20.0, 50.0, 50.0), 0.9, KEYPOINTS + np.float32(20))
    estimate = Estimate(age, age - 5, age + 5, 0.9)
    return Person(track_id, face, estimate, estimate, confirmed)


def annotated(
    time_s: float, people: Sequence[Person], epoch: int = 1, *, is_repeat: bool = False
) -> AnnotatedFrame:
    printed = tuple(people)
    analysis = Analysis(Frame(IMAGE, time_s, 0), printed)
    return AnnotatedFrame(
        analysis, printed, None, None, layout=LabelLayout(), epoch=epoch, is_repeat=is_repeat
    )


class Clock:
    """Goes on by a second whenever it is asked: each frame is one second after the last, or more."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 1.0
        return self.now_s


class Seen:
    """Feeds an observer, one frame at a time, and has the state after each."""

    def __init__(self, config: GatheringConfig | None = None) -> None:
        self._changed = threading.Event()
        self.observer = PeopleObserver(
            self._changed.set,
            measure=lambda _frame, face, limit: max(0.0, face.score - limit),
            config=config or GatheringConfig(),
            clock=Clock(),
        )
        self.observer.start()

    def after(self, frame: AnnotatedFrame) -> PeopleState:
        self._changed.clear()
        self.observer.show(frame)
        wait_for(self._changed.is_set, "the next state")
        return self.observer.state()


@pytest.fixture
def seen() -> Iterator[Seen]:
    made = Seen()
    yield made
    made.observer.stop()


def in_view(state: PeopleState) -> list[tuple[int, float]]:
    return [(one.number, round(one.seen_s, 3)) for one in state.in_view]


def test_each_person_in_view_has_a_row_with_time_estimate_and_best_crop(seen: Seen) -> None:
    seen.after(annotated(10.0, [person(1), person(2, 70.0, confirmed=False)]))
    state = seen.after(annotated(10.5, [person(1), person(2, 70.0)]))
    assert in_view(state) == [(1, 0.5), (2, 0.0)]
    assert [one.estimate and one.estimate.age for one in state.in_view] == [40.0, 70.0]
    assert all(one.crop_jpeg.startswith(b"\xff\xd8") for one in state.in_view)
    assert (state.number, state.count.most) == (2, 2)
    assert {place: number for place, number in enumerate(state.ages) if number} == {8: 1, 14: 1}


def test_another_source_ends_those_in_view_and_its_first_track_is_another_person(seen: Seen) -> None:
    seen.after(annotated(5.0, [person(1)]))
    seen.after(annotated(6.0, [person(1)]))
    state = seen.after(annotated(900.0, [person(1, 20.0)], epoch=2))
    assert in_view(state) == [(2, 0.0)]
    assert state.number == 2
    first, second = seen.observer.report("Session").people
    assert (first.seen_s, first.estimate and first.estimate.age) == (1.0, 40.0)
    assert second.first_s - first.last_s < 2, "the time between two sources is nobody's"


def test_a_seek_ends_those_in_view_too(seen: Seen) -> None:
    seen.after(annotated(8.0, [person(1), person(2)]))
    seen.after(annotated(9.0, [person(1), person(2)]))
    state = seen.after(annotated(1.0, [person(1)], epoch=2))
    assert in_view(state) == [(3, 0.0)]
    assert len(seen.observer.report("Session").people) == 3


def test_who_goes_back_through_a_file_step_by_step_counts_nobody_twice(seen: Seen) -> None:
    seen.after(annotated(8.0, [person(1), person(2)]))
    seen.after(annotated(9.0, [person(1), person(2)]))
    for step in range(1, 11):
        state = seen.after(annotated(9.0 - 0.04 * step, [person(1), person(2)], epoch=1 + step))
    assert (len(state.in_view), state.number, sum(state.ages)) == (2, 4, 4)


def test_a_file_that_plays_again_shows_its_people_and_counts_nobody_anew(seen: Seen) -> None:
    seen.after(annotated(0.0, [person(1), person(2)]))
    seen.after(annotated(3.0, [person(1)]))
    for rounds in range(1, 4):  # after the cut back to its beginning tracks have other numbers
        people = [person(1), person(2 * rounds + 1, 20.0)]
        seen.after(annotated(4.0 * rounds, people, is_repeat=True))
        state = seen.after(annotated(4.0 * rounds + 2, people, is_repeat=True))
        assert in_view(state)[1] == (2 * rounds + 1, 2.0), "a row like any other"
        assert (state.number, sum(state.ages)) == (2, 2)
    assert [one.track_id for one in seen.observer.report("Session").people] == [1, 2]
    state = seen.after(annotated(15.0, [person(7, 20.0)]))  # a place that has not been played yet
    assert (state.number, sum(state.ages)) == (3, 3)
    seen.after(annotated(16.0, [person(8)], is_repeat=True))
    state = seen.after(annotated(17.0, [person(1)], epoch=2))
    assert state.number == 4, "who was shown again alone is forgotten"


def test_whose_faces_are_hidden_is_shown_and_reported_without_a_crop(seen: Seen) -> None:
    seen.after(annotated(0.0, [person(1)]))
    seen.observer.hide_faces(True)
    assert [one.crop_jpeg for one in seen.observer.state().in_view] == [b""]
    state = seen.after(annotated(0.5, [person(1)]))
    report = seen.observer.report("Session")
    assert [one.crop_jpeg for one in state.in_view] == [b""]
    assert ([one.crop_jpeg for one in report.people], report.hides_faces) == ([""], True)
    seen.observer.hide_faces(False)
    assert seen.after(annotated(1.0, [person(1)])).in_view[0].crop_jpeg


def test_memory_does_not_grow_with_the_number_of_people() -> None:
    seen = Seen(GatheringConfig(max_people=5))
    try:
        for number in range(1, 21):
            state = seen.after(annotated(float(number), [person(number, 30.0)]))
        report = seen.observer.report("Session")
    finally:
        seen.observer.stop()
    assert (state.number, sum(state.ages)) == (20, 20)
    assert (len(report.people), report.more_people) == (5, 15)


def test_states_come_four_times_a_second_at_most() -> None:
    states: list[PeopleState] = []
    done = threading.Event()
    now_s = [0.0]

    class Listener:
        """Is told of each frame, and has its time pass."""

        def observe(self, frame: Frame, _people: Sequence[Person]) -> None:
            now_s[0] += 0.04
            done.set()

    observer = PeopleObserver(
        lambda: states.append(observer.state()), listeners=[Listener()], clock=lambda: now_s[0]
    )
    observer.start()
    try:
        for number in range(25):
            done.clear()
            observer.show(annotated(0.04 * number, [person(1)]))
            wait_for(done.is_set, "the frame")
    finally:
        observer.stop()
    assert 3 <= len(states) <= 5
