"""The groups that ages are put into: in labels that print groups, in splits and in metrics."""

from __future__ import annotations

from typing import Final

AGE_GROUP_STARTS: Final = (0, 3, 10, 20, 30, 40, 50, 60, 70)
"""First year of each age group, as FairFace has them (Karkkainen and Joo, "FairFace", WACV 2021)."""


def age_group(age: float) -> tuple[int, int | None]:
    """First and last year of the group that a printed age belongs to; the last group has no last year."""
    years = max(0, round(age))
    index = sum(start <= years for start in AGE_GROUP_STARTS) - 1
    last = AGE_GROUP_STARTS[index + 1] - 1 if index + 1 < len(AGE_GROUP_STARTS) else None
    return AGE_GROUP_STARTS[index], last
