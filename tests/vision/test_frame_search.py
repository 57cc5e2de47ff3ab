"""Frames are searched when something may have changed, and tiles where it has."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agecam.messages import Frame
from agecam.vision.changes import Box, Changes
from agecam.vision.detector import FrameDetections
from agecam.vision.frame_schedule import FrameSchedule, FrameScheduleConfig
from agecam.vision.frame_search import FrameSearch
from agecam.vision.pyramid import Pyramid, Roi
from agecam.vision.rois import TileConfig, TileScheduler

SIZE_WH = (640, 360)
KNOWN: Box = (300.0, 60.0, 60.0, 60.0)


def image(*patches: Box) -> NDArray[np.uint8]:
    """Gray, with white patches xywh."""
    made = np.full((SIZE_WH[1], SIZE_WH[0], 3), 90, np.uint8)
    for x, y, width, height in patches:
        made[int(y) : int(y + height), int(x) : int(x + width)] = 255
    return made


def searched_frames(
    images: Sequence[NDArray[np.uint8]], fps: float, known: Sequence[Box] | None
) -> list[int]:
    """Which frames a search runs detection on; the people ``known`` are the same in all."""
    search = FrameSearch(FrameScheduleConfig(), TileConfig())

    def detect(pyramid: Pyramid, rois: Callable[[], Sequence[Roi]], *, whole: bool = True) -> FrameDetections:
        rois()
        return FrameDetections([])

    return [
        index
        for index, one in enumerate(images)
        if search.search(detect, Frame(one, index / fps, index), lambda: known).detections is not None
    ]


@pytest.mark.parametrize(
    ("fps", "moving", "still"), [(30, 2, 6), (25, 2, 5), (10, 1, 2), (5, 1, 1), (1, 1, 1)]
)
def test_a_scene_that_has_been_still_for_a_second_is_searched_five_times_a_second(
    fps: int, moving: int, still: int
) -> None:
    searched = searched_frames([image()] * (fps + 21), fps, [KNOWN])
    assert set(np.diff([index for index in searched if index <= fps])) == {moving}
    assert set(np.diff([index for index in searched if index >= fps])) == {still}


def test_every_frame_is_searched_while_somebody_is_not_known() -> None:
    assert searched_frames([image()] * 40, 30, None) == list(range(40))


def test_a_newcomer_in_a_still_scene_has_every_second_frame_searched_for_a_second() -> None:
    images = [image(KNOWN)] * 37 + [image(KNOWN, (40, 200, 30, 40))] * 35
    searched = searched_frames(images, 30, [KNOWN])
    assert searched[-1] > 37 + 30
    after = [index for index in searched if 37 <= index <= 37 + 30]
    assert after[0] <= 38
    assert set(np.diff(after)) == {2}


def test_that_known_people_move_changes_nothing() -> None:
    x, y, width, height = KNOWN
    images = [image((x + index / 2, y + index / 2, width, height)) for index in range(60)]
    assert len(searched_frames(images, 30, [KNOWN])) <= 20 + 2
    assert len(searched_frames(images, 30, [])) == 30


@pytest.mark.parametrize(("moving", "first"), [(True, ["detected", "asked"]), (False, ["asked"])])
def test_what_does_not_depend_on_who_is_known_is_searched_before_that_is_asked_for(
    moving: bool, first: list[str]
) -> None:
    """So it need not be waited for. In a still scene it decides whether the frame is searched at all."""
    search, done = FrameSearch(FrameScheduleConfig(), TileConfig()), list[str]()

    def known() -> list[Box]:
        done.append("asked")
        return []

    def detect(pyramid: Pyramid, rois: Callable[[], Sequence[Roi]], *, whole: bool = True) -> FrameDetections:
        if whole:
            done.append("detected")
        rois()
        return FrameDetections([])

    images = [image((2 * index, 40, 60, 60)) if moving else image() for index in range(61)]
    for index, one in enumerate(images):
        done.clear()
        search.search(detect, Frame(one, index / 30, index), known)
    assert done == first


@given(
    steps=st.lists(st.tuples(st.sampled_from((0.033, 0.04, 0.2)), st.booleans(), st.booleans()), max_size=80)
)
def test_a_frame_that_is_surely_due_is_due_whoever_is_known(steps: list[tuple[float, bool, bool]]) -> None:
    schedule, time_s = FrameSchedule(FrameScheduleConfig()), 0.0
    for step_s, changed, are_known in steps:
        time_s += step_s
        is_sure = schedule.is_surely_due(time_s)
        thumbnails = changes((40, 200, 30, 40)) if changed else changes()
        assert schedule.is_due(thumbnails, time_s, are_known=are_known) or not is_sure


@pytest.mark.parametrize("fps", [30, 15, 10, 7, 5])
def test_tiles_of_a_still_scene_are_searched_in_frames_between_searches_where_there_are_any(fps: int) -> None:
    """Else those frames would take twice as long as all others."""
    search, runs = FrameSearch(FrameScheduleConfig(), TileConfig()), list[tuple[bool, int]]()

    def detect(pyramid: Pyramid, rois: Callable[[], Sequence[Roi]], *, whole: bool = True) -> FrameDetections:
        runs.append((whole, len(rois())))
        return FrameDetections([])

    for index in range(8 * fps):
        if index == 4 * fps:
            runs.clear()
        search.search(detect, Frame(image(), index / fps, index), lambda: [KNOWN])
    tiles = sum(count for _, count in runs)
    assert 7 <= tiles <= 9, "all eight every four seconds"
    if fps == 30:
        assert {one for one in runs if one[0]} == {(True, 0)}
        assert {one for one in runs if not one[0]} == {(False, 1)}
    if fps == 5:
        assert all(whole for whole, _ in runs)


def changes(*patches: Box, known: Sequence[Box] = ()) -> Changes:
    return Changes(image(*patches)[::10, ::10, 0], SIZE_WH, known)


@pytest.mark.parametrize(("levels", "is_seen"), [(10, False), (11, True), (-10, False), (-11, True)])
def test_a_change_is_one_of_more_than_ten_levels_away_from_who_is_known(levels: int, is_seen: bool) -> None:
    before = np.full((36, 64), 100, np.uint8)
    after = before.copy()
    after[20, 30] = 100 + levels
    assert Changes(after, SIZE_WH, ()).since(before) == is_seen
    assert not Changes(after, SIZE_WH, [(0, 0, *SIZE_WH)]).since(before)


def test_a_change_is_seen_where_it_is() -> None:
    before = changes().thumbnail_gray
    after = changes((40, 200, 30, 40))
    assert after.since(before)
    assert after.since(before, (0, 180, 100, 100))
    assert not after.since(before, (200, 0, 100, 100))
    assert not changes().since(before)


def test_tiles_of_a_still_scene_are_left_out_for_four_seconds_without_change() -> None:
    scheduler = TileScheduler(TileConfig(per_s=100, max_per_frame=20))
    tiles = scheduler.next_tiles(SIZE_WH, 0.0, changes(), is_still=True)
    assert len(tiles) == 8
    assert scheduler.next_tiles(SIZE_WH, 0.25, changes(), is_still=True) == []
    x, y, side, _ = tiles[0]
    middle = (x + side / 3, y + side / 3, 20, 20)
    assert scheduler.next_tiles(SIZE_WH, 0.5, changes(middle), is_still=True) == tiles[:1]
    assert scheduler.next_tiles(SIZE_WH, 1.0, changes(middle), is_still=True) == []
    assert len(scheduler.next_tiles(SIZE_WH, 4.0, changes(middle), is_still=True)) == 7
    assert len(scheduler.next_tiles(SIZE_WH, 5.25, changes(middle))) == 8


def test_tiles_without_a_place_for_a_face_are_searched_once_a_second_and_others_twice() -> None:
    scheduler = TileScheduler(TileConfig(per_s=100, max_per_frame=20))
    nowhere = np.empty((0, 4), np.float32)
    tiles = scheduler.next_tiles(SIZE_WH, 0.0, changes())
    x, y, side, _ = tiles[0]
    in_first = np.array([(x + side / 3, y + side / 3, 20, 0.1)], np.float32)
    assert scheduler.next_tiles(SIZE_WH, 0.4, changes(), in_first) == []
    assert scheduler.next_tiles(SIZE_WH, 0.5, changes(), nowhere) == []
    assert scheduler.next_tiles(SIZE_WH, 0.52, changes(), in_first) == tiles[:1]
    assert len(scheduler.next_tiles(SIZE_WH, 1.0, changes(), nowhere)) == 7
    assert len(scheduler.next_tiles(SIZE_WH, 1.04, changes())) == 8


def test_after_a_cut_all_tiles_are_searched_within_half_a_second() -> None:
    search, searched = FrameSearch(FrameScheduleConfig(), TileConfig()), dict[int, list[Roi]]()
    shots = image((0, 0, 300, 360)), image((300, 0, 340, 360))
    for index in range(63):
        tiles = searched[index] = []

        def detect(
            pyramid: Pyramid,
            rois: Callable[[], Sequence[Roi]],
            *,
            whole: bool = True,
            tiles: list[Roi] = tiles,
        ) -> FrameDetections:
            tiles.extend(rois())
            return FrameDetections([])

        search.search(detect, Frame(shots[index >= 30], index / 25, index), lambda: None)
    assert len({tile for index in range(30, 43) for tile in searched[index]}) == 8
    assert sum(len(searched[index]) for index in range(43, 55)) == 0


@pytest.mark.parametrize(("are_known", "expected"), [(False, 32), (True, 20)])
def test_fewer_tiles_are_searched_while_everybody_is_known(are_known: bool, expected: int) -> None:
    scheduler = TileScheduler()
    scheduler.next_tiles(SIZE_WH, 0.0)
    searched = [len(scheduler.next_tiles(SIZE_WH, i / 25, are_known=are_known)) for i in range(1, 51)]
    assert sum(searched) == pytest.approx(expected, abs=2)


@pytest.mark.parametrize(("known", "expected"), [(None, 80), ([], 80), ([KNOWN], 50)])
def test_fewer_tiles_are_searched_where_somebody_is_there_and_everybody_is_known(
    known: list[Box] | None, expected: int
) -> None:
    search, tiles = FrameSearch(FrameScheduleConfig(), TileConfig()), list[Roi]()
    places = [(x, y, 20, 0.1) for x in range(20, 640, 40) for y in range(20, 360, 40)]

    def detect(pyramid: Pyramid, rois: Callable[[], Sequence[Roi]], *, whole: bool = True) -> FrameDetections:
        tiles.extend(rois())
        return FrameDetections([], np.array(places, np.float32))

    for index in range(125):
        moving = image((4 * index, 40, 60, 60))
        search.search(detect, Frame(moving, index / 25, index), lambda: known)
    assert len(tiles) == pytest.approx(expected, abs=4)
