"""Labelled photographs, and prepared pictures for tests of training that need no faces."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
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


WritePhotographs = Callable[[Path, Sequence[tuple[str, str]]], Path]


@pytest.fixture(scope="session")
def write_photographs(_astronaut: NDArray[np.uint8], _hopper: NDArray[np.uint8]) -> WritePhotographs:
    """Writes photographs of two people in turn, turned and lit at random, with given ages and genders."""

    def write(folder: Path, labels: Sequence[tuple[str, str]]) -> Path:
        folder.mkdir(exist_ok=True)
        random = np.random.default_rng(0)
        lines = ["file,age,gender"]
        for index, (age, gender) in enumerate(labels):
            image = (_astronaut, _hopper)[index % 2]
            height, width = image.shape[:2]
            matrix = cv2.getRotationMatrix2D((width / 2, height / 3), random.uniform(-10, 10), 0.8)
            matrix[:, 2] += random.uniform(-20, 20, 2)
            turned = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
            shade = cv2.convertScaleAbs(turned, alpha=random.uniform(0.6, 1.2), beta=random.uniform(-20, 40))
            cv2.imwrite(str(folder / f"{index}.jpg"), shade)
            lines.append(f"{index}.jpg,{age},{gender}")
        (folder / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
        return folder

    return write
