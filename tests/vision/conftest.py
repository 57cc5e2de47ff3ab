"""Faces, scenes, and tiny age and gender models, random but real: Keras files, LiteRT exports, a manifest."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.paths import models_dir
from agecam.vision.align import CROP_PX, PREPROCESSING_VERSION
from agecam.vision.detector import MediaPipeDetector
from agecam.vision.face_network import FULL_RANGE, SHORT_RANGE
from agecam.vision.face_verifier import FACE_VERIFIER


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as ``models/`` is, its age and gender models two small random networks; do not change it."""
    keras = pytest.importorskip("keras", reason="needs the extra train")
    tensorflow = pytest.importorskip("tensorflow")
    keras.utils.set_random_seed(7)
    folder = tmp_path_factory.mktemp("models")
    for name in (SHORT_RANGE, FULL_RANGE, FACE_VERIFIER):
        shutil.copyfile(models_dir() / name, folder / name)
    detectors = json.loads((models_dir() / "manifest.json").read_bytes())["detectors"]
    manifest: dict[str, Any] = {"version": 1, "models": {}, "detectors": detectors}
    for task, units, activation in (("age", 101, "softmax"), ("gender", 1, "sigmoid")):
        network = keras.Sequential(
            [
                keras.layers.Input((CROP_PX, CROP_PX, 1)),
                keras.layers.Conv2D(8, 5, 4, activation="relu", bias_initializer="random_normal"),
                keras.layers.Conv2D(16, 3, 2, activation="relu"),
                keras.layers.Flatten(),
                keras.layers.Dense(units, activation=activation),
            ]
        )
        network.save(folder / f"{task}.keras")
        converter = tensorflow.lite.TFLiteConverter.from_keras_model(network)
        (folder / f"{task}.tflite").write_bytes(converter.convert())
        manifest["models"][task] = {
            runtime: {
                "file": f"{task}.{suffix}",
                "sha256": hashlib.sha256((folder / f"{task}.{suffix}").read_bytes()).hexdigest(),
            }
            for runtime, suffix in (("keras", "keras"), ("litert", "tflite"))
        } | {"output": {"size": units}, "preprocessing": PREPROCESSING_VERSION, "calibration": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="session")
def detector() -> Iterator[MediaPipeDetector]:
    with MediaPipeDetector() as detector:
        yield detector


def _face(x: float, y: float, size: float = 100.0, score: float = 0.9) -> Detection:
    fractions = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.5, 0.8]])
    keypoints = np.array([x, y]) + size * fractions
    return Detection((x, y, size, size), score, keypoints.astype(np.float32))


@pytest.fixture
def face() -> Callable[..., Detection]:
    """Makes a frontal face from left, top, size and score."""
    return _face


@pytest.fixture
def scene(astronaut_bgr: NDArray[np.uint8]) -> Callable[..., NDArray[np.uint8]]:
    """Makes a 640 x 360 image with the astronaut's head, 150 pixels high, at each given left and top."""
    head = np.ascontiguousarray(astronaut_bgr[0:220, 130:330])

    def make(*places: tuple[int, int]) -> NDArray[np.uint8]:
        image = np.full((360, 640, 3), 90, np.uint8)
        for left, top in places:
            y0, x0 = max(0, top), max(0, left)
            part = head[y0 - top : 360 - top, x0 - left : 640 - left]
            image[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]] = part
        return image

    return make
