"""Labels become targets and weights."""

import numpy as np
import pytest

from agecam.vision.calibration import robust_age
from train.data.targets import Emphasis, age_targets, emphasis_weights, rarity_weights


def test_exact_age_becomes_a_distribution_about_it_wider_for_the_old() -> None:
    young, old = age_targets(np.array([10.0, 70.0]), np.array([10.0, 70.0]))
    assert robust_age(young[None, :101])[0] == pytest.approx(10, abs=0.01)
    assert young[:101].sum() == pytest.approx(1)
    assert young[:101].max() > 2 * old[:101].max()
    assert young[101:].tolist() == [10, 10, 1]


def test_range_becomes_a_membership_with_soft_edges() -> None:
    target = age_targets(np.array([30.0]), np.array([39.0]))[0]
    assert (target[30:40] == 1).all()
    assert 0.5 < target[40] < 1
    assert target[50] < 1e-6
    assert target[101:].tolist() == [30, 39, 0]


def test_unknown_age_becomes_a_row_of_zeros() -> None:
    assert not age_targets(np.array([np.nan]), np.array([np.nan])).any()


def test_rare_ages_weigh_more_and_all_weigh_one_on_average() -> None:
    low = np.array([25.0] * 90 + [80.0] * 10)
    weights = rarity_weights(low, low, 0.5)
    assert weights.mean() == pytest.approx(1)
    assert weights[-1] / weights[0] == pytest.approx(3, rel=0.05)
    np.testing.assert_allclose(rarity_weights(low, low, 0.0), 1)


def test_no_weight_is_beyond_bounds_and_unknown_ages_weigh_nothing() -> None:
    low = np.array([25.0] * 998 + [90.0, np.nan])
    weights = rarity_weights(low, low, 3.0)
    assert weights[-2] == 4
    assert weights[-1] == 0


def test_bounds_weigh_one_and_make_no_age_common() -> None:
    low = np.array([25.0] * 90 + [80.0] * 10)
    weights = rarity_weights(np.append(low, [0.0] * 50), np.append(low, [60.0] * 50), 0.5)
    np.testing.assert_array_equal(weights[:100], rarity_weights(low, low, 0.5))
    assert (weights[100:] == 1).all()


def test_emphasised_ages_weigh_more_by_the_middle_of_their_label() -> None:
    emphases = [Emphasis.parse("60-100=3"), Emphasis.parse("70-79=1.5")]
    low, high = np.array([59.0, 60, 70, 70, np.nan]), np.array([59.0, 69, 75, 100, np.nan])
    assert emphasis_weights(low, high, emphases).tolist() == [1, 3, 4.5, 3, 1]


@pytest.mark.parametrize("text", ["60-100", "60=3", "70-60=2", "60-100=0", "old=3"])
def test_what_is_no_emphasis_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="60-100=3"):
        Emphasis.parse(text)


def test_a_range_with_uncertain_ends_falls_off_more_slowly_and_an_uncertain_age_is_wider() -> None:
    low, high = np.array([45.0, 45, 50, 50]), np.array([52.0, 52, 50, 50])
    sharp, soft, exact, about = age_targets(low, high, np.array([np.nan, 5, np.nan, 5]))
    assert (soft[45:53] == 1).all()
    assert soft[57] == pytest.approx(np.exp(-0.5), abs=1e-6)
    assert sharp[57] < 0.01
    assert about[:101].sum() == pytest.approx(1)
    assert about[60] > 2 * exact[60]
