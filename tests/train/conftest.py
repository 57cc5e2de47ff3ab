"""Labelled photographs, prepared images that need no faces, and one short training for all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.detector import MediaPipeDetector
from tests.train.samples import table_of_samples
from train.data.crops import STORED_PX
from train.data.readers import Sample
from train.data.table import TEST, TRAIN, VALIDATION
from train.fit.config import FitConfig

_TIMEOUT_S = 3600
"""Training is slow, and machines may be shared: a time limit only ends what hangs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(_TIMEOUT_S))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 images of noise, brighter above for the old: exact ages and ranges, both genders, all splits."""
    folder = tmp_path_factory.mktemp("prepared")
    random = np.random.default_rng(0)
    ages = random.integers(5, 90, 80)
    crops = random.integers(0, 100, (80, STORED_PX, STORED_PX), dtype=np.uint8)
    crops[:, : STORED_PX // 2] += ages[:, None, None].astype(np.uint8)
    np.save(folder / "crops.npy", crops)
    table = table_of_samples(
        Sample("noise", f"{i}.jpg", float(age), float(age + 9 * (i % 2)), i % 3 == 0)
        for i, age in enumerate(ages.tolist())
    )
    replace(table, split=np.repeat([TRAIN, VALIDATION, TEST], [48, 16, 16])).save(folder)
    return folder


SmallConfig = Callable[..., FitConfig]


@pytest.fixture(scope="session")
def small_config(prepared: Path) -> SmallConfig:
    """Makes the configuration of a small run in a folder, with changes."""

    def make(out: Path, **changes: object) -> FitConfig:
        small = FitConfig(
            prepared, out, "plain", 0.25, size_px=32, batch_size=8, precision="float32", epochs=1
        )
        return replace(small, **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def trained(small_config: SmallConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of a small run of three epochs that learnt both heads; its folder is not to be changed."""
    from train.fit.training import fit  # brings TensorFlow, whose greetings pytest keeps out of its own lines

    return fit(small_config(tmp_path_factory.mktemp("trained") / "run", epochs=3))


@pytest.fixture(scope="session")
def detector() -> Iterator[MediaPipeDetector]:
    """One detector for all tests of training."""
    with MediaPipeDetector() as detector:
        yield detector


WritePhotographs = Callable[[Path, Sequence[tuple[str, str]]], Path]


@pytest.fixture(scope="session")
def write_photographs(_astronaut: NDArray[np.uint8], _hopper: NDArray[np.uint8]) -> WritePhotographs:
    """Writes photographs of two people in turn, rotated and lit at random, with given ages and genders."""

    def write(folder: Path, labels: Sequence[tuple[str, str]]) -> Path:
        folder.mkdir(exist_ok=True)
        random = np.random.default_rng(0)
        lines = ["file,age,gender"]
        for index, (age, gender) in enumerate(labels):
            image = (_astronaut, _hopper)[index % 2]
            height, width = image.shape[:2]
            matrix = cv2.getRotationMatrix2D((width / 2, height / 3), random.uniform(-10, 10), 0.8)
            matrix[:, 2] += random.uniform(-20, 20, 2)
            rotated = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
            shade = cv2.convertScaleAbs(rotated, alpha=random.uniform(0.6, 1.2), beta=random.uniform(-20, 40))
            cv2.imwrite(str(folder / f"{index}.jpg"), shade)
            lines.append(f"{index}.jpg,{age},{gender}")
        (folder / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
        return folder

    return write
