"""Every printed age belongs to one group."""

import pytest

from agecam.vision.age_groups import AGE_GROUP_STARTS, age_group


@pytest.mark.parametrize(
    ("age", "group"),
    [(-1, (0, 2)), (2.4, (0, 2)), (2.6, (3, 9)), (29.4, (20, 29)), (30, (30, 39)), (100, (70, None))],
)
def test_group_is_that_of_the_rounded_age(age: float, group: tuple[int, int | None]) -> None:
    assert age_group(age) == group


def test_groups_follow_one_another_without_a_gap() -> None:
    groups = [age_group(start) for start in AGE_GROUP_STARTS]
    assert [last + 1 for _, last in groups if last is not None] == list(AGE_GROUP_STARTS[1:])
