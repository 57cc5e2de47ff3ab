"""What is fitted on some images holds for others, common ages and rare ones."""

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.vision.calibration import Calibration
from tests.train.samples import table_of_samples
from train.data.readers import Sample
from train.data.table import Table
from train.evaluate.calibrate import age_weights, calibrate, fit_age, fit_gender
from train.evaluate.groups import all_metrics
from train.evaluate.metrics import age_metrics, gender_metrics


def table_of(ages: NDArray[np.float64], female: NDArray[np.bool_] | None = None, width: float = 0) -> Table:
    return table_of_samples(
        Sample("set", f"{i}.jpg", age, age + width, None if female is None else bool(female[i]))
        for i, age in enumerate(ages.tolist())
    )


def crowd(random: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Ages, most of them in the twenties, and the distributions of one who knows that and sees dimly."""
    common = np.exp(-0.5 * ((np.arange(101) - 27) / 9) ** 2) + 0.05
    ages = random.choice(101, count, p=common / common.sum()).astype(float)
    seen = ages + random.normal(0, 7, count)
    likelihood = np.exp(-0.5 * ((np.arange(101) - seen[:, None]) / 7) ** 2)
    posterior = likelihood * common
    return ages, np.asarray(posterior / posterior.sum(axis=1, keepdims=True), np.float32)


def test_rare_ages_are_held_more_often_than_without_weights_at_the_same_share_of_all() -> None:
    random = np.random.default_rng(0)
    fitted_on, to_be_measured = crowd(random, 3000), crowd(random, 6000)
    calibration = fit_age(fitted_on[1], table_of(fitted_on[0]))
    table = table_of(to_be_measured[0])

    def worst(calibration: Calibration) -> float:
        decades = all_metrics({"age": to_be_measured[1]}, table, calibration)["groups"]["decade"]
        return float(min(values["age"]["interval_coverage"] for values in decades.values()))

    assert age_metrics(to_be_measured[1], table, calibration)["interval_coverage"] == pytest.approx(
        0.8, abs=0.02
    )
    assert worst(calibration) > worst(Calibration(calibration.temperature)) + 0.04 > 0.6


def test_weights_are_lowest_where_labels_are_and_no_age_weighs_beyond_bounds() -> None:
    twenties = table_of(np.random.default_rng(0).integers(20, 30, 500).astype(float))
    weights = dict(age_weights(twenties))
    assert weights[25.0] == 1
    assert min(weights.values()) == 1
    assert 4 < weights[85.0] < 40


def test_a_range_counts_for_all_its_decades() -> None:
    weights = dict(age_weights(table_of(np.full(100, 20.0), width=19)))
    assert weights[25.0] == pytest.approx(weights[35.0])
    assert weights[45.0] > 4


def test_a_range_of_old_people_is_cut_at_the_last_age() -> None:
    low, high = np.array([70.0, 105.0]), np.array([100.0, 110.0])
    samples = [Sample("set", f"{i}", a, b, None) for i, (a, b) in enumerate(zip(low, high, strict=True))]
    weights = dict(age_weights(table_of_samples(samples)))
    assert weights[85.0] == 1
    assert np.isfinite(list(weights.values())).all()


def test_calibration_repairs_overconfidence() -> None:
    random = np.random.default_rng(0)
    female = random.random(4000) < 0.5
    honest = random.normal(np.where(female, 1.5, -1.5), 1.5)
    ages, probabilities = crowd(random, 4000)
    table = table_of(ages, female)
    sharp = probabilities**4
    sharp /= sharp.sum(axis=1, keepdims=True)
    assert age_metrics(sharp, table, Calibration())["interval_coverage"] < 0.6
    fitted = fit_age(sharp, table)
    assert fitted.temperature == pytest.approx(4, rel=0.1)
    assert age_metrics(sharp, table, fitted)["interval_coverage"] == pytest.approx(0.8, abs=0.01)

    overconfident = (1 / (1 + np.exp(-(4 * honest + 1)))).astype(np.float32)
    before = gender_metrics(overconfident, table, Calibration())["ece"]
    after = gender_metrics(overconfident, table, fit_gender(overconfident, table))["ece"]
    assert after < 0.03 < before
    both = calibrate({"age": sharp, "gender": overconfident}, table)
    assert (both.temperature, both.slope) == (fitted.temperature, fit_gender(overconfident, table).slope)


def test_intervals_of_plain_years_hold_their_share_for_the_young_and_for_the_old() -> None:
    random = np.random.default_rng(0)

    def plain(count: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Errors grow with age, and predictions lean to the middle."""
        ages = random.uniform(5, 90, count)
        years = 40 + 0.7 * (ages - 40) + random.normal(0, 1 + ages / 10)
        return ages.round(), years[:, None].astype(np.float32)

    fitted_on, to_be_measured = plain(2000), plain(4000)
    calibration = fit_age(fitted_on[1], table_of(fitted_on[0]))
    table = table_of(to_be_measured[0])
    measured = age_metrics(to_be_measured[1], table, calibration)
    assert measured["interval_coverage"] == pytest.approx(0.8, abs=0.02)
    for low, high in ((0, 25), (25, 50), (50, 80)):
        near = (to_be_measured[1][:, 0] >= low) & (to_be_measured[1][:, 0] < high)
        some = age_metrics(to_be_measured[1][near], table.take(near), calibration)
        assert some["interval_coverage"] == pytest.approx(0.8, abs=0.04)
    young, old = calibration.age_residuals[0], calibration.age_residuals[-1]
    assert young[1] > 1.5 * young[2]  # labels lie below low predictions, and above high ones
    assert old[2] > 1.5 * old[1]
    assert sum(old[1:]) > 1.5 * sum(young[1:])


def test_plain_years_of_few_images_get_an_interval_too() -> None:
    few = fit_age(np.array([[30], [40], [50]], np.float32), table_of(np.array([33.0, 38, 50])))
    assert len(few.age_residuals) == 1
    assert few.age_residuals[0][0] == pytest.approx(40)


def test_what_has_no_label_stays_as_it_is() -> None:
    assert fit_age(np.full((3, 1), 30, np.float32), table_of(np.full(3, np.nan))) == Calibration()
    assert fit_age(np.full((3, 101), 1 / 101, np.float32), table_of(np.full(3, np.nan))) == Calibration()
    assert fit_gender(np.full(3, 0.5, np.float32), table_of(np.full(3, 20.0))) == Calibration()
