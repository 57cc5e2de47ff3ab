"""Models and photographs to measure them on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2

MakeModel = Callable[[int, str], Path]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> MakeModel:
    """A tiny random model with so many outputs and such an activation, saved."""
    import keras  # brings TensorFlow, whose greetings pytest keeps out of its own lines

    folder = tmp_path_factory.mktemp("models")

    def make(units: int, activation: str) -> Path:
        path = folder / f"{units}-{activation}.keras"
        if not path.exists():
            keras.utils.set_random_seed(3)
            image = keras.Input((128, 128, 1))
            small = keras.layers.Flatten()(keras.layers.AveragePooling2D(16)(image))
            output = keras.layers.Dense(units, activation, bias_initializer=keras.initializers.Constant(2))
            keras.Model(image, output(small)).save(path)
        return path

    return make


@pytest.fixture
def images(tmp_path: Path, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]) -> Path:
    """Three small photographs of two people, one of them twice, and one image without a face."""
    folder = tmp_path / "faces"
    folder.mkdir()
    names = ("32_1_0_1.png", "32_1_0_2.png", "79_1_0_3.png", "50_0_0_4.png")
    astronaut, hopper = astronaut_bgr[20:220, 120:320], cv2.resize(hopper_bgr[30:330, 90:390], (200, 200))
    for name, image in zip(names, (astronaut, astronaut, hopper, hopper * 0 + 128), strict=True):
        cv2.imwrite(str(folder / name), image)
    return folder
