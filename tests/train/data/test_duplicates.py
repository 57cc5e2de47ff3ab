"""Photographs that appear more than once are found, and agree on their labels."""

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from train.data.duplicates import (
    find_duplicates,
    find_known,
    group_pairs,
    reconcile_ages,
    reconcile_gender,
)

NAN = float("nan")


def patches(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    gray = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
    places = [(40, 150), (40, 330), (200, 40), (200, 330), (350, 100)]
    return np.stack([gray[y : y + 128, x : x + 128] for y, x in places])


def test_the_same_photograph_is_found_after_jpeg_light_and_a_new_size(
    astronaut_bgr: NDArray[np.uint8],
) -> None:
    crops = patches(astronaut_bgr)
    _, encoded = cv2.imencode(".jpg", crops[1], [cv2.IMWRITE_JPEG_QUALITY, 40])
    again = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
    again = cv2.resize(cv2.resize(again, (90, 90)), (128, 128))
    again = cv2.convertScaleAbs(again, alpha=0.8, beta=25)
    firsts, seconds = find_duplicates(np.concatenate([crops, again[None]]), np.arange(6))
    assert list(zip(firsts.tolist(), seconds.tolist(), strict=True)) == [(1, 5)]


def test_images_of_one_shape_but_other_detail_are_not_the_same(
    astronaut_bgr: NDArray[np.uint8],
) -> None:
    # A bright and a dark half, as of a profile before a wall, with two different faces' detail on it.
    halves = np.zeros((128, 128), np.float32)
    halves[:, 64:] = 150
    crops = np.stack([np.clip(halves + patch * 0.3, 0, 255) for patch in patches(astronaut_bgr)[:2]])
    firsts, _ = find_duplicates(crops.astype(np.uint8), np.arange(2))
    assert len(firsts) == 0


def test_new_images_that_show_a_known_photograph_are_found(astronaut_bgr: NDArray[np.uint8]) -> None:
    crops = patches(astronaut_bgr)
    _, encoded = cv2.imencode(".jpg", crops[3], [cv2.IMWRITE_JPEG_QUALITY, 40])
    again = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)
    new = np.stack([crops[0], again, crops[4]])
    known = find_known(new, np.array([0, 1, 2]), crops, np.array([1, 3]))
    assert known.tolist() == [False, True, False]
    assert find_known(new, np.array([2, 1]), crops, np.array([1, 3])).tolist() == [False, True]


def test_a_new_image_of_the_very_shape_of_a_known_one_is_left_out_whatever_its_detail(
    astronaut_bgr: NDArray[np.uint8],
) -> None:
    shade = np.linspace(0, 200, 128, dtype=np.float32)
    one, other = (np.clip(shade + patch * 0.1, 0, 255) for patch in patches(astronaut_bgr)[:2])
    crops = np.stack([one, other]).astype(np.uint8)
    assert len(find_duplicates(crops, np.arange(2))[0]) == 0
    assert find_known(crops, np.array([0]), crops, np.array([1])).tolist() == [True]


def test_groups_connect_through_shared_members() -> None:
    groups = group_pairs(7, np.array([4, 1, 0]), np.array([6, 4, 2]))
    assert groups.tolist() == [0, 1, 0, 3, 1, 5, 1]


def test_labels_of_one_photograph_are_made_to_agree() -> None:
    def ages(*pairs: tuple[float, float]) -> tuple[float, float]:
        low, high = np.array(pairs).T
        return reconcile_ages(low, high)

    assert ages((20, 20), (24, 24), (70, 70)) == (24, 24)
    assert ages((20, 29), (27, 27)) == (27, 27)
    assert ages((20, 29), (20, 39)) == (20, 29)
    assert ages((20, 29), (30, 39)) == (20, 39)
    assert np.isnan(ages((NAN, NAN), (NAN, NAN))).all()
    assert reconcile_gender(np.array([1.0, 1.0, 0.0])) == 1
    assert reconcile_gender(np.array([NAN, 0.0])) == 0
    assert np.isnan(reconcile_gender(np.array([1.0, 0.0])))
