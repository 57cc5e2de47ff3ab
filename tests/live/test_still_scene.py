"""A still scene: which frames are analysed, and what the others show."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.drawing.label_text import LabelStyle
from agecam.live.capture import SourceRequest
from agecam.live.pipeline import AnnotatedFrame
from agecam.live.session import Session
from agecam.live.still_scene import StillScene, StillSceneConfig
from agecam.messages import Analysis, Detection, Estimate, Frame, Person
from agecam.vision.boxes import intersection_over_smaller
from tests.live.helpers import FakeCamera, MakeSession, opening, wait_for

Image = NDArray[np.uint8]

FPS = 30
RESTED = FPS + 1
"""Frames after which nothing has changed for a second."""

FACE = (176.0, 67.0, 106.0, 106.0)
"""That of the astronaut."""

SOMEBODY = Person(
    1,
    Detection((300.0, 200.0, 100.0, 100.0), 0.9, np.zeros((4, 2), np.float32)),
    Estimate(34.0, 28.0, 41.0, 0.9),
    None,
)


def scene(seed: int = 0, size_wh: tuple[int, int] = (1280, 720)) -> Image:
    """Smooth shades, as a room has them, with the noise of a sensor."""
    width, height = size_wh
    random = np.random.default_rng(seed)
    shade = np.linspace(40, 200, width)[None, :, None] * np.linspace(0.5, 1, height)[:, None, None]
    return np.asarray(np.clip(shade + random.normal(0, 4, (height, width, 3)), 0, 255), np.uint8)


@pytest.fixture(scope="module")
def images() -> list[Image]:
    return [scene(seed) for seed in range(3)]


def changed(image: Image, at: tuple[int, int] = (1000, 500), side: int = 40) -> Image:
    """With something small that is not there in the others."""
    image = image.copy()
    image[at[1] : at[1] + side, at[0] : at[0] + side] = (
        255 - image[at[1] : at[1] + side, at[0] : at[0] + side]
    )
    return image


def analysed_frames(
    images: Sequence[Image],
    people: Callable[[int], tuple[Person, ...]] = lambda _index: (SOMEBODY,),
    *,
    is_still: bool = False,
    scene_number: Callable[[int], int] = lambda _index: 0,
    not_shown: list[int] | None = None,
) -> list[int]:
    """The numbers of the frames that were analysed, in that order."""
    still_scene, analysed = StillScene(), list[int]()
    for index, image in enumerate(images):
        frame = Frame(image, index / FPS, index, is_still=is_still)
        due = still_scene.due(frame)
        if not due and still_scene.is_overdue(frame):
            due = (frame,)
        analysed += [one.index for one in due]
        if due:
            analysis = Analysis(due[-1], people(index), {"detect": 1.0}, scene_number(index))
            if not still_scene.analysed(analysis) and not_shown is not None:
                not_shown.append(index)
    return analysed


def test_after_a_second_a_still_scene_is_analysed_twice_a_second_whatever_the_noise(
    images: list[Image],
) -> None:
    analysed = analysed_frames([images[index % 3] for index in range(4 * FPS)])
    assert analysed[:RESTED] == list(range(RESTED))
    assert np.diff(analysed[RESTED:]).tolist() == [FPS // 2] * len(analysed[RESTED + 1 :])
    assert len(analysed[RESTED:]) >= 4


def test_an_empty_room_is_a_still_scene(images: list[Image]) -> None:
    analysed = analysed_frames([images[index % 3] for index in range(2 * FPS)], lambda _index: ())
    assert len(analysed) < RESTED + 4


def test_what_changes_is_analysed_in_that_very_frame_after_the_one_before(images: list[Image]) -> None:
    shown = [images[index % 3] for index in range(3 * FPS)]
    at = RESTED + 10
    shown[at:] = [changed(image) for image in shown[at:]]
    analysed = analysed_frames(shown)
    assert at - 2 not in analysed
    assert analysed[RESTED : RESTED + FPS + 1] == list(range(at - 1, at + FPS)), (
        "and then every one for a while"
    )


def test_what_is_tentative_again_and_again_keeps_nobody_busy_for_long(images: list[Image]) -> None:
    false_face = replace(SOMEBODY, confirmed=False)
    analysed = analysed_frames(
        [images[index % 3] for index in range(5 * FPS)],
        lambda index: (SOMEBODY, replace(false_face, track_id=2 + index // 10)),
    )
    assert analysed[: 3 * FPS + 1] == list(range(3 * FPS + 1))
    assert len(analysed) < 3 * FPS + 6


def test_who_is_found_where_nothing_changes_is_searched_for_in_the_next_frames_but_not_for_ever(
    images: list[Image],
) -> None:
    found, config = 3 * FPS, StillSceneConfig()
    somebody_new = replace(SOMEBODY, track_id=2, confirmed=False)
    analysed = analysed_frames(
        [images[index % 3] for index in range(12 * FPS)],
        lambda index: (SOMEBODY, somebody_new) if index >= found else (SOMEBODY,),
    )
    first = min(index for index in analysed if index >= found)
    search = round(config.search_s * FPS)
    assert set(range(first, first + search)) <= set(analysed)
    after = [index for index in analysed if first + search < index < first + config.search_every_s * FPS]
    assert len(after) <= 2 * config.search_every_s
    again = [index for index in analysed if index >= first + config.search_every_s * FPS]
    assert again[:search] == list(range(again[0], again[0] + search))


def test_nobody_at_rest_goes_for_a_moment_while_nothing_changes(images: list[Image]) -> None:
    shown = [images[index % 3] for index in range(3 * FPS)]
    missed = FPS + FPS // 2
    not_shown: list[int] = []
    analysed = analysed_frames(
        shown, lambda index: () if missed <= index < missed + 3 else (SOMEBODY,), not_shown=not_shown
    )
    assert not_shown == [missed, missed + 1, missed + 2]
    assert analysed[RESTED:][:5] == [missed, missed + 1, missed + 2, missed + 3, missed + 3 + FPS // 2]

    not_shown.clear()
    analysed_frames(shown, lambda index: () if index >= missed else (SOMEBODY,), not_shown=not_shown)
    assert 8 <= len(not_shown) <= 10, "and then he is gone"

    not_shown.clear()
    shown[missed:] = [changed(image) for image in shown[missed:]]
    analysed_frames(shown, lambda index: () if index >= missed else (SOMEBODY,), not_shown=not_shown)
    assert not not_shown, "he has left"


@pytest.mark.parametrize(
    "people",
    [
        lambda index: (SOMEBODY, replace(SOMEBODY, track_id=2 + index // 4, confirmed=False)),
        lambda _index: (replace(SOMEBODY, estimate=None),),
        lambda index: (replace(SOMEBODY, face=replace(SOMEBODY.face, box=(300.0 + index, 200, 100, 100))),),
        lambda index: (replace(SOMEBODY, track_id=1 + index // 8),),
        lambda index: (SOMEBODY,) * (1 + index // 8 % 2),
    ],
    ids=["tentative", "no estimate", "walks", "another", "comes and goes"],
)
def test_every_frame_is_analysed_while_people_are_not_at_rest(
    images: list[Image], people: Callable[[int], tuple[Person, ...]]
) -> None:
    shown = [images[index % 3] for index in range(2 * FPS)]
    assert analysed_frames(shown, people) == list(range(2 * FPS))


def test_photographs_and_shots_are_analysed_as_they_come(images: list[Image]) -> None:
    shown = [images[index % 3] for index in range(2 * FPS)]
    assert analysed_frames(shown, is_still=True) == list(range(2 * FPS))
    assert analysed_frames(shown, scene_number=lambda index: index // 10) == list(range(2 * FPS))


def test_frames_of_another_size_are_analysed(images: list[Image]) -> None:
    small = scene(0, (640, 360))
    analysed = analysed_frames([*(images[index % 3] for index in range(RESTED + 5)), *[small] * 5])
    assert analysed[RESTED:] == list(range(RESTED + 4, RESTED + 10))


def test_a_reset_begins_anew(images: list[Image]) -> None:
    still_scene = StillScene()
    for index in range(RESTED + 5):
        for frame in still_scene.due(Frame(images[index % 3], index / FPS, index)):
            still_scene.analysed(Analysis(frame, (SOMEBODY,)))
    still_scene.reset()
    first = Frame(images[0], 0.0, 0)
    assert still_scene.due(first) == (first,)


def _is_another(session: Session, before: AnnotatedFrame | None) -> bool:
    return session.latest() is not before


def is_repeated(session: Session) -> bool:
    """Whether the frame that is shown was not analysed itself."""
    latest = session.latest()
    return latest is not None and set(latest.analysis.stages_ms) == {"draw"}


def test_a_camera_that_sees_nothing_new_goes_on_with_its_labels_and_a_table_has_every_frame(
    make_session: MakeSession, astronaut_bgr: Image, tmp_path: Path
) -> None:
    session = make_session(opener=opening(FakeCamera(astronaut_bgr)))
    session.show(SourceRequest("camera"))
    wait_for(lambda: is_repeated(session), "a frame that is not analysed")
    latest = session.latest()
    assert latest is not None
    assert latest.preview is not None
    assert len(latest.preview.overlay.plates) == len(latest.people) == 1
    assert latest.analysis.people[0].estimate is not None
    assert latest.analysis.people[0].raw is None
    session.start_csv(tmp_path / "out.csv")
    wait_for(lambda: session.table.sinks() and not is_repeated(session), "a frame for the table")
    seen = []
    for _ in range(10):
        before = session.latest()
        wait_for(partial(_is_another, session, before), "the next frame")
        seen.append(is_repeated(session))
    assert not any(seen)


def test_where_faces_are_covered_and_in_what_is_counted_every_frame_has_its_own_analysis(
    make_session: MakeSession, astronaut_bgr: Image
) -> None:
    session = make_session(opener=opening(FakeCamera(astronaut_bgr)))
    session.show(SourceRequest("camera"))
    wait_for(lambda: is_repeated(session), "a frame that is not analysed")
    wait_for(lambda: session.statistics().fps_analysed < 10, "a rate that tells it")
    session.set_style(LabelStyle(blur=True))
    wait_for(lambda: _is_covered(session), "a covered face")
    for _ in range(10):
        before = session.latest()
        wait_for(partial(_is_another, session, before), "the next frame")
        assert _is_covered(session)
        assert not is_repeated(session)


def _is_covered(session: Session) -> bool:
    latest = session.latest()
    return (
        latest is not None
        and latest.preview is not None
        and any(intersection_over_smaller(box, FACE) > 0.8 for box in latest.preview.overlay.covered)
    )
