"""ONNX files predict what their Keras models do, say what they are, and are not kept otherwise."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from train.cli import app
from train.data.targets import HEADS
from train.errors import DataError
from train.export.config import OnnxConfig
from train.export.onnx_file import export_onnx
from train.model.build import build_model
from train.model.network import Network


def saved(path: Path, heads: Sequence[str] = HEADS) -> Path:
    path.parent.mkdir(exist_ok=True)
    build_model(Network("plain", tuple(heads), 0.25), size_px=32).save(path)
    return path


def test_a_file_predicts_what_keras_does_under_the_names_of_the_heads(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("tf2onnx")
    from onnx.reference import ReferenceEvaluator

    path = saved(tmp_path / "both.keras")
    result = CliRunner(env={"COLUMNS": "300"}).invoke(
        app, ["to-onnx", str(path), "-o", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    assert "both.onnx" in result.output.replace("\n", "")
    assert "off Keras" in result.output
    written = tmp_path / "out" / "both.onnx"
    assert list(written.parent.iterdir()) == [written]

    from train.model.build import load_model

    x = np.random.default_rng(1).random((3, 32, 32, 1), np.float32)
    age, gender = ReferenceEvaluator(str(written)).run(["age", "gender"], {"image": x})
    expected = load_model(path).predict_on_batch(x)
    np.testing.assert_allclose(age, expected["age"], atol=1e-5)
    np.testing.assert_allclose(gender, expected["gender"], atol=1e-5)
    notes = {entry.key: entry.value for entry in onnx.load(written).metadata_props}
    assert set(notes) == {"input", "preprocessing", "age", "gender"}


def test_a_file_of_a_model_that_gives_no_numbers_is_not_kept(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("tf2onnx")
    path = saved(tmp_path / "both.keras")
    from train.model.build import load_model

    model = load_model(path)
    head = model.get_layer("gender_logits")
    head.set_weights([np.full_like(weights, np.nan) for weights in head.get_weights()])
    model.save(path)
    with pytest.raises(DataError, match=r"both\.onnx would be nan off its Keras model"):
        export_onnx(OnnxConfig((path,), tmp_path / "out"))
    assert not list((tmp_path / "out").iterdir())


def test_missing_packages_are_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)  # as Python marks what cannot be imported
    with pytest.raises(DataError, match=r'onnx is not installed: run pip install "agecam\[onnx\]"'):
        export_onnx(OnnxConfig((tmp_path / "age.keras",), tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_two_models_of_one_name_would_overwrite_each_other(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("tf2onnx")
    paths = tuple(saved(tmp_path / folder / "model.keras", ("age",)) for folder in "ab")
    with pytest.raises(DataError, match="same name"):
        export_onnx(OnnxConfig(paths, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
