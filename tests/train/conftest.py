"""Prepared pictures for tests of training that need no faces."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from train.data import Sample
from train.prepare import STORED_PX
from train.table import TEST, TRAIN, VALIDATION, build_table


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 pictures of noise, brighter above for the old: exact ages and ranges, both genders, all parts."""
    folder = tmp_path_factory.mktemp("prepared")
    random = np.random.default_rng(0)
    ages = random.integers(5, 90, 80)
    crops = random.integers(0, 100, (80, STORED_PX, STORED_PX), dtype=np.uint8)
    crops[:, : STORED_PX // 2] += ages[:, None, None].astype(np.uint8)
    np.save(folder / "crops.npy", crops)
    samples = [
        Sample("noise", f"{i}.jpg", float(age), float(age + 9 * (i % 2)), i % 3 == 0)
        for i, age in enumerate(ages.tolist())
    ]
    none = np.zeros(0, np.int64)
    table = build_table(samples, np.arange(80), (none, none))
    replace(table, part=np.repeat([TRAIN, VALIDATION, TEST], [48, 16, 16])).save(folder)
    return folder
