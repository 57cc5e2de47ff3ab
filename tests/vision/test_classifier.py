"""Both runtimes predict the same, and refuse models that do not fit."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.messages import Estimate
from agecam.vision.align import align_tta
from agecam.vision.classifier import LiteRtClassifier
from agecam.vision.detector import MediaPipeDetector
from agecam.vision.keras_classifier import KerasClassifier

Runtime = type[LiteRtClassifier] | type[KerasClassifier]
both_runtimes = pytest.mark.parametrize("runtime", [LiteRtClassifier, KerasClassifier])


@pytest.fixture
def views(
    detector: MediaPipeDetector, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """All views of two faces: ``(4, 2, 128, 128)``."""
    of_each = [align_tta(image, detector.detect(image)) for image in (astronaut_bgr, hopper_bgr)]
    return np.concatenate(of_each, axis=1)


@pytest.fixture
def crops(views: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(views[0], np.uint8)


@pytest.fixture
def folder(model_folder: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return shutil.copytree(model_folder, tmp_path / "models")


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def numbers(estimates: Sequence[Estimate]) -> NDArray[np.float64]:
    return np.array([[one.age, one.age_low, one.age_high, one.female] for one in estimates])


def test_both_runtimes_predict_the_same(model_folder: Path, crops: NDArray[np.uint8]) -> None:
    lite, keras = LiteRtClassifier(model_folder), KerasClassifier(model_folder)
    assert numbers(lite.classify(crops)) == pytest.approx(numbers(keras.classify(crops)), abs=2e-3)


def test_a_prediction_does_not_depend_on_the_batch(model_folder: Path, crops: NDArray[np.uint8]) -> None:
    classifier = LiteRtClassifier(model_folder)
    alone = numbers([classifier.classify(crop[None])[0] for crop in crops])
    assert np.abs(alone[0] - alone[1]).max() > 1e-3
    for size in (1, 17, 2, 5):
        many = np.resize(crops, (size, *crops.shape[1:]))
        expected = np.resize(alone, (size, 4))
        assert numbers(classifier.classify(many)) == pytest.approx(expected, abs=1e-4)


@both_runtimes
def test_the_prediction_over_several_views_is_their_mean(
    model_folder: Path, views: NDArray[np.uint8], runtime: Runtime
) -> None:
    classifier = runtime(model_folder)
    together = numbers(classifier.classify(*views))
    assert numbers(classifier.classify(*views[::-1])) == pytest.approx(together, abs=1e-3)
    alone = [numbers(classifier.classify(view))[:, 0] for view in views]
    assert np.abs(alone[0] - alone[1]).max() > 0.01
    assert together[:, 0] == pytest.approx(np.mean(alone, axis=0), abs=0.5)


@both_runtimes
def test_a_gender_that_is_not_asked_for_is_not_a_number(
    model_folder: Path, crops: NDArray[np.uint8], runtime: Runtime
) -> None:
    classifier = runtime(model_folder)
    whole, part, none = (
        numbers(classifier.classify(crops, with_gender=wanted))
        for wanted in (None, [index == 1 for index in range(len(crops))], [False] * len(crops))
    )
    assert part[:, :3] == pytest.approx(whole[:, :3], abs=1e-3)
    assert part[1, 3] == pytest.approx(whole[1, 3], abs=1e-3)
    assert np.isnan(np.delete(part[:, 3], 1)).all()
    assert np.isnan(none[:, 3]).all()


@both_runtimes
def test_without_faces_there_are_no_estimates(model_folder: Path, runtime: Runtime) -> None:
    assert runtime(model_folder).classify(np.empty((0, 128, 128), np.uint8)) == []


def test_the_calibration_of_the_manifest_is_applied(folder: Path, crops: NDArray[np.uint8]) -> None:
    def calibrate(manifest: dict[str, Any]) -> None:
        manifest["models"]["age"]["calibration"] = {"interval_scale": 0.1}
        manifest["models"]["gender"]["calibration"] = {"intercept": 3.0}

    plain = LiteRtClassifier(folder).classify(crops)
    change_manifest(folder, calibrate)
    for before, after in zip(plain, LiteRtClassifier(folder).classify(crops), strict=True):
        assert after.age == before.age
        assert after.age_high - after.age_low < 0.2 * (before.age_high - before.age_low)
        assert after.female > before.female


@both_runtimes
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m["models"]["gender"].update(preprocessing=99), "prepared in another way"),
        (lambda m: m["models"].pop("age"), "lists no"),
        (lambda m: m.update(version=2), "version 2"),
        (lambda m: m.pop("models"), "damaged"),
        (lambda m: m["models"]["age"].update(calibration={"temperature": "warm"}), "damaged"),
        (lambda m: m["models"]["age"].update(calibration={"temperature": float("nan")}), "damaged"),
        (
            lambda m: [m["models"]["age"][runtime].update(file="a\0b") for runtime in ("litert", "keras")],
            "is missing or cannot be read",
        ),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    folder: Path, runtime: Runtime, change: Callable[[dict[str, Any]], object], says: str
) -> None:
    change_manifest(folder, change)
    with pytest.raises(ModelError, match=says):
        runtime(folder)


@pytest.mark.parametrize(("runtime", "suffix"), [(LiteRtClassifier, "tflite"), (KerasClassifier, "keras")])
def test_a_damaged_or_missing_model_is_named(folder: Path, runtime: Runtime, suffix: str) -> None:
    path = folder / f"gender.{suffix}"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(ModelError, match=rf"gender\.{suffix} is not the file"):
        runtime(folder)
    path.unlink()
    with pytest.raises(ModelError, match=rf"gender\.{suffix} is missing"):
        runtime(folder)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff\xfe", b"[" * 200_000])
def test_a_missing_or_damaged_manifest_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"manifest\.json"):
        LiteRtClassifier(tmp_path)


def test_files_in_each_others_place_are_refused(folder: Path) -> None:
    def swap(manifest: dict[str, Any]) -> None:
        age, gender = manifest["models"]["age"], manifest["models"]["gender"]
        age["litert"], gender["litert"] = gender["litert"], age["litert"]

    change_manifest(folder, swap)
    with pytest.raises(ModelError, match=r"\(1,\) values a face instead of 101"):
        LiteRtClassifier(folder)


@both_runtimes
def test_a_plain_age_without_residuals_and_two_columns_of_gender_are_refused(
    folder: Path, runtime: Runtime
) -> None:
    import keras

    suffix, name = ("keras", "keras") if runtime is KerasClassifier else ("tflite", "litert")
    for task, units, says in (("age", 1, "predicts years alone"), ("gender", 2, "instead of 1")):
        network = keras.Sequential(
            [keras.layers.Input((128, 128, 1)), keras.layers.Flatten(), keras.layers.Dense(units)]
        )
        if suffix == "keras":
            network.save(folder / "new.keras")
        else:
            network.export(folder / "new.tflite", format="litert", verbose=False)
        content = (folder / f"new.{suffix}").read_bytes()

        def swap(manifest: dict[str, Any], task: str = task, content: bytes = content) -> None:
            manifest["models"][task] |= {
                name: {"file": f"new.{suffix}", "sha256": hashlib.sha256(content).hexdigest()}
            }
            manifest["models"][task].pop("output")

        kept = (folder / "manifest.json").read_bytes()
        change_manifest(folder, swap)
        with pytest.raises(ModelError, match=says):
            runtime(folder)
        (folder / "manifest.json").write_bytes(kept)


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_the_live_path_loads_nothing_heavy_that_it_does_not_need() -> None:
    run = run_python(
        "import sys, agecam.vision.analyzer, agecam.drawing.annotate;"
        "from agecam.vision.detector import MediaPipeDetector; MediaPipeDetector().close();"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'scipy', 'mediapipe', 'PyQt6'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or None)"
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_without_keras_its_runtime_says_how_to_get_it(model_folder: Path) -> None:
    run = run_python(
        "import sys; sys.modules['keras'] = None;"
        "from pathlib import Path;"
        "from agecam.vision.keras_classifier import KerasClassifier;"
        f"KerasClassifier(Path({str(model_folder)!r}))"
    )
    assert run.returncode == 1
    assert "ModelError" in run.stderr
    assert 'pip install "agecam[train]"' in run.stderr
