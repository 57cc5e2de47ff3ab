"""Model files that are damaged before the program runs are refused; while it runs, they change nothing."""

import gc
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.paths import models_dir
from agecam.vision.align import CROP_PX
from agecam.vision.classifier import LiteRtClassifier
from agecam.vision.detector import DetectorConfig, MediaPipeDetector
from agecam.vision.face_networks import FaceNetworks, NetworksConfig
from agecam.vision.face_verifier import FACE_VERIFIER
from agecam.vision.manifest import Manifest

FILES = sorted(path.name for path in models_dir().glob("*.tflite"))


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def fill_with_zeros(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))


DAMAGES = [flip_a_bit, cut, fill_with_zeros, Path.unlink]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (*FILES, "manifest.json"):
        shutil.copy(models_dir() / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_damage_before_is_told_by_the_files_name(
    folder: Path, name: str, damage: Callable[[Path], None]
) -> None:
    damage(folder / name)
    with pytest.raises(ModelError, match=f"{name} is (not the file its manifest describes|missing)"):
        LiteRtClassifier(folder) if name in ("age.tflite", "gender.tflite") else MediaPipeDetector(folder)
    gc.collect()


def test_detectors_of_ones_own_without_the_verifier_are_refused_with_what_to_do(folder: Path) -> None:
    (folder / FACE_VERIFIER).unlink()
    with pytest.raises(ModelError, match=r"face verifier .* is missing .*Copy it there") as refused:
        MediaPipeDetector(folder)
    assert str(folder / FACE_VERIFIER) in str(refused.value)


def test_a_network_that_is_loaded_later_is_the_one_that_was_checked(folder: Path) -> None:
    networks = FaceNetworks(folder, NetworksConfig())
    for name in FILES:
        fill_with_zeros(folder / name)
    assert networks.second_full_range() is not networks.full_range
    networks.close()


@pytest.mark.parametrize("runtime", ["litert", "mediapipe"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_while_running_changes_nothing(
    folder: Path,
    astronaut_bgr: NDArray[np.uint8],
    damage: Callable[[Path], None],
    runtime: Literal["litert", "mediapipe"],
) -> None:
    classifier = LiteRtClassifier(folder)
    crops = np.resize(astronaut_bgr[:CROP_PX, 200 : 200 + CROP_PX, 1], (3, CROP_PX, CROP_PX))
    with MediaPipeDetector(folder, DetectorConfig(networks=NetworksConfig(runtime=runtime))) as detector:
        faces, estimates = detector.detect(astronaut_bgr), classifier.classify(crops)
        for name in FILES:
            damage(folder / name)
        assert [face.box for face in detector.detect(astronaut_bgr)] == [face.box for face in faces]
        assert len(faces) == 1
        # Another size of batch makes the runtime lay out its memory again.
        assert classifier.classify(crops[:2]) == estimates[:2]
        assert classifier.classify(crops) == estimates


def test_a_version_that_is_no_number_is_told_in_one_line(folder: Path) -> None:
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "version": "\n1" * 1000}))
    with pytest.raises(ModelError, match=r"is of version '\\n1") as error:
        Manifest.read(folder)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300 + len(str(path))
