"""Label texts: an estimate as a label prints it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from agecam.messages import Estimate
from agecam.vision.age_groups import age_group

AgeLabel = Literal["years", "group", "none"]

GENDER_SURE: Final = 0.75
"""Below this probability of either gender, it is printed as "?". Chosen: probabilities are
calibrated, so that at most one in four of the words printed at this value is wrong."""

AGE_UNSURE_YEARS: Final = 30
"""Above this width of the interval, years as printed, an age is printed as "?": one number would say more
than is known. Chosen: three groups of ages then come into question at least."""

_HALF_WIDTHS_OF_80_PERCENT: Final = 1.2816
"""Half an 80 % interval in standard deviations of a normal distribution."""
_MIN_DEVIATION_YEARS: Final = 0.1
"""Least standard deviation of an error, years, against division by zero where an interval has no width; far
below that of any real one."""


@dataclass(frozen=True, slots=True)
class LabelStyle:
    """What to draw of each person.

    ``age``: its number of years, its group, or nothing; the interval goes with all but groups. With
    ``show_confidence`` groups and genders are followed by their probability. ``blur`` makes faces
    unrecognisable, of people confirmed or not. ``size`` is that of texts as a multiple of the usual one;
    faces lower than ``smallest_face``, a part of the image's height, have a box and no label.
    """

    age: AgeLabel = "years"
    show_interval: bool = True
    show_gender: bool = True
    show_confidence: bool = False
    blur: bool = False
    size: float = 1.0
    smallest_face: float = 0.0


def gender_word(female: float) -> Literal["female", "male", "?"]:
    """The word for a probability of "female"; "?" where it is in doubt."""
    if female >= GENDER_SURE:
        return "female"
    return "male" if female <= 1 - GENDER_SURE else "?"


def is_age_unsure(estimate: Estimate) -> bool:
    """Whether the interval as printed is too wide for an age. Its ends do not flicker, so nor does this."""
    return round(estimate.age_high) - round(estimate.age_low) > AGE_UNSURE_YEARS


def group_probability(estimate: Estimate) -> float:
    """How likely the true age lies in the group that is printed, in [0, 1].

    Errors are taken as normal on each side of the age, as wide as the interval says.
    """
    first, last = age_group(estimate.age)
    below = 0.0 if first == 0 else _share_below(estimate, first - 0.5)
    return (1.0 if last is None else _share_below(estimate, last + 0.5)) - below


def _share_below(estimate: Estimate, age: float) -> float:
    end = estimate.age_low if age < estimate.age else estimate.age_high
    deviation = max(_MIN_DEVIATION_YEARS, abs(end - estimate.age) / _HALF_WIDTHS_OF_80_PERCENT)
    return 0.5 * (1 + math.erf((age - estimate.age) / (deviation * math.sqrt(2))))


def label_texts(estimate: Estimate, style: LabelStyle) -> tuple[str, tuple[str, ...]]:
    """The large text, empty where nothing is to be printed, and up to two small ones.

    An age too unsure for a number, or a group, is "?", followed by its interval where the style has one.
    """
    large = ""
    small: list[str] = []
    if style.age != "none" and is_age_unsure(estimate):
        large = "?"
    elif style.age == "years":
        large = f"{estimate.age:.0f}"
    elif style.age == "group":
        first, last = age_group(estimate.age)
        large = f"{first}+" if last is None else f"{first}–{last}"
        if style.show_confidence:
            small.append(_percent(group_probability(estimate)))
    if style.show_interval and (style.age != "group" or large == "?"):
        small.append(f"{estimate.age_low:.0f}–{estimate.age_high:.0f}")
    if style.show_gender:
        word: str = gender_word(estimate.female)
        if style.show_confidence and word != "?":
            word += f" {_percent(max(estimate.female, 1 - estimate.female))}"
        small.append(word)
    if not large and small:
        large = small.pop(0)
    return large, tuple(small)


def _percent(probability: float) -> str:
    # No estimate is certain: 99.6 % is not printed as 100 %.
    return f"{min(99, round(100 * probability))} %"
