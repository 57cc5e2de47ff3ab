"""Tiles reach every corner, ROIs keep up with known faces, and neither costs more than its share."""

import numpy as np
import pytest

from agecam.messages import Detection
from agecam.vision.rois import ExpectedFace, RoiConfig, RoiScheduler, TileConfig, TileScheduler, TokenBucket

SIZE_WH = (1280, 720)


def face_at(x: float, y: float, side: float = 30.0) -> Detection:
    return Detection((x, y, side, side), 0.8, np.zeros((4, 2), np.float32))


def missed(*faces: Detection, for_s: float = 0.04) -> list[ExpectedFace]:
    return [ExpectedFace(number, face, for_s) for number, face in enumerate(faces, 1)]


def test_a_bucket_holds_no_more_than_its_capacity() -> None:
    bucket = TokenBucket(2)
    bucket.refill(0.0, 4)
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    bucket.refill(0.25, 4)
    assert [bucket.take() for _ in range(2)] == [True, False]
    bucket.refill(0.375, 4)
    assert not bucket.take()
    bucket.refill(0.5, 4)
    assert bucket.take()


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_tiles_come_at_the_same_rate_whatever_the_frame_rate(fps: int) -> None:
    scheduler = TileScheduler()
    tiles = sum(len(scheduler.next_tiles(SIZE_WH, index / fps)) for index in range(4 * fps))
    assert 4 * 14 < tiles < 4 * 18


def test_every_part_of_the_frame_is_tiled_within_half_a_second() -> None:
    scheduler = TileScheduler()
    covered = np.zeros(SIZE_WH[::-1], bool)
    for index in range(13):
        for x, y, width, height in scheduler.next_tiles(SIZE_WH, index / 25):
            assert x >= 0
            assert y >= 0
            assert x + width <= SIZE_WH[0]
            assert y + height <= SIZE_WH[1]
            covered[y : y + height, x : x + width] = True
    assert covered.all()


def test_a_tiny_frame_has_no_tiles() -> None:
    assert TileScheduler().next_tiles((100, 80), 0.0) == []


def test_tiles_begin_anew_with_another_frame_size_and_after_a_reset() -> None:
    scheduler = TileScheduler(TileConfig(max_per_frame=1))
    first = scheduler.next_tiles(SIZE_WH, 0.0)
    assert first == [(0, 0, 426, 426)]
    assert scheduler.next_tiles(SIZE_WH, 1.0) != first
    assert scheduler.next_tiles((640, 360), 2.0) == [(0, 0, 213, 213)]
    scheduler.reset()
    assert scheduler.next_tiles(SIZE_WH, 0.0) == first


def test_a_far_face_that_is_missed_gets_rois() -> None:
    scheduler = RoiScheduler()
    far = face_at(1240, 5)
    rois = [roi for i in range(25) for roi in scheduler.schedule(SIZE_WH, missed(far), [], i / 25).rois]
    assert 12 < len(rois) < 22
    for x, y, width, height in rois:
        assert x <= 1240
        assert y <= 5
        assert x + width <= 1280
        assert height == width < 200


def test_a_face_that_is_detected_costs_no_roi() -> None:
    scheduler = RoiScheduler()
    face = face_at(400, 200, 60)
    assert not any(scheduler.schedule(SIZE_WH, missed(face), [face], index / 25).rois for index in range(25))


def test_one_roi_serves_all_faces_inside_it() -> None:
    pair = [face_at(400, 300), face_at(440, 310)]
    assert RoiScheduler().schedule(SIZE_WH, missed(*pair), [], 0.0).rois == [(340, 240, 150, 150)]


def test_a_missed_face_that_is_alone_gets_an_roi_of_the_short_range_network_first() -> None:
    scheduler, face = RoiScheduler(), face_at(400, 300, 60)
    request = scheduler.schedule(SIZE_WH, missed(face), [], 0.0)
    assert (request.rois, request.near_rois) == ([], [(355, 255, 150, 150)])
    not_found = scheduler.schedule(SIZE_WH, missed(face, for_s=0.08), [], 0.04)
    assert (not_found.rois, not_found.near_rois) == ([(280, 180, 300, 300)], [])
    found_since = scheduler.schedule(SIZE_WH, missed(face, for_s=0.04), [], 0.08)
    assert (found_since.rois, found_since.near_rois) == ([], [(355, 255, 150, 150)])


@pytest.mark.parametrize("is_missed", [True, False])
def test_where_somebody_else_is_near_the_full_range_network_searches(is_missed: bool) -> None:
    pair = [face_at(400, 300, 60), face_at(490, 310, 60)]
    expected, detections = (missed(*pair), []) if is_missed else (missed(pair[0]), pair[1:])
    request = RoiScheduler().schedule(SIZE_WH, expected, detections, 0.0)
    assert (request.rois, request.near_rois) == ([(280, 180, 300, 300)], [])


@pytest.mark.parametrize(("alone", "expected"), [(1, (1, 0)), (2, (2, 0)), (3, (0, 3)), (4, (0, 4))])
def test_while_somebody_is_in_doubt_the_full_range_network_searches_for_fewer_than_a_mosaic_holds(
    alone: int, expected: tuple[int, int]
) -> None:
    far_apart = [face_at(100 + 300 * n, 300, 60) for n in range(alone)]
    request = RoiScheduler().schedule(SIZE_WH, missed(*far_apart), [], 0.0, are_known=False)
    assert (len(request.rois), len(request.near_rois)) == expected


def test_who_is_near_somebody_makes_no_mosaic_of_two_others() -> None:
    people = [
        *(face_at(200 + 400 * n, 400, 60) for n in range(2)),
        face_at(1000, 300, 60),
        face_at(1090, 300, 60),
    ]
    request = RoiScheduler().schedule(SIZE_WH, missed(*people), [], 0.0, are_known=False)
    assert (len(request.rois), len(request.near_rois)) == (2, 0)


def test_up_to_four_rois_of_the_short_range_network_count_for_one() -> None:
    scheduler = RoiScheduler(RoiConfig(max_per_frame=1))
    row = [face_at(200 * n, 300, 60) for n in range(1, 6)]
    request = scheduler.schedule(SIZE_WH, missed(*row), [], 0.0)
    assert (len(request.rois), len(request.near_rois)) == (0, 4)
    again = scheduler.schedule(SIZE_WH, missed(*row), [], 0.01)
    assert (again.rois, again.near_rois) == ([], [])


def test_who_needs_a_run_of_their_own_leaves_room_in_a_mosaic_to_those_after_them() -> None:
    people = [face_at(200, 300, 60), face_at(600, 300, 60), face_at(690, 310, 60), face_at(1000, 300, 60)]
    request = RoiScheduler(RoiConfig(max_per_frame=1)).schedule(SIZE_WH, missed(*people), [], 0.0)
    assert (len(request.rois), len(request.near_rois)) == (0, 2)


def test_who_has_been_missing_for_a_while_gets_an_roi_a_few_times_a_second() -> None:
    scheduler = RoiScheduler()
    hidden, just_missed = face_at(400, 300), ExpectedFace(2, face_at(900, 300), 0.04)
    rois = [
        len(scheduler.schedule(SIZE_WH, missed(hidden, for_s=0.2 + index / 25), [], index / 25).rois)
        for index in range(26)
    ]
    assert sum(rois) == 4
    assert rois[0] == rois[7] == 1
    both = [*missed(hidden, for_s=1.2), just_missed]
    assert scheduler.schedule(SIZE_WH, both, [], 1.08).rois == [(840, 240, 150, 150)]


def test_a_crowd_gets_no_more_rois_than_there_is_time_for() -> None:
    scheduler = RoiScheduler()
    crowd = [face_at(40 * n, 20 * n) for n in range(25)]
    counts = [len(scheduler.schedule(SIZE_WH, missed(*crowd), [], index / 25).rois) for index in range(50)]
    assert max(counts) == 2
    assert 30 < sum(counts) < 40


def test_the_short_range_network_runs_now_and_then_and_at_once_where_a_near_face_is_missed() -> None:
    scheduler = RoiScheduler()
    near, far = missed(face_at(300, 200, 300)), missed(face_at(300, 200, 60))
    times_s = [index / 25 for index in range(25)]
    found = [near[0].face]
    assert 4 <= sum(scheduler.schedule(SIZE_WH, near, found, time_s).short_range for time_s in times_s) <= 6
    assert 4 <= sum(scheduler.schedule(SIZE_WH, far, [], 2 + time_s).short_range for time_s in times_s) <= 6
    assert all(scheduler.schedule(SIZE_WH, near, [], 4 + time_s).short_range for time_s in times_s)


def test_the_short_range_network_runs_once_a_second_in_a_still_scene_unless_a_near_face_is_missed() -> None:
    scheduler, near = RoiScheduler(), missed(face_at(300, 200, 300))
    times_s = [index / 25 for index in range(75)]

    def runs(from_s: float, found: list[Detection]) -> int:
        return sum(
            scheduler.schedule(SIZE_WH, near, found, from_s + time_s, is_still=True).short_range
            for time_s in times_s
        )

    assert runs(0, [near[0].face]) == 3
    assert runs(3, []) == 75


def test_the_pause_of_the_configuration_is_used() -> None:
    scheduler = RoiScheduler(RoiConfig(short_range_every_s=0.5))
    runs = [index / 4 for index in range(9) if scheduler.schedule(SIZE_WH, [], [], index / 4).short_range]
    assert runs == [0.0, 0.5, 1.0, 1.5, 2.0]
