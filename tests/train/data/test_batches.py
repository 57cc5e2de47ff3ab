"""Batches are the models' input, repeat for a seed, and are shared by hosts."""

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from agecam.vision.align import CROP_PX, to_model_input
from agecam.vision.calibration import AGES
from tests.train.samples import table_of
from train.data.augment import Augmentation
from train.data.batch_maker import BatchConfig
from train.data.batches import Batches
from train.data.crops import STORED_PX, center_crop
from train.data.targets import HEADS, UNKNOWN_GENDER

STILL = Augmentation().scaled(0)
"""Shifts and rotations do not change images of one tone."""


def batch_config(batch_size: int, **changes: object) -> BatchConfig:
    """Images in order and as they are, but for the changes."""
    plain = BatchConfig(
        CROP_PX, batch_size, augmentation=None, rarity_exponent=0.0, seed=0, mixup=0.0, workers=1
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_missing_labels_of_a_taught_head_are_left_to_the_teacher() -> None:
    table = table_of((30, 30, None), (None, None, True), (None, None, None))
    crops = np.zeros((3, STORED_PX, STORED_PX), np.uint8)
    _, y, weights = Batches(crops, table, HEADS, batch_config(batch_size=3, taught=("age",)))[0]
    assert weights["age"].tolist() == [1, 1, 1]
    assert weights["gender"].tolist() == [0, 1, 0]
    whole_range = [1.0] * AGES + [0, AGES - 1, 0]
    assert y["age"][1:].tolist() == [whole_range] * 2
    _, y, weights = Batches(crops, table, HEADS, batch_config(batch_size=3, taught=HEADS))[0]
    assert weights["gender"].tolist() == [1, 1, 1]
    assert y["gender"][:, 0].tolist() == [UNKNOWN_GENDER, 1, UNKNOWN_GENDER]


def test_missing_labels_weigh_nothing() -> None:
    table = table_of((30, 30, None), (None, None, True))
    crops = np.zeros((2, STORED_PX, STORED_PX), np.uint8)
    _, y, weights = Batches(crops, table, HEADS, batch_config(batch_size=2))[0]
    assert weights["age"].tolist() == [1, 0]
    assert weights["gender"].tolist() == [0, 1]
    assert np.isfinite(y["age"]).all()
    assert np.isfinite(y["gender"]).all()


def test_batches_without_augmentation_are_the_models_input() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (5, STORED_PX, STORED_PX), dtype=np.uint8)
    table = table_of(*[(20, 20, True)] * 5)
    batches = Batches(crops, table, ("age",), batch_config(batch_size=4))
    np.testing.assert_array_equal(batches[0][0], to_model_input(center_crop(crops[:4])))
    assert batches.num_batches == 2
    assert batches[1][0].shape == (1, 128, 128, 1)


def test_shuffled_batches_depend_on_seed_epoch_and_place_alone() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (12, STORED_PX, STORED_PX), dtype=np.uint8)
    table = table_of(*[(20, 20, True)] * 12)

    def batches() -> Batches:
        return Batches(
            crops, table, HEADS, batch_config(size_px=64, batch_size=4, augmentation=Augmentation(), seed=5)
        )

    one, two = batches(), batches()
    np.testing.assert_array_equal(one[1][0], two[1][0])
    first = one[1][0]
    one.on_epoch_end()
    assert not np.array_equal(one[1][0], first)


def test_processes_make_the_batches_that_one_makes(tmp_path: Path) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (12, STORED_PX, STORED_PX), dtype=np.uint8)
    np.save(tmp_path / "crops.npy", crops)
    mapped = np.load(tmp_path / "crops.npy", mmap_mode="r")
    table = table_of(*[(20, 20, True)] * 12)
    config = batch_config(size_px=64, batch_size=4, augmentation=Augmentation(), seed=5)
    alone = Batches(crops, table, HEADS, config)
    with contextlib.closing(Batches(mapped, table, HEADS, replace(config, workers=2))) as shared:
        for _ in range(2):
            for index in range(3):
                np.testing.assert_array_equal(shared[index][0], alone[index][0])
            alone.on_epoch_end()
            shared.on_epoch_end()


def test_hosts_share_every_batch() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (8, STORED_PX, STORED_PX), dtype=np.uint8)
    table = table_of(*[(age, age, True) for age in range(10, 90, 10)])
    whole = Batches(crops, table, ("age",), batch_config(batch_size=4))[1]
    first, second = (
        Batches(crops, table, ("age",), batch_config(batch_size=4, host=i, hosts=2))[1] for i in (0, 1)
    )
    for all_of_it, mine, theirs in zip(whole, first, second, strict=True):
        np.testing.assert_array_equal(mine, all_of_it[::2])
        np.testing.assert_array_equal(theirs, all_of_it[1::2])


def mixed_batches(mixup: float) -> Batches:
    table = table_of(*[(30, 30, True)] * 40)
    crops = np.repeat(np.arange(40, dtype=np.uint8) * 6, STORED_PX**2).reshape(40, STORED_PX, STORED_PX)
    return Batches(crops, table, HEADS, batch_config(batch_size=40, augmentation=STILL, mixup=mixup))


def test_mixed_images_have_no_label_and_the_others_keep_theirs() -> None:
    plain, y, _ = mixed_batches(0.0)[0]
    assert (y["gender"] == 1).all()
    mixed, y, weights = mixed_batches(0.5)[0]
    tones, before = mixed[:, 0, 0, 0], plain[:, 0, 0, 0]
    unknown = y["gender"][:, 0] == UNKNOWN_GENDER
    assert 10 < unknown.sum() < 30
    np.testing.assert_array_equal(tones[~unknown], before[~unknown])
    share = (tones - np.roll(before, -1)) / (before - np.roll(before, -1))
    assert ((share[unknown] > 0.4) & (share[unknown] <= 1.1)).all()
    assert np.std(share[unknown]) > 0.05
    np.testing.assert_array_equal(y["age"][unknown, AGES:], [[0, 100, 0]] * unknown.sum())
    np.testing.assert_array_equal(y["age"][~unknown, AGES:], [[30, 30, 1]] * (~unknown).sum())
    assert (weights["age"] > 0).all()
