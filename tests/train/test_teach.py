"""Teachers mend labels, fill ranges and tell what blended pictures show; the student learns it."""

from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.vision.calibration import AGES, robust_age
from train.augment import Augmentation
from train.batches import Batches
from train.data import DataError, Sample
from train.fit import FitConfig, fit, validation_losses
from train.losses import UNKNOWN, age_targets
from train.models import HEADS, Network, build_model, describe, load
from train.normalise import folded
from train.prepare import STORED_PX
from train.table import Table, build_table
from train.teach import HINT, Taught, open_teachers, refine

STILL = Augmentation(
    shift=0, scale=0, turn_deg=0, contrast=0, brightness=0, gamma=0, p_coarse=0, p_blur=0, p_noise=0,
    p_jpeg=0, p_cover=0,
)  # fmt: skip


def peaks(*ages: float, width: float) -> NDArray[np.float32]:
    p = np.exp(-0.5 * ((np.arange(AGES) - np.array(ages)[:, None]) / width) ** 2)
    return (p / p.sum(axis=1, keepdims=True)).astype(np.float32)


def refined(targets: NDArray[np.float32], answers: NDArray[np.float32], head: str) -> NDArray[np.float32]:
    return keras.ops.convert_to_numpy(refine({head: targets}, {head: answers}, 0.5)[head])


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
    labels = np.array([[1.0], [0.0], [UNKNOWN]], np.float32)
    result = refined(labels, np.array([[0.5], [0.5], [0.75]], np.float32), "gender")
    assert result[:, 0].tolist() == [0.75, 0.25, 0.75]


def batches(blended: float) -> Batches:
    rows = [Sample("set", f"{index}.jpg", 30.0, 30.0, female=True) for index in range(40)]
    none = np.zeros(0, np.int64)
    table: Table = build_table(rows, np.arange(40), (none, none))
    crops = np.repeat(np.arange(40, dtype=np.uint8) * 6, STORED_PX**2).reshape(40, STORED_PX, STORED_PX)
    return Batches(crops, table, HEADS, batch_size=40, augmentation=STILL, blended=blended)


def test_blended_pictures_have_no_label_and_the_others_keep_theirs() -> None:
    plain, y, _ = batches(0.0)[0]
    assert (y["gender"] == 1).all()
    blended, y, weights = batches(0.5)[0]
    tones, before = blended[:, 0, 0, 0], plain[:, 0, 0, 0]
    unknown = y["gender"][:, 0] == UNKNOWN
    assert 10 < unknown.sum() < 30
    np.testing.assert_array_equal(tones[~unknown], before[~unknown])
    share = (tones - np.roll(before, -1)) / (before - np.roll(before, -1))
    assert ((share[unknown] > 0.4) & (share[unknown] <= 1.1)).all()
    assert np.std(share[unknown]) > 0.05
    np.testing.assert_array_equal(y["age"][unknown, AGES:], [[0, 100, 0]] * unknown.sum())
    np.testing.assert_array_equal(y["age"][~unknown, AGES:], [[30, 30, 1]] * (~unknown).sum())
    assert (weights["age"] > 0).all()


def test_teachers_answer_as_the_mean_of_those_that_know_a_head(tmp_path: Path) -> None:
    both, age = saved(tmp_path / "both.keras", HEADS), saved(tmp_path / "age.keras", ("age",))
    x = np.random.default_rng(0).random((3, 48, 48, 1), np.float32)
    alone = [open_teachers([path])(x) for path in (both, age)]
    together = open_teachers([both, age])(x)
    np.testing.assert_allclose(together["age"], (alone[0]["age"] + alone[1]["age"]) / 2, rtol=1e-5)
    np.testing.assert_allclose(together["gender"], alone[0]["gender"], rtol=1e-5)
    assert set(alone[1]) == {"age"}


def test_pictures_of_another_size_are_shown_to_a_teacher_in_its_own(tmp_path: Path) -> None:
    teacher = open_teachers([saved(tmp_path / "both.keras", HEADS)])
    x = np.full((2, 96, 96, 1), 0.5, np.float32)
    x[:, :48] = 0.1
    np.testing.assert_allclose(teacher(x)["age"], teacher(x[:, ::2, ::2])["age"], atol=5e-3)


def test_student_is_trained_on_refined_labels_and_validated_on_plain_ones(tmp_path: Path) -> None:
    teacher = open_teachers([saved(tmp_path / "age.keras", ("age",))])
    student = build_model(Network("plain", ("age",), 0.25), size_px=48)
    taught = Taught(student, teacher, 1.0)
    x = np.random.default_rng(1).random((2, 48, 48, 1), np.float32)
    labels = age_targets(np.array([20.0, 60.0]), np.array([20.0, 60.0]))
    wanted = teacher(x)["age"]

    class Columns(keras.losses.Loss):
        def call(self, y_true: object, y_pred: object) -> object:
            return keras.ops.sum(keras.ops.abs(y_true[:, :AGES] - y_pred), axis=-1)  # type: ignore[index]

    taught.compile(loss=Columns())
    y_pred = student(x)
    trained = taught.compute_loss(x, labels, y_pred, training=True)
    validated = taught.compute_loss(x, labels, y_pred, training=False)
    assert float(trained) == pytest.approx(float(np.abs(wanted - y_pred).sum(axis=1).mean()), rel=1e-4)
    assert float(validated) == pytest.approx(
        float(np.abs(labels[:, :AGES] - y_pred).sum(axis=1).mean()), rel=1e-4
    )


def test_student_follows_its_teacher_against_the_labels() -> None:
    keras.utils.set_random_seed(0)
    student = build_model(Network("plain", ("gender",), 0.25), size_px=48)
    taught = Taught(student, lambda x: {"gender": keras.ops.ones_like(x[:, 0, 0])}, 0.9)
    taught.compile("adam", "binary_crossentropy")
    x = np.random.default_rng(2).random((16, 48, 48, 1), np.float32)
    taught.fit(x, np.zeros((16, 1), np.float32), epochs=30, verbose=0)
    assert np.asarray(student(x)).min() > 0.7


@pytest.mark.parametrize("architecture", ["compact", "inception", "mobilenet"])
def test_network_without_normalisations_answers_the_same(architecture: str) -> None:
    model = build_model(Network(architecture, width=0.25), size_px=48)
    random = np.random.default_rng(4)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
    x = random.random((2, 48, 48, 1), np.float32)
    without = folded(model)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in without.layers)
    for head, answer in without(x).items():
        np.testing.assert_allclose(np.asarray(answer), np.asarray(model(x)[head]), atol=1e-5)


def test_hints_are_the_features_of_all_teachers_averaged_over_places(tmp_path: Path) -> None:
    path = tmp_path / "compact.keras"
    build_model(Network("compact", ("age",), 0.25), size_px=48).save(path)
    x = np.random.default_rng(3).random((2, 48, 48, 1), np.float32)
    hints = open_teachers([path, saved(tmp_path / "both.keras", HEADS)], hints=True)(x)[HINT]
    compact = load(path)
    places = keras.Model(compact.input, compact.get_layer("flatten").input)(x)
    np.testing.assert_allclose(hints[:, :64], np.asarray(places).mean(axis=(1, 2)), atol=1e-4)
    assert hints.shape == (2, 64 + 64)  # 256 filters and 256 columns at a quarter of the width


def test_foretold_features_count_by_their_distance_from_the_teachers() -> None:
    student = build_model(Network("plain", ("gender",), 0.25), size_px=48)
    hint = np.array([[1.0, 10.0], [3.0, 50.0]], np.float32)
    taught = Taught(student, lambda x: {HINT: keras.ops.convert_to_tensor(hint[: len(x)])}, 0.5, 0.25)
    taught.compile(loss="binary_crossentropy")
    x, labels = np.zeros((2, 48, 48, 1), np.float32), np.ones((2, 1), np.float32)
    y_pred = {"gender": keras.ops.ones((2, 1)), HINT: np.array([[-1.0, 0.0], [1.0, 1.0]], np.float32)}
    # Standardised, the hints are -1 and 1: one of four squared distances is 1, the others 0.
    assert float(taught.compute_loss(x, labels, y_pred, training=True)) == pytest.approx(0.25 / 4, rel=1e-2)
    assert float(taught.compute_loss(x, labels, y_pred, training=False)) == pytest.approx(0, abs=1e-5)


def test_hints_without_a_teacher_are_refused(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give a teacher"):
        fit(FitConfig(str(prepared), str(tmp_path / "run"), hint_weight=1.0))


@pytest.mark.parametrize("heads", [HEADS, ("gender",)])
@pytest.mark.parametrize("hint_weight", [0.0, 1.0])
def test_run_with_teachers_and_blended_pictures_leaves_a_model(
    prepared: Path, tmp_path: Path, heads: tuple[str, ...], hint_weight: float
) -> None:
    run = FitConfig(
        str(prepared), str(tmp_path / "run"), "plain", 0.25, heads, size_px=48, batch_size=8,
        precision="float32", teachers=(str(saved(tmp_path / "teacher.keras", HEADS)),), blended=0.5, epochs=1,
        hint_weight=hint_weight,
    )  # fmt: skip
    assert describe(load(fit(run))) == run.network
    assert np.isfinite(validation_losses(tmp_path / "run")).all()


def test_blended_pictures_without_a_teacher_are_refused(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give a teacher"):
        fit(FitConfig(str(prepared), str(tmp_path / "run"), blended=0.5))


def test_blended_pictures_need_a_teacher_of_every_head(prepared: Path, tmp_path: Path) -> None:
    age = saved(tmp_path / "age.keras", ("age",))
    run = FitConfig(str(prepared), str(tmp_path / "run"), teachers=(str(age),), blended=0.5)
    with pytest.raises(DataError, match="No teacher knows gender"):
        fit(run)


def test_model_that_answers_in_years_is_refused_as_a_teacher(tmp_path: Path) -> None:
    path = saved(tmp_path / "years.keras", ("age",), age_columns=1)
    with pytest.raises(DataError, match="cannot teach"):
        open_teachers([path])
