"""Which tiles are searched: those with a place that no sure face explains, and few of them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.vision.pyramid import tiles
from agecam.vision.tile_selection import Seen, fewest_tiles, open_places, sure_detections, tiles_at

SIZE_WH = (1000, 800)
TILES = tiles(SIZE_WH, 250, 0.6)


def places(*xyw: tuple[float, float, float]) -> NDArray[np.float32]:
    return np.array([(*one, 0.2) for one in xyw], np.float32).reshape(-1, 4)


def seen(box: tuple[float, float, float, float], score: float = 0.9, share: float = 0.2) -> Seen:
    return Seen(Detection(box, score, np.zeros((4, 2), np.float32)), share)


@pytest.mark.parametrize(
    ("place", "is_open"),
    [
        ((150, 150, 90), False),  # the face itself
        ((160, 140, 60), False),
        ((150, 150, 40), True),  # something in the face that is smaller than it
        ((220, 150, 90), True),  # its neighbour
    ],
)
def test_a_place_is_open_where_no_face_is_known(place: tuple[float, float, float], is_open: bool) -> None:
    face = seen((100, 100, 100, 100)).detection
    assert len(open_places(places(place), [face])) == is_open
    assert len(open_places(places(place), [])) == 1


def test_a_detection_of_a_low_score_or_that_was_seen_small_is_not_sure() -> None:
    box = (100, 100, 100, 100)
    sure = seen(box, score=0.6, share=0.1)
    others = [seen(box, score=0.5), seen(box, share=0.05)]
    assert sure_detections([sure, *others], score=0.6, share=0.1) == [sure.detection]


def test_few_tiles_hold_each_place_whole_with_a_margin() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, SIZE_WH, (30, 2)).T
    wanted = places(*((x, y, 40) for x, y in zip(x, y, strict=True)))
    chosen = fewest_tiles(TILES, wanted, SIZE_WH, margin=1.5)
    for x, y, _, _ in wanted:
        assert any(
            left <= max(0, x - 30)
            and top <= max(0, y - 30)
            and left + width >= min(SIZE_WH[0], x + 30)
            and top + height >= min(SIZE_WH[1], y + 30)
            for left, top, width, height in chosen
        )
    assert len(set(chosen)) == len(chosen) < len(tiles_at(TILES, wanted))


def test_a_place_that_no_tile_holds_is_left_to_one_with_its_centre() -> None:
    (left, top, width, height), *others = fewest_tiles(TILES, places((500, 400, 240)), SIZE_WH, margin=1.5)
    assert left <= 500 < left + width
    assert top <= 400 < top + height
    assert others == []


def test_all_tiles_with_a_centre_are_there_where_all_are_asked_for() -> None:
    x, y = 500, 400
    assert tiles_at(TILES, places((x, y, 40))) == [
        one for one in TILES if one[0] <= x < one[0] + one[2] and one[1] <= y < one[1] + one[3]
    ]


def test_without_places_or_tiles_none_is_chosen() -> None:
    assert fewest_tiles(TILES, places(), SIZE_WH, margin=1.5) == tiles_at(TILES, places()) == []
    assert fewest_tiles([], places((500, 400, 40)), SIZE_WH, margin=1.5) == []
    assert tiles_at([], places((500, 400, 40))) == []
