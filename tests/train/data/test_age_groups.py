"""Many ages at once are grouped as single ones are."""

import numpy as np

from agecam.vision.age_groups import AGE_GROUP_STARTS, age_group
from train.data.age_groups import AGE_GROUP_NAMES, age_group_index


def test_groups_are_those_of_the_ranges() -> None:
    ages = np.array([0, 2, 2.6, 9, 10, 29.4, 30, 70, 100, np.nan])
    names = [AGE_GROUP_NAMES[index] if index >= 0 else "" for index in age_group_index(ages).tolist()]
    assert names == ["0-2", "0-2", "3-9", "3-9", "10-19", "20-29", "30-39", "70+", "70+", ""]


def test_groups_are_those_that_labels_print() -> None:
    ages = np.arange(-0.5, 101, 0.1)
    starts = [AGE_GROUP_STARTS[index] for index in age_group_index(ages)]
    assert starts == [age_group(age)[0] for age in ages.tolist()]
