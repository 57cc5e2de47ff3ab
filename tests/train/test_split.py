"""Duplicates are found, agree on their labels and never stand on two sides of a split."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from train.data import DataError, Sample
from train.duplicates import find_duplicates, group_pairs, reconcile_ages, reconcile_gender
from train.split import age_band, band_name, split_table
from train.table import TEST, TRAIN, UNUSED, VALIDATION, Table, build_table

NAN = float("nan")


def many_samples(count: int = 600) -> list[Sample]:
    random = np.random.default_rng(3)
    return [
        Sample("set", f"{i}.jpg", age, age, bool(random.random() < 0.5))
        for i, age in enumerate(random.integers(0, 90, count).astype(float).tolist())
    ]


def table_with_pairs(count: int = 600, pairs: int = 100) -> Table:
    firsts = np.arange(pairs) * 2
    return build_table(many_samples(count), np.arange(count), (firsts, firsts + 1))


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


def test_pictures_of_one_shape_but_other_detail_are_not_the_same(
    astronaut_bgr: NDArray[np.uint8],
) -> None:
    # A bright and a dark half, as of a profile before a wall, with two different faces' detail on it.
    halves = np.zeros((128, 128), np.float32)
    halves[:, 64:] = 150
    crops = np.stack([np.clip(halves + patch * 0.3, 0, 255) for patch in patches(astronaut_bgr)[:2]])
    firsts, _ = find_duplicates(crops.astype(np.uint8), np.arange(2))
    assert len(firsts) == 0


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


def test_no_group_stands_on_two_sides_and_none_is_measured_twice() -> None:
    table = split_table(table_with_pairs(), test=0.2, validation=0.2)
    for group in np.unique(table.group):
        parts = table.part[table.group == group].tolist()
        assert len(set(parts) - {UNUSED}) == 1
        if len(parts) > 1:
            assert parts == [TRAIN, TRAIN] or parts.count(UNUSED) == len(parts) - 1
    assert (table.part == UNUSED).any()


def test_split_is_the_same_for_a_seed_and_another_for_another() -> None:
    table = table_with_pairs()
    first, again, other = (split_table(table, seed=seed).part for seed in (0, 0, 1))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_every_part_has_the_same_mix_of_ages_and_genders() -> None:
    table = split_table(table_with_pairs(6000, 0), test=0.2, validation=0.1)
    assert np.mean(table.part == TEST) == pytest.approx(0.2, abs=0.01)
    assert np.mean(table.part == VALIDATION) == pytest.approx(0.1, abs=0.01)
    for part in (TRAIN, VALIDATION, TEST):
        chosen = table.of_part(part)
        assert chosen.female.mean() == pytest.approx(table.female.mean(), abs=0.02)
        assert chosen.age_low.mean() == pytest.approx(table.age_low.mean(), abs=1)


def test_bands_are_those_of_the_ranges() -> None:
    ages = np.array([0, 2, 2.6, 9, 10, 29.4, 30, 70, 100, NAN])
    names = [band_name(band) if band >= 0 else "" for band in age_band(ages).tolist()]
    assert names == ["0-2", "0-2", "3-9", "3-9", "10-19", "20-29", "30-39", "70+", "70+", ""]


def test_table_survives_the_disk(tmp_path: Path) -> None:
    samples = [
        Sample("set", "a, b.jpg", 20, 29, None, "East Asian"),
        Sample("set", "c.jpg", None, None, True),
        Sample("set", "d.jpg", 4, 4, False),
    ]
    none = np.zeros(0, np.int64)
    table = split_table(build_table(samples, np.array([0, 1, 2]), (none, none)))
    table.save(tmp_path)
    again = Table.load(tmp_path)
    for name in Table.__slots__:
        np.testing.assert_array_equal(getattr(again, name), getattr(table, name))
    assert again.exact.tolist() == [False, False, True]
    with pytest.raises(DataError, match="train prepare"):
        Table.load(tmp_path / "none")
