"""Frames are searched when something may have changed, and tiles where it has."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection, Frame
from agecam.vision.changes import Box, Changes
from agecam.vision.frame_schedule import FrameScheduleConfig
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

    def detect(_pyramid: Pyramid, _rois: Sequence[Roi]) -> list[Detection]:
        return []

    return [
        index
        for index, one in enumerate(images)
        if search.search(detect, Frame(one, index / fps, index), known).detections is not None
    ]


@pytest.mark.parametrize(("fps", "interval"), [(30, 6), (25, 5), (10, 2), (5, 1), (1, 1)])
def test_a_still_scene_is_searched_five_times_a_second(fps: int, interval: int) -> None:
    assert searched_frames([image()] * 20, fps, [KNOWN]) == list(range(0, 20, interval))


def test_every_frame_is_searched_while_somebody_is_not_known() -> None:
    assert searched_frames([image()] * 10, 30, None) == list(range(10))


def test_a_newcomer_is_searched_for_within_a_tenth_of_a_second() -> None:
    images = [image(KNOWN)] * 7 + [image(KNOWN, (40, 200, 30, 40))] * 8
    searched = searched_frames(images, 30, [KNOWN])
    assert min(index for index in searched if index >= 7) <= 7 + 3


def test_that_known_people_move_changes_nothing() -> None:
    x, y, width, height = KNOWN
    images = [image((x + 2 * index, y + index, width, height)) for index in range(12)]
    assert len(searched_frames(images, 30, [KNOWN])) <= 2
    assert len(searched_frames(images, 30, [])) == 4


def changes(*patches: Box, known: Sequence[Box] = ()) -> Changes:
    return Changes(image(*patches)[::10, ::10, 0], SIZE_WH, known)


def test_a_change_is_seen_where_it_is() -> None:
    before = changes().thumbnail_gray
    after = changes((40, 200, 30, 40))
    assert after.since(before)
    assert after.since(before, (0, 180, 100, 100))
    assert not after.since(before, (200, 0, 100, 100))
    assert not changes().since(before)


def test_tiles_without_change_are_left_out_for_a_second() -> None:
    scheduler = TileScheduler(TileConfig(per_s=100, per_s_known=100, max_per_frame=20))
    tiles = scheduler.next_tiles(SIZE_WH, 0.0, changes())
    assert len(tiles) == 8
    assert scheduler.next_tiles(SIZE_WH, 0.5, changes()) == []
    x, y, side, _ = tiles[0]
    middle = (x + side / 3, y + side / 3, 20, 20)
    assert scheduler.next_tiles(SIZE_WH, 0.75, changes(middle)) == tiles[:1]
    assert len(scheduler.next_tiles(SIZE_WH, 1.0, changes(middle))) == 7


def test_fewer_tiles_are_searched_while_everybody_is_known() -> None:
    counts = []
    for are_known in (False, True):
        scheduler = TileScheduler()
        chosen = [scheduler.next_tiles(SIZE_WH, index / 25, are_known=are_known) for index in range(51)]
        counts.append(sum(map(len, chosen[1:])))
    assert counts == pytest.approx([32, 16], abs=1)
