import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from agecam.errors import ModelError
from agecam.vision.align import align_tta
from agecam.vision.classifier import LiteRtClassifier
from agecam.vision.keras_classifier import KerasClassifier


@pytest.fixture
def looks(detector, astronaut_bgr, hopper_bgr):
    of_each = [align_tta(picture, detector.detect(picture)) for picture in (astronaut_bgr, hopper_bgr)]
    return np.concatenate(of_each, axis=1)


@pytest.fixture
def crops(looks):
    return looks[0]


@pytest.fixture
def folder(model_folder, tmp_path):
    """A copy to damage."""
    return shutil.copytree(model_folder, tmp_path / "models")


def numbers(estimates):
    return np.array([[one.age, one.age_low, one.age_high, one.female] for one in estimates])


def test_both_engines_give_the_same_answers(model_folder, crops):
    lite, keras = LiteRtClassifier(model_folder), KerasClassifier(model_folder)
    assert numbers(lite.classify(crops)) == pytest.approx(numbers(keras.classify(crops)), abs=2e-3)


def test_an_answer_does_not_depend_on_the_company(model_folder, crops):
    classifier = LiteRtClassifier(model_folder)
    alone = numbers([classifier.classify(crop[None])[0] for crop in crops])
    assert not np.allclose(alone[0], alone[1])
    for size in (1, 17, 2, 5):
        many = np.resize(crops, (size, *crops.shape[1:]))
        expected = np.resize(alone, (size, 4))
        assert numbers(classifier.classify(many)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("runtime", [LiteRtClassifier, KerasClassifier])
def test_several_looks_at_a_face_are_answered_by_their_mean(model_folder, looks, runtime):
    classifier = runtime(model_folder)
    together = numbers(classifier.classify(*looks))
    assert numbers(classifier.classify(*looks[::-1])) == pytest.approx(together, abs=1e-3)
    alone = [numbers(classifier.classify(look))[:, 0] for look in looks]
    assert np.abs(alone[0] - alone[1]).max() > 0.01
    assert together[:, 0] == pytest.approx(np.mean(alone, axis=0), abs=0.5)


@pytest.mark.parametrize("runtime", [LiteRtClassifier, KerasClassifier])
def test_no_faces_no_answers(model_folder, runtime):
    assert runtime(model_folder).classify(np.empty((0, 128, 128), np.uint8)) == []


def test_calibration_of_the_manifest_is_applied(folder, crops):
    plain = LiteRtClassifier(folder).classify(crops)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["models"]["age"]["calibration"] = {"interval_scale": 0.1}
    manifest["models"]["gender"]["calibration"] = {"intercept": 3.0}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for before, after in zip(plain, LiteRtClassifier(folder).classify(crops), strict=True):
        assert after.age == before.age
        assert after.age_high - after.age_low < 0.2 * (before.age_high - before.age_low)
        assert after.female > before.female


@pytest.mark.parametrize("runtime", [LiteRtClassifier, KerasClassifier])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m["models"]["gender"].update(preprocessing=99), "prepared in another way"),
        (lambda m: m["models"].pop("age"), "lists no"),
        (lambda m: m.update(version=2), "version 2"),
        (lambda m: m.pop("models"), "damaged"),
        (lambda m: m["models"]["age"].update(calibration={"temperature": "warm"}), "damaged"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(folder, runtime, change, says):
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=says):
        runtime(folder)


@pytest.mark.parametrize(("runtime", "suffix"), [(LiteRtClassifier, "tflite"), (KerasClassifier, "keras")])
def test_a_damaged_or_missing_model_is_named(folder, runtime, suffix):
    path = folder / f"gender.{suffix}"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(ModelError, match=rf"gender\.{suffix} is not the file"):
        runtime(folder)
    path.unlink()
    with pytest.raises(ModelError, match=rf"gender\.{suffix} is missing"):
        runtime(folder)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff\xfe"])
def test_a_missing_or_damaged_manifest_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"manifest\.json"):
        LiteRtClassifier(tmp_path)


def test_files_in_each_others_place_are_refused(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    models = manifest["models"]
    models["age"]["litert"], models["gender"]["litert"] = models["gender"]["litert"], models["age"]["litert"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="answers with"):
        LiteRtClassifier(folder)


def test_the_live_path_loads_nothing_heavy_that_it_does_not_need():
    code = (
        "import sys, agecam.vision.analyzer, agecam.drawing.annotate;"
        "from agecam.vision.detector import MediaPipeDetector; MediaPipeDetector().close();"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'scipy', 'PyQt6'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or None)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")


def test_without_keras_the_engine_says_how_to_get_it(model_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ModelError, match="pip install"):
        KerasClassifier(model_folder)
