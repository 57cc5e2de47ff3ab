"""Coverage counts people, not labels, and a labelled year at the edge of an interval by the part inside."""

import numpy as np
import pytest

from benchmarks.identity_coverage import PersonLabels, coverage

INSIDE = (31.0, 25.0, 35.0)
OUTSIDE = (50.0, 45.0, 60.0)


def labels(person: int, *of_person: tuple[float, float, float], age: float = 30.0) -> PersonLabels:
    return PersonLabels(person, age, of_person)


def test_each_person_counts_as_one_however_many_labels_they_have() -> None:
    group = coverage([labels(0, *[INSIDE] * 16), labels(1, OUTSIDE), labels(2, INSIDE, OUTSIDE)])
    assert group.held == pytest.approx(0.5)
    assert group.width_years == pytest.approx((10 + 15 + 12.5) / 3)
    assert group.error_years == pytest.approx((1 + 20 + 10.5) / 3)
    assert (group.people, group.labelled, group.films) == (3, 3, 3)


def test_a_labelled_year_at_the_edge_counts_by_half() -> None:
    assert coverage([labels(0, (35.0, 30.0, 40.0))]).held == pytest.approx(0.5)
    assert coverage([labels(0, (35.0, 29.5, 40.0))]).held == pytest.approx(1.0)


def test_the_confidence_interval_is_that_of_a_mean_over_people() -> None:
    people = [labels(person, INSIDE if person % 5 else OUTSIDE) for person in range(400)]
    group = coverage(people)
    assert group.held == pytest.approx(0.8)
    half_width = 1.96 * np.sqrt(0.8 * 0.2 / 400)
    assert group.held_low == pytest.approx(0.8 - half_width, abs=0.005)
    assert group.held_high == pytest.approx(0.8 + half_width, abs=0.005)


def test_films_and_labels_of_the_same_person_do_not_make_the_measure_more_exact() -> None:
    once = [labels(person, INSIDE if person % 5 else OUTSIDE) for person in range(100)]
    often = [labels(person, *[INSIDE if person % 5 else OUTSIDE] * 16) for person in range(100)]
    alone, thrice = coverage(once), coverage(often * 3)
    assert (thrice.held_low, thrice.held_high) == pytest.approx((alone.held_low, alone.held_high))
    assert (thrice.people, thrice.labelled) == (100, 300)


def test_who_has_no_label_is_told_and_not_counted() -> None:
    group = coverage([labels(0, INSIDE), labels(1)])
    assert (group.held, group.people, group.labelled, group.films) == (1.0, 1, 1, 2)


def test_a_group_without_any_label_has_no_coverage() -> None:
    group = coverage([labels(0)])
    assert np.isnan(group.held)
    assert np.isnan(group.held_low)
    assert (group.people, group.labelled, group.films) == (0, 0, 1)
