"""A new shot is seen in its first frame; flashes, pans, hands and exposure are none."""

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.changes import Changes
from agecam.vision.scene_cut import Scene, SceneConfig, SceneTracker, thumbnail

Image = NDArray[np.uint8]
FPS = 25


@pytest.fixture
def first(astronaut_bgr: Image) -> Image:
    return np.asarray(cv2.resize(astronaut_bgr[0:288], (320, 180)), np.uint8)


@pytest.fixture
def second(hopper_bgr: Image) -> Image:
    return np.asarray(cv2.resize(hopper_bgr[100:434, :], (320, 180)), np.uint8)


def noisy(image_bgr: Image, index: int) -> Image:
    """A frame of a camera: what it shows sways by a few pixels, under sensor noise."""
    shift = np.array([[1, 0, 2 * np.sin(index / 3)], [0, 1, 1.5 * np.cos(index / 4)]])
    moved = cv2.warpAffine(image_bgr, shift, image_bgr.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    noise = np.random.default_rng(index).normal(0, 3, image_bgr.shape)
    return np.asarray(np.clip(moved + noise, 0, 255), np.uint8)


def shot(image_bgr: Image, frames: int) -> list[Image]:
    return [noisy(image_bgr, index) for index in range(frames)]


def scenes(frames: Iterable[Image], fps: float = FPS) -> list[Scene]:
    tracker = SceneTracker()
    return [tracker.update(thumbnail(one), index / fps) for index, one in enumerate(frames)]


def numbers(frames: Iterable[Image], fps: float = FPS) -> list[int]:
    return [scene.number for scene in scenes(frames, fps)]


def scaled(image_bgr: Image, gain: float, lift: float = 0.0) -> Image:
    return np.asarray(np.clip(image_bgr * gain + lift, 0, 255), np.uint8)


def test_a_thumbnail_is_small_and_gray(first: Image) -> None:
    small = thumbnail(first)
    assert small.shape == (36, 64)
    assert small.dtype == np.uint8
    expected = cv2.resize(cv2.cvtColor(first, cv2.COLOR_BGR2GRAY), (64, 36), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - expected).mean() < 4


def test_a_hard_cut_is_another_scene_in_its_first_frame(first: Image, second: Image) -> None:
    assert numbers(shot(first, 10) + shot(second, 10)) == [0] * 10 + [1] * 10


def test_two_heads_before_one_wall_are_two_scenes(first: Image, second: Image) -> None:
    """A head is a sixth of the frame, and all else stays."""
    wall = np.full((180, 320, 3), (120, 130, 110), np.uint8)
    one, other = wall.copy(), wall.copy()
    one[60:180, 110:210] = cv2.resize(first[:, 70:220], (100, 120))
    other[60:180, 110:210] = cv2.resize(second[:, 70:220], (100, 120))
    assert numbers(shot(one, 8) + shot(other, 8)) == [0] * 8 + [1] * 8


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_a_cut_is_found_at_any_frame_rate(first: Image, second: Image, fps: float) -> None:
    assert numbers(shot(first, 6) + shot(second, 6), fps) == [0] * 6 + [1] * 6


def test_ten_black_frames_between_are_blank_and_then_comes_another_scene(first: Image, second: Image) -> None:
    black = [np.zeros_like(first)] * 10
    seen = scenes(shot(first, 10) + black + shot(second, 10))
    assert [one.is_blank for one in seen] == [False] * 10 + [True] * 10 + [False] * 10
    assert [one.number for one in seen] == [0] * 20 + [1] * 10


def test_black_frames_within_a_shot_are_no_cut(first: Image) -> None:
    assert set(numbers(shot(first, 10) + [np.zeros_like(first)] * 10 + shot(first, 10))) == {0}


def test_a_fade_through_black_is_another_scene_once_something_shows(first: Image, second: Image) -> None:
    out = [scaled(noisy(first, index), 1 - (index + 1) / 6) for index in range(6)]
    into = [scaled(noisy(second, index), (index + 1) / 6) for index in range(6)]
    seen = numbers(shot(first, 10) + out + into + shot(second, 10))
    assert seen[:16] == [0] * 16
    assert seen[17:] == [1] * (len(seen) - 17)


def test_a_dissolve_is_another_scene_by_three_quarters_and_mixed_until_it_ends(
    first: Image, second: Image
) -> None:
    dissolve = [
        np.clip((1 - p) * noisy(first, i) + p * noisy(second, i), 0, 255).astype(np.uint8)
        for i, p in enumerate(np.linspace(0, 1, 14)[1:-1])
    ]
    seen = scenes(shot(first, 20) + dissolve + shot(second, 30))
    change = next(index for index, one in enumerate(seen) if one.number)
    assert 22 <= change <= 29
    assert {one.number for one in seen[change:]} == {1}
    assert all(one.is_mixed for one in seen[change:29])
    assert not any(one.is_mixed for one in seen[:change] + seen[36:])


def test_a_flash_changes_the_light_and_no_scene(first: Image) -> None:
    flashed = [scaled(noisy(first, 10), 1.6, 50), scaled(noisy(first, 11), 1.3, 20)]
    seen = scenes(shot(first, 10) + flashed + shot(first, 10))
    assert {one.number for one in seen} == {0}
    assert seen[10].is_relit
    assert not any(one.is_relit for one in seen[14:])


def test_a_flash_that_burns_most_of_the_image_out_is_no_cut(first: Image) -> None:
    flashed = [scaled(noisy(first, 10), 1.6, 190), scaled(noisy(first, 11), 1.6, 190)]
    seen = scenes(shot(first, 10) + flashed + shot(first, 10))
    assert {scene.number for scene in seen} == {0}


def test_a_flash_that_blinds_the_camera_is_no_cut(first: Image) -> None:
    assert set(numbers(shot(first, 10) + [np.full_like(first, 255)] * 2 + shot(first, 10))) == {0}


def test_exposure_that_adapts_is_no_cut(first: Image) -> None:
    gains = [*np.linspace(1, 0.45, 8), *np.linspace(0.45, 1.2, 8)]
    assert set(numbers(scaled(noisy(first, i), gain) for i, gain in enumerate(gains))) == {0}


def test_a_pan_is_no_cut(astronaut_bgr: Image) -> None:
    wide = np.asarray(cv2.resize(astronaut_bgr, (700, 350)), np.uint8)
    # A sixth of the frame's width in 0.1 s, across more than its whole width.
    frames = [wide[50:230, left : left + 320] for left in range(0, 380, 20)]
    assert set(numbers(frames)) == {0}


def test_a_hand_over_the_lens_is_the_same_scene_once_it_is_gone(first: Image) -> None:
    rng = np.random.default_rng(2)
    hand = cv2.GaussianBlur(rng.normal(0, 900, first.shape), (0, 0), 20) + np.array((60, 80, 130))
    covered = [np.clip(hand + rng.normal(0, 3, first.shape), 0, 255).astype(np.uint8) for _ in range(12)]
    seen = numbers(shot(first, 10) + covered + shot(first, 10))
    assert set(seen[:10]) == set(seen[22:]) == {0}


@pytest.mark.parametrize(
    ("comes", "goes"),
    [((0.2, 0.4, 0.6, 0.8, 1.0), (0.8, 0.6, 0.4, 0.2)), ((0.41, 0.75), (0.93, 0.86, 0.21))],
    ids=("slowly", "quickly"),
)
def test_a_hand_that_comes_and_goes_from_the_side_is_the_same_scene_once_it_is_gone(
    first: Image, comes: tuple[float, ...], goes: tuple[float, ...]
) -> None:
    """The last frame of the shot is half covered then, and the first one after it too."""
    parts = [*[0.0] * 12, *comes, *[1.0] * 8, *goes, *[0.0] * 5]
    frames = [noisy(first, index) for index in range(len(parts))]
    noise = np.random.default_rng(3)
    for frame, part in zip(frames, parts, strict=True):
        width = round(part * frame.shape[1])
        hand = noise.normal((96, 122, 176), 2, (frame.shape[0], width, 3))
        frame[:, :width] = np.clip(hand, 0, 255).astype(np.uint8)
    seen = numbers(frames)
    assert set(seen[:12]) == set(seen[-4:]) == {0}


def test_a_shot_that_comes_back_late_is_another_scene(first: Image, second: Image) -> None:
    seen = numbers(shot(first, 5) + shot(second, 50) + shot(first, 5))
    assert seen == [0] * 5 + [1] * 50 + [2] * 5
    seen = numbers(shot(first, 5) + shot(second, 25) + shot(first, 5))
    assert seen == [0] * 5 + [1] * 25 + [0] * 5


def test_somebody_who_walks_through_is_no_cut(first: Image, second: Image) -> None:
    frames: list[Image] = []
    for index, left in enumerate(range(-100, 320, 15)):
        frame = noisy(first, index)
        x0, x1 = max(0, left), min(320, left + 120)
        frame[:, x0:x1] = second[:, x0 - left : x1 - left]
        frames.append(frame)
    assert set(numbers(frames)) == {0}


def test_somebody_who_begins_to_walk_is_no_dissolve(first: Image, second: Image) -> None:
    """Half-way in time they are nearly where they were, which is not a mixture of both places."""
    frames: list[Image] = []
    for index in range(50):
        frame = noisy(first, index)
        left = 60 + 5 * max(0, index - 25)
        frame[60:, left : left + 60] = second[60:, 60:120]
        frames.append(frame)
    assert set(numbers(frames)) == {0}


def test_correlations_are_configured(first: Image, second: Image) -> None:
    frames: Sequence[Image] = shot(first, 3) + shot(second, 3)
    blind = SceneTracker(SceneConfig(same_correlation=-1.0))
    found = [blind.update(thumbnail(one), i / FPS).number for i, one in enumerate(frames)]
    assert found == [0] * 6


def test_reset_begins_anew(first: Image, second: Image) -> None:
    tracker = SceneTracker()
    tracker.update(thumbnail(first), 5.0)
    assert tracker.update(thumbnail(second), 5.04).number == 1
    tracker.reset()
    assert tracker.update(thumbnail(first), 0.0) == Scene()


def test_a_fade_between_heads_before_one_wall_is_another_scene(first: Image, second: Image) -> None:
    """Both are dim about the black frame, and differ by little then."""
    wall = np.full((180, 320, 3), 60, np.uint8)
    one, other = wall.copy(), wall.copy()
    one[60:180, 110:210] = cv2.resize(first[:, 70:220], (100, 120))
    other[60:180, 110:210] = cv2.resize(second[:, 70:220], (100, 120))
    out = [scaled(noisy(one, index), 1 - (index + 1) / 6) for index in range(6)]
    into = [scaled(noisy(other, index), (index + 1) / 6) for index in range(6)]
    seen = numbers(shot(one, 8) + out + into + shot(other, 8))
    assert set(seen[:13]) == {0}
    assert set(seen[16:]) == {1}


@pytest.mark.parametrize(
    "size_wh",
    [(640, 480), (960, 540), (1280, 720), (1600, 900), (1920, 1080), (2880, 1620), (3840, 2160)],
)
def test_noise_of_a_sensor_is_no_change_of_a_thumbnail(size_wh: tuple[int, int]) -> None:
    rng, (width, height) = np.random.default_rng(0), size_wh
    noise = (np.clip(rng.normal(120, 10, (height, width)), 0, 255).astype(np.uint8) for _ in range(3))
    made = [thumbnail(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)) for gray in noise]
    assert not Changes(made[0], size_wh, ()).since(made[1])
    assert not Changes(made[1], size_wh, ()).since(made[2])


def test_a_thumbnail_is_near_the_mean_of_all_pixels(astronaut_bgr: Image) -> None:
    image = cv2.resize(astronaut_bgr, (1280, 720), interpolation=cv2.INTER_CUBIC)
    mean = cv2.cvtColor(cv2.resize(image, (64, 36), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    assert np.abs(thumbnail(image).astype(int) - mean).mean() < 1


@pytest.mark.parametrize("period_px", range(2, 33, 2))
def test_a_fine_pattern_of_columns_that_trembles_is_no_change_of_a_thumbnail(period_px: int) -> None:
    columns = 128 + 50 * np.sin(2 * np.pi * (np.arange(1281) + 0.25) / period_px)
    still, moved = (
        np.tile(columns[first : first + 1280, np.newaxis], (720, 1, 3)).astype(np.uint8) for first in (0, 1)
    )
    assert not Changes(thumbnail(still), (1280, 720), ()).since(thumbnail(moved))


def test_thumbnails_of_small_frames_reach_from_their_first_row_to_their_last() -> None:
    for size_hw in ((1, 1), (20, 30), (90, 160), (179, 64), (181, 3)):
        rows = np.linspace(0, 255, size_hw[0]).astype(np.uint8)
        small = thumbnail(np.tile(rows[:, np.newaxis, np.newaxis], (1, size_hw[1], 3)))
        assert small.shape == (36, 64)
        assert abs(int(small[-1, 0]) - int(rows[-1])) <= 8
        assert abs(int(small[0, 0]) - int(rows[0])) <= 8
