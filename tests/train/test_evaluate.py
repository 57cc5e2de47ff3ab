"""Any model is measured on any labelled pictures: as stored, made worse, and as live use sees them."""

import json
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.align import TTA_VIEWS, align_tta
from agecam.vision.calibration import Calibration
from agecam.vision.detector import MediaPipeDetector
from train.answers import open_model, run_model
from train.conditions import CONDITIONS, Condition, turn
from train.data import DataError, Sample
from train.evaluate import Extras, collect, evaluate
from train.live import HARDER, PLAIN, live_looks, stores_by_name
from train.measure import all_figures, interval_holds, summary
from train.prepare import STORED_PX, central, load_crops, look_at
from train.table import Table, build_table


def table_of(*samples: Sample) -> Table:
    none = np.zeros(0, np.int64)
    return build_table(samples, np.arange(len(samples)), (none, none))


def peaks(*ages: float) -> NDArray[np.float32]:
    p = np.exp(-0.5 * (np.arange(101) - np.array(ages)[:, None]) ** 2)
    return (p / p.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, str], Path]:
    """A tiny random model with so many answers and such an activation, saved."""
    folder = tmp_path_factory.mktemp("models")

    def make(columns: int, activation: str) -> Path:
        path = folder / f"{columns}-{activation}.keras"
        if not path.exists():
            keras.utils.set_random_seed(3)
            picture = keras.Input((128, 128, 1))
            small = keras.layers.Flatten()(keras.layers.AveragePooling2D(16)(picture))
            answer = keras.layers.Dense(columns, activation, bias_initializer=keras.initializers.Constant(2))
            keras.Model(picture, answer(small)).save(path)
        return path

    return make


@pytest.fixture
def pictures(tmp_path: Path, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]) -> Path:
    """Three small photographs of two people, one of them twice, and one picture without a face."""
    folder = tmp_path / "faces"
    folder.mkdir()
    names = ("32_1_0_1.png", "32_1_0_2.png", "79_1_0_3.png", "50_0_0_4.png")
    astronaut, hopper = astronaut_bgr[20:220, 120:320], cv2.resize(hopper_bgr[30:330, 90:390], (200, 200))
    for name, image in zip(names, (astronaut, astronaut, hopper, hopper * 0 + 128), strict=True):
        cv2.imwrite(str(folder / name), image)
    return folder


def test_models_may_answer_with_distributions_years_or_one_or_two_genders(
    models: Callable[[int, str], Path],
) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (70, 128, 128), dtype=np.uint8)

    def answer(columns: int, activation: str) -> dict[str, NDArray[np.float32]]:
        return run_model(open_model(models(columns, activation)), faces)

    assert answer(101, "softmax")["age"].shape == (70, 101)
    assert answer(1, "softplus")["age"].shape == (70, 1)
    assert answer(1, "sigmoid")["gender"].shape == (70,)
    two = answer(2, "softmax")["gender"]
    raw = keras.models.load_model(models(2, "softmax")).predict_on_batch(faces[..., None] / np.float32(255))
    np.testing.assert_allclose(two, np.asarray(raw)[:, 1], atol=1e-5)
    with pytest.raises(DataError, match="7 values a face"):
        answer(7, "softmax")


def test_an_interval_holds_the_part_of_the_labelled_year_that_it_covers() -> None:
    low, high = np.array([20.0, 29.75, 30.25, 31, 0]), np.array([40.0, 40, 40, 40, 0.25])
    held = interval_holds(low, high, np.array([30.0, 30, 30, 30, 0]))
    np.testing.assert_allclose(held, [1, 0.75, 0.25, 0, 0.5])


def test_groups_gaps_and_confusions_agree_with_an_example_by_hand() -> None:
    young = [Sample("set", f"y{i}", 25, 25, True, "A") for i in range(30)]
    old = [Sample("set", f"o{i}", 65, 65, False, "B") for i in range(90)]
    outputs = {"age": peaks(*[27.0] * 30, *[59.0] * 90), "gender": np.full(120, 0.9, np.float32)}
    figures = all_figures(outputs, table_of(*young, *old), Calibration())
    assert figures["age"]["mae"] == pytest.approx((30 * 2 + 90 * 6) / 120, abs=0.01)
    assert figures["balanced"]["age_mae"] == pytest.approx(4, abs=0.01)
    assert figures["balanced"]["gender_accuracy"] == 0.5
    assert figures["gaps"]["race"]["age_mae"] == pytest.approx(4, abs=0.01)
    assert figures["gaps"]["age"]["gender_accuracy"] == 1
    assert figures["confusion"]["gender"] == [[0, 90], [0, 30]]
    assert figures["confusion"]["age"][7][6] == 90
    assert np.sum(figures["confusion"]["age"]) == 120
    assert set(summary(figures)) == {"age", "gender", "balanced"}
    assert figures["age"]["loss"] > figures["groups"]["decade"]["20-29"]["age"]["loss"] > 0


def test_a_range_of_any_kind_is_met_inside_it() -> None:
    table = table_of(Sample("set", "a", 25, 34, None), Sample("set", "b", 25, 34, None))
    figures = all_figures({"age": peaks(33, 36)}, table, Calibration())["range"]
    assert (figures["right_range"], figures["within_one_range"]) == (0.5, 1)
    years = all_figures({"age": np.array([[33], [36]], np.float32)}, table, Calibration())["range"]
    assert years["right_range"] == 0.5
    assert "loss" not in years


def test_raw_pictures_are_measured_whole_once_each_and_through_the_live_path(
    pictures: Path, models: Callable[[int, str], Path], tmp_path: Path
) -> None:
    files = [models(101, "softmax"), models(1, "sigmoid")]
    extras = Extras(conditions=True, live=(pictures,))
    figures = evaluate(files, pictures, tmp_path / "out", extras=extras)
    assert figures == json.loads((tmp_path / "out" / "figures.json").read_text(encoding="utf-8"))
    assert (figures["part"], figures["calibration"]["origin"]) == ("all", "none")
    # Duplicates count once, and what shows no face does not.
    assert figures["datasets"]["faces"]["age"]["count"] == 2
    assert len(figures["conditions"]) == len(CONDITIONS)
    plain = figures["conditions"][0]["figures"]["all"]
    assert plain["age_mae"] == pytest.approx(figures["all"]["age"]["mae"])
    assert figures["live"]["not_found"] == {"all": 0, "faces": 0}
    assert abs(figures["live"]["difference"]["all"]["age_mae"]) < 2
    assert [row["name"] for row in figures["live"]["harder"]] == list(HARDER)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Through the live path" in page
    assert "Means over 4 looks at each face" in page
    # The second time nothing has to be prepared, and plain years do as well.
    again = evaluate([models(1, "softplus")], pictures, tmp_path / "out")
    assert again["all"]["age"]["count"] == 2
    assert "interval_coverage" not in again["all"]["age"]


def test_faces_are_judged_by_all_looks_unless_one_is_asked_for(
    pictures: Path, models: Callable[[int, str], Path], tmp_path: Path
) -> None:
    model = models(1, "softplus")
    all_four = evaluate([model], pictures, tmp_path / "out")["all"]["age"]["mae"]
    prepared = tmp_path / "out" / "prepared"
    one_look = evaluate([model], prepared, tmp_path / "again", part="all", extras=Extras(one_look=True))
    table = Table.load(prepared)
    table = table.take(table.part == "test")
    stored = [load_crops(prepared)[row] for row in table.row]
    answers = [
        run_model(open_model(model), [look_at(crop, look) for crop in stored])["age"][:, 0]
        for look in TTA_VIEWS
    ]
    assert one_look["all"]["age"]["mae"] == pytest.approx(np.abs(answers[0] - table.age_low).mean(), abs=1e-4)
    assert all_four == pytest.approx(np.abs(np.mean(answers, axis=0) - table.age_low).mean(), abs=1e-4)
    assert all_four != pytest.approx(one_look["all"]["age"]["mae"], abs=1e-4)
    page = (tmp_path / "again" / "report.html").read_text(encoding="utf-8")
    assert "One look at each face" in page


def test_a_part_without_pictures_is_refused(
    pictures: Path, models: Callable[[int, str], Path], tmp_path: Path
) -> None:
    evaluate([models(1, "sigmoid")], pictures, tmp_path / "out")
    with pytest.raises(DataError, match="no pictures in its validation part"):
        evaluate([models(1, "sigmoid")], tmp_path / "out" / "prepared", tmp_path, part="validation")


def test_later_models_answer_for_earlier_ones(models: Callable[[int, str], Path]) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (2, STORED_PX, STORED_PX), dtype=np.uint8)
    table = table_of(Sample("set", "a", 1, 1, True), Sample("set", "b", 2, 2, True))
    outputs = collect([models(101, "softmax"), models(1, "softplus")], crops, table)
    assert outputs["age"].shape == (2, 1)


def test_live_looks_are_those_of_the_face_nearest_the_middle(
    pictures: Path, astronaut_bgr: NDArray[np.uint8]
) -> None:
    small = cv2.resize(astronaut_bgr, (200, 200), interpolation=cv2.INTER_AREA)
    wide = np.hstack([np.full((200, 120, 3), 200, np.uint8), small, small[:, ::-1]])
    cv2.imwrite(str(pictures / "32_1_0_5.png"), wide)
    table = table_of(
        Sample("faces", "32_1_0_5.png", 32, 32, True), Sample("faces", "50_0_0_4.png", 50, 50, False)
    )
    looks, found = live_looks(stores_by_name([pictures]), table)[PLAIN]
    assert found.tolist() == [True, False]
    with MediaPipeDetector() as detector:
        left = [look[0] for look in align_tta(wide, detector.search(wide))]
    assert np.abs(looks[:, 0].astype(int) - left).mean() < 3
    with pytest.raises(DataError, match="pictures of faces are needed"):
        live_looks({}, table)


@pytest.mark.parametrize("condition", CONDITIONS[1:], ids=lambda c: f"{c.kind} {c.name}")
def test_each_condition_changes_a_crop_and_leaves_its_shape(
    condition: Condition, astronaut_bgr: NDArray[np.uint8]
) -> None:
    stored = cv2.cvtColor(astronaut_bgr[40:200, 140:300], cv2.COLOR_BGR2GRAY)
    changed = condition.change(stored)
    assert (changed.shape, changed.dtype) == (stored.shape, np.uint8)
    assert np.abs(central(changed).astype(int) - central(stored)).mean() > 0.5
    np.testing.assert_array_equal(changed, condition.change(stored))


def test_smaller_faces_are_further_from_what_they_were(astronaut_bgr: NDArray[np.uint8]) -> None:
    stored = cv2.cvtColor(astronaut_bgr[40:200, 140:300], cv2.COLOR_BGR2GRAY)
    original = central(stored).astype(int)
    changes = [
        np.abs(central(condition.change(stored)) - original).mean()
        for condition in CONDITIONS
        if condition.kind == "face width"
    ]
    assert changes == sorted(changes)
    assert changes[-1] > 3 * changes[0]


def test_a_turned_picture_holds_all_of_it_and_turns_back(astronaut_bgr: NDArray[np.uint8]) -> None:
    turned = turn(turn(astronaut_bgr, 20), -20)
    top, left = ((np.array(turned.shape[:2]) - 512) // 2).tolist()
    back = turned[top : top + 512, left : left + 512]
    assert np.abs(back.astype(int) - astronaut_bgr).mean() < 8
