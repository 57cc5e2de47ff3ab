"""Losses, measures and calibration do what they say, and the whole line runs from pictures to models."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.vision.align import to_model_input
from agecam.vision.calibration import Calibration, robust_age
from train.augment import Augmentation, augment
from train.batches import Batches
from train.calibrate import fit_age, fit_gender
from train.cli import app
from train.data import DataError, Sample
from train.fit import FitConfig, fit
from train.losses import AgeLoss, age_targets, rarity_weights
from train.measure import age_figures, gender_figures, range_figures
from train.models import HEADS, Network, build_model, copy_weights
from train.prepare import STORED_PX, central, load_crops
from train.table import Table, build_table

NAN = float("nan")


def table_of(*labels: tuple[float | None, float | None, bool | None]) -> Table:
    samples = [Sample("set", f"{i}.jpg", *label) for i, label in enumerate(labels)]
    none = np.zeros(0, np.int64)
    return build_table(samples, np.arange(len(samples)), (none, none))


def peaks(*ages: float, width: float = 1.0) -> NDArray[np.float32]:
    p = np.exp(-0.5 * ((np.arange(101) - np.array(ages)[:, None]) / width) ** 2)
    return (p / p.sum(axis=1, keepdims=True)).astype(np.float32)


def age_losses(targets: NDArray[np.float32], predictions: NDArray[np.float32]) -> NDArray[np.float32]:
    return keras.ops.convert_to_numpy(AgeLoss(reduction=None)(targets, predictions))


def test_exact_age_is_best_met_by_its_own_age() -> None:
    targets = age_targets(np.full(3, 30.0), np.full(3, 30.0))
    assert robust_age(targets[:1, :101])[0] == pytest.approx(30, abs=0.01)
    right, near, far = age_losses(targets, peaks(30, 36, 60, width=2.3))
    assert right < near < far


def test_range_is_met_anywhere_inside_and_softly_at_its_edge() -> None:
    targets = age_targets(np.full(5, 30.0), np.full(5, 39.0))
    inside, other_inside, edge, outside, far = age_losses(targets, peaks(32, 37, 40.5, 45, 70))
    assert inside == pytest.approx(other_inside, abs=0.05)
    assert inside < 0.1
    assert inside < edge < outside < far


def test_missing_labels_weigh_nothing() -> None:
    table = table_of((30, 30, None), (None, None, True))
    crops = np.zeros((2, STORED_PX, STORED_PX), np.uint8)
    _, y, weights = Batches(crops, table, HEADS, batch_size=2)[0]
    assert weights["age"].tolist() == [1, 0]
    assert weights["gender"].tolist() == [0, 1]
    assert np.isfinite(y["age"]).all()
    assert np.isfinite(y["gender"]).all()


def test_rare_ages_weigh_more_and_all_weigh_one_on_average() -> None:
    low = np.array([25.0] * 90 + [80.0] * 10)
    weights = rarity_weights(low, low, 0.5)
    assert weights.mean() == pytest.approx(1)
    assert weights[-1] / weights[0] == pytest.approx(3, rel=0.05)
    np.testing.assert_allclose(rarity_weights(low, low, 0.0), 1)


def test_batches_without_augmentation_are_the_models_input() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (5, STORED_PX, STORED_PX), dtype=np.uint8)
    table = table_of(*[(20, 20, True)] * 5)
    batches = Batches(crops, table, ("age",), batch_size=4)
    np.testing.assert_array_equal(batches[0][0], to_model_input(central(crops[:4])))
    assert batches.num_batches == 2
    assert batches[1][0].shape == (1, 128, 128, 1)


def test_shuffled_batches_depend_on_seed_epoch_and_place_alone() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (12, STORED_PX, STORED_PX), dtype=np.uint8)
    table = table_of(*[(20, 20, True)] * 12)

    def batches() -> Batches:
        return Batches(crops, table, HEADS, size_px=64, batch_size=4, augmentation=Augmentation(), seed=5)

    one, two = batches(), batches()
    np.testing.assert_array_equal(one[1][0], two[1][0])
    first = one[1][0]
    one.on_epoch_end()
    assert not np.array_equal(one[1][0], first)


def test_hosts_share_every_batch() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (8, STORED_PX, STORED_PX), dtype=np.uint8)
    table = table_of(*[(age, age, True) for age in range(10, 90, 10)])
    whole = Batches(crops, table, ("age",), batch_size=4)[1]
    first, second = (Batches(crops, table, ("age",), batch_size=4, host=i, hosts=2)[1] for i in (0, 1))
    for all_of_it, mine, theirs in zip(whole, first, second, strict=True):
        np.testing.assert_array_equal(mine, all_of_it[::2])
        np.testing.assert_array_equal(theirs, all_of_it[1::2])


def test_printed_ages_count_as_the_whole_years_that_they_are() -> None:
    table = table_of((20, 20, True), (40, 40, True))
    years = np.array([[25.4], [45.6]], np.float32)
    ages = age_figures(years, table, Calibration())
    assert (ages["within_5"], ages["within_5_printed"]) == (0, 0.5)


def test_figures_agree_with_a_small_example_by_hand() -> None:
    table = table_of((20, 20, True), (40, 40, True), (60, 60, False), (30, 39, False), (70, 100, None))
    p = peaks(21, 44, 70, 42, 90)
    ages = age_figures(p, table, Calibration())
    assert ages["mae"] == pytest.approx(5, abs=0.01)
    assert ages["median_error"] == pytest.approx(4, abs=0.01)
    assert ages["within_5"] == pytest.approx(2 / 3)
    assert ages["within_5_printed"] == pytest.approx(2 / 3)
    ranges = range_figures(p, table)
    assert (ranges["count"], ranges["right_range"], ranges["within_one_range"]) == (2, 0.5, 1)
    genders = gender_figures(np.array([0.9, 0.4, 0.2, 0.1, 0.9], np.float32), table, Calibration())
    assert (genders["count"], genders["accuracy"], genders["precision"]) == (4, 0.75, 1)
    assert genders["recall"] == 0.5
    assert genders["auc"] == 1


def test_calibration_repairs_overconfidence() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(15, 80, 4000).astype(float)
    said = np.clip(truth + random.normal(0, 6, 4000), 0, 100)
    female = random.random(4000) < 0.5
    honest = random.normal(np.where(female, 1.5, -1.5), 1.5)
    table = table_of(*[(age, age, bool(f)) for age, f in zip(np.round(truth).tolist(), female, strict=True)])
    ages = peaks(*said, width=2)
    assert age_figures(ages, table, Calibration())["interval_coverage"] < 0.5
    fitted = fit_age(ages, table)
    assert fitted.temperature > 2
    assert age_figures(ages, table, fitted)["interval_coverage"] == pytest.approx(0.8, abs=0.01)

    overconfident = (1 / (1 + np.exp(-(4 * honest + 1)))).astype(np.float32)
    before = gender_figures(overconfident, table, Calibration())["ece"]
    after = gender_figures(overconfident, table, fit_gender(overconfident, table))["ece"]
    assert after < 0.03 < before


@pytest.mark.parametrize("architecture", ["resnet", "plain"])
def test_models_answer_with_probabilities_whatever_the_brightness(architecture: str) -> None:
    model = build_model(Network(architecture))
    dark = np.random.default_rng(0).random((2, 128, 128, 1), np.float32) * 0.3
    output = {head: np.asarray(value) for head, value in model.predict_on_batch(dark).items()}
    assert output["age"].shape == (2, 101)
    assert output["gender"].shape == (2, 1)
    np.testing.assert_allclose(output["age"].sum(axis=1), 1, atol=1e-5)
    brighter = model.predict_on_batch(dark + 0.5)
    np.testing.assert_allclose(np.asarray(brighter["age"]), output["age"], atol=1e-3)


def test_weights_go_over_by_name() -> None:
    both, age = build_model(Network("plain")), build_model(Network("plain", ("age",)))
    copied = copy_weights([both], age)
    assert "age_logits" in copied
    assert "gender_logits" not in copied
    np.testing.assert_array_equal(age.get_layer("stage1_conv").kernel, both.get_layer("stage1_conv").kernel)


def test_of_several_models_the_mean_weights_go_over() -> None:
    both, age, gender = (
        build_model(Network("plain", heads, 0.25)) for heads in (HEADS, ("age",), ("gender",))
    )
    copied = copy_weights([age, gender], both)
    assert {"age_logits", "gender_logits"} <= set(copied)
    one, other, mean = (np.asarray(model.get_layer("stage1_conv").kernel) for model in (age, gender, both))
    np.testing.assert_allclose(mean, (one + other) / 2, atol=1e-6)
    np.testing.assert_array_equal(both.get_layer("age_logits").kernel, age.get_layer("age_logits").kernel)


def test_no_mean_is_taken_over_models_of_different_architectures() -> None:
    resnet, vgg = (build_model(Network(name, ("age",), 0.25), size_px=48) for name in ("resnet", "vgg"))
    with pytest.raises(DataError, match="one architecture and width"):
        copy_weights([resnet, vgg], resnet)


def test_weights_go_over_to_another_size_of_pictures() -> None:
    network = Network("compact", ("age",), 0.25)
    small, large = build_model(network, size_px=64), build_model(network, size_px=128)
    assert "age_logits" in copy_weights([small], large)
    before, after = (np.asarray(model.get_layer("age_logits").kernel) for model in (small, large))
    assert (len(before), len(after)) == (2 * 2 * 64, 3 * 3 * 64)
    # A picture that looks the same all over is answered alike.
    summed = [kernel.reshape(-1, 64, 101).sum(axis=0) for kernel in (before, after)]
    np.testing.assert_allclose(*summed, atol=1e-5)
    # The corners stay where they are.
    np.testing.assert_allclose(after[0] * 9 / 4, before[0], atol=1e-6)


def test_a_run_refuses_settings_that_are_not_its_own(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no architecture"):
        fit(FitConfig(data=str(tmp_path), out=str(tmp_path / "run"), architecture="nothing"))
    with pytest.raises(DataError, match="can learn age and gender, not height"):
        fit(FitConfig(data=str(tmp_path), out=str(tmp_path / "run"), heads=("height",)))
    with pytest.raises(DataError, match="no precision"):
        fit(FitConfig(data=str(tmp_path), out=str(tmp_path / "run"), precision="float8"))
    with pytest.raises(DataError, match="train prepare"):
        fit(FitConfig(data=str(tmp_path), out=str(tmp_path / "run")))
    with pytest.raises(DataError, match="other settings"):
        fit(FitConfig(data=str(tmp_path), out=str(tmp_path / "run"), seed=9))


def grow(data: Path, count: int) -> None:
    """Make of the pictures of a prepared folder ``count``, by changing them at random."""
    table, crops = Table.load(data), load_crops(data)
    random = np.random.default_rng(0)
    chosen = np.concatenate([np.arange(len(table)), random.integers(0, len(table), count - len(table))])
    grown = np.stack(
        [augment(crops[row], STORED_PX, STORED_PX, random, Augmentation()) for row in table.row[chosen]]
    )
    np.save(data / "crops.npy", grown)
    replace(table.take(chosen), row=np.arange(count)).save(data)


def test_the_whole_line_from_pictures_to_models(
    tmp_path: Path, write_photographs: Callable[..., Path]
) -> None:
    from typer.testing import CliRunner

    labels = [("30-39", "male"), ("57", "female"), ("25", "male"), ("60-69", "female")]
    write_photographs(tmp_path / "faces", labels * 10)
    data, run, out = tmp_path / "prepared", tmp_path / "run", tmp_path / "models"

    def call(*words: str | Path) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    call("prepare", tmp_path / "faces", "-o", data, "--test", "0.25", "--validation", "0.25")
    assert (data / "sheet.png").stat().st_size > 1000
    grow(data, 500)
    fast = ["--width", "0.25", "--precision", "float32", "--epochs", "1", "--batch", "16", "--size", "64"]
    call("fit", "--data", data, "-o", run, *fast)
    assert (run / "log.csv").read_text(encoding="utf-8").count("\n") == 2
    trained = run / "model.keras"
    call("export", "--data", data, "--age", trained, "--gender", trained, "-o", out)

    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["version"] == 1
    for head in HEADS:
        entry = manifest["models"][head]
        model = keras.models.load_model(out / entry["keras"]["file"])
        assert model.input_shape == (None, 128, 128, 1)
        assert getattr(model, "optimizer", None) is None
        assert model.output_shape == (None, entry["output"]["size"])
        assert entry["metrics"]["litert_difference"]["mean"] < 0.5

    files = (out / "age.tflite", out / "gender.tflite")
    printed = call(
        "evaluate", *files, "--data", data, "-o", tmp_path / "report", "--manifest", out / "manifest.json"
    )
    assert "right age range" in printed
    figures = json.loads((tmp_path / "report" / "figures.json").read_text(encoding="utf-8"))
    assert figures["datasets"]["faces"]["gender"]["count"] >= 8
    assert (tmp_path / "report" / "report.html").exists()
