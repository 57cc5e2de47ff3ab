"""Teachers refine labels, fill ranges and label mixed images; the student learns it."""

from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.vision.calibration import AGES, robust_age
from tests.train.conftest import SmallConfig
from tests.train.samples import peaks
from train.data.targets import HEADS, UNKNOWN_GENDER, age_targets
from train.errors import DataError
from train.fit.distillation import HINT, Distiller, load_teachers, refine
from train.fit.run_folder import validation_losses
from train.fit.training import fit
from train.model.build import build_model, describe, load_model
from train.model.network import Network


def refined(targets: NDArray[np.float32], predicted: NDArray[np.float32], head: str) -> NDArray[np.float32]:
    return np.asarray(refine({head: targets}, {head: predicted}, 0.5)[head])


def saved(path: Path, heads: tuple[str, ...], **changes: int) -> Path:
    keras.utils.set_random_seed(len(heads))
    build_model(Network("plain", heads, 0.25, **changes), size_px=48).save(path)
    return path


def test_exact_age_moves_towards_the_teacher() -> None:
    targets = age_targets(np.array([30.0]), np.array([30.0]))
    result = refined(targets, peaks(40, width=2.0), "age")
    assert robust_age(result[:, :AGES])[0] == pytest.approx(35, abs=0.1)
    np.testing.assert_allclose(result[0, AGES:], [35, 35, 1], atol=0.01)


def test_range_is_filled_with_what_the_teacher_sees_in_it() -> None:
    result = refined(age_targets(np.array([30.0]), np.array([39.0])), peaks(37, width=2.0), "age")
    assert robust_age(result[:, :AGES])[0] == pytest.approx(37, abs=0.5)
    assert result[0, :AGES].sum() == pytest.approx(1, rel=1e-4)
    assert result[0, AGES:].tolist() == [30, 39, 1]


def test_teacher_that_is_sure_of_another_range_is_not_followed() -> None:
    targets = age_targets(np.array([30.0]), np.array([39.0]))
    np.testing.assert_array_equal(refined(targets, peaks(70, width=1.0), "age"), targets)


def test_gender_is_mixed_and_taken_whole_where_no_label_is() -> None:
    labels = np.array([[1.0], [0.0], [UNKNOWN_GENDER]], np.float32)
    result = refined(labels, np.array([[0.5], [0.5], [0.75]], np.float32), "gender")
    assert result[:, 0].tolist() == [0.75, 0.25, 0.75]


def test_teachers_predict_the_mean_of_those_that_know_a_head(tmp_path: Path) -> None:
    both, age = saved(tmp_path / "both.keras", HEADS), saved(tmp_path / "age.keras", ("age",))
    x = np.random.default_rng(0).random((3, 48, 48, 1), np.float32)
    alone = [load_teachers([path])(x) for path in (both, age)]
    together = load_teachers([both, age])(x)
    np.testing.assert_allclose(together["age"], (alone[0]["age"] + alone[1]["age"]) / 2, rtol=1e-5)
    np.testing.assert_allclose(together["gender"], alone[0]["gender"], rtol=1e-5)
    assert set(alone[1]) == {"age"}


def test_images_of_another_size_are_shown_to_a_teacher_in_its_own(tmp_path: Path) -> None:
    teacher = load_teachers([saved(tmp_path / "both.keras", HEADS)])
    x = np.full((2, 96, 96, 1), 0.5, np.float32)
    x[:, :48] = 0.1
    np.testing.assert_allclose(teacher(x)["age"], teacher(x[:, ::2, ::2])["age"], atol=5e-3)


def test_student_is_trained_on_refined_labels_and_validated_on_plain_ones(tmp_path: Path) -> None:
    teacher = load_teachers([saved(tmp_path / "age.keras", ("age",))])
    student = build_model(Network("plain", ("age",), 0.25), size_px=48)
    distiller = Distiller(student, teacher, 1.0)
    x = np.random.default_rng(1).random((2, 48, 48, 1), np.float32)
    labels = age_targets(np.array([20.0, 60.0]), np.array([20.0, 60.0]))
    expected = teacher(x)["age"]

    class Columns(keras.losses.Loss):
        def call(self, y_true: object, y_pred: object) -> object:
            return keras.ops.sum(keras.ops.abs(y_true[:, :AGES] - y_pred), axis=-1)  # type: ignore[index]

    distiller.compile(loss=Columns())
    y_pred = student(x)
    trained = distiller.compute_loss(x, labels, y_pred, training=True)
    validated = distiller.compute_loss(x, labels, y_pred, training=False)
    assert float(trained) == pytest.approx(float(np.abs(expected - y_pred).sum(axis=1).mean()), rel=1e-4)
    assert float(validated) == pytest.approx(
        float(np.abs(labels[:, :AGES] - y_pred).sum(axis=1).mean()), rel=1e-4
    )


def test_student_follows_its_teacher_against_the_labels() -> None:
    keras.utils.set_random_seed(0)
    student = build_model(Network("plain", ("gender",), 0.25), size_px=48)
    distiller = Distiller(student, lambda x: {"gender": keras.ops.ones_like(x[:, 0, 0])}, 0.9)
    distiller.compile("adam", "binary_crossentropy")
    x = np.random.default_rng(2).random((16, 48, 48, 1), np.float32)
    distiller.fit(x, np.zeros((16, 1), np.float32), epochs=30, verbose=0)
    assert np.asarray(student(x)).min() > 0.7


def test_hints_are_the_features_of_all_teachers_averaged_over_places(tmp_path: Path) -> None:
    path = tmp_path / "compact.keras"
    build_model(Network("compact", ("age",), 0.25), size_px=48).save(path)
    x = np.random.default_rng(3).random((2, 48, 48, 1), np.float32)
    hints = load_teachers([path, saved(tmp_path / "both.keras", HEADS)], hints=True)(x)[HINT]
    compact = load_model(path)
    places = keras.Model(compact.input, compact.get_layer("flatten").input)(x)
    np.testing.assert_allclose(hints[:, :64], np.asarray(places).mean(axis=(1, 2)), atol=1e-4)
    assert hints.shape == (2, 64 + 64)  # 256 filters and 256 units at a quarter of the width


def test_features_count_by_their_distance_from_those_of_the_teachers() -> None:
    student = build_model(Network("plain", ("gender",), 0.25), size_px=48)
    hint = np.array([[1.0, 10.0], [3.0, 50.0]], np.float32)
    distiller = Distiller(student, lambda x: {HINT: keras.ops.convert_to_tensor(hint[: len(x)])}, 0.5, 0.25)
    distiller.compile(loss="binary_crossentropy")
    x, labels = np.zeros((2, 48, 48, 1), np.float32), np.ones((2, 1), np.float32)
    y_pred = {"gender": keras.ops.ones((2, 1)), HINT: np.array([[-1.0, 0.0], [1.0, 1.0]], np.float32)}
    # Standardised, the hints are -1 and 1: one of four squared distances is 1, the others 0.
    assert float(distiller.compute_loss(x, labels, y_pred, training=True)) == pytest.approx(
        0.25 / 4, rel=1e-2
    )
    assert float(distiller.compute_loss(x, labels, y_pred, training=False)) == pytest.approx(0, abs=1e-5)


@pytest.mark.training
def test_run_with_teachers_mixup_and_hints_leaves_a_model(
    small_config: SmallConfig, trained: Path, tmp_path: Path
) -> None:
    run = small_config(tmp_path / "run", teachers=(trained,), mixup=0.5, hint_weight=1.0, images=16)
    assert describe(load_model(fit(run))) == run.network
    assert np.isfinite(validation_losses(tmp_path / "run")).all()


def test_mixup_needs_a_teacher_of_every_head(tmp_path: Path) -> None:
    age = saved(tmp_path / "age.keras", ("age",))
    with pytest.raises(DataError, match="No teacher knows gender"):
        load_teachers([age], HEADS)


def test_model_that_predicts_years_is_refused_as_a_teacher(tmp_path: Path) -> None:
    path = saved(tmp_path / "years.keras", ("age",), age_units=1)
    with pytest.raises(DataError, match="cannot be a teacher"):
        load_teachers([path])
