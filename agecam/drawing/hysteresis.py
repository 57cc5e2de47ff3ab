"""What is printed of a person changes only when it means something.

A fused age of 34.5 years, give or take a tenth, would flicker between 34 and 35. The printed number stays
until the fused one is clearly past the border of the next. Data (CSV, JSON, summaries) take the fused
estimates themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from agecam.drawing.label_text import GENDER_SURE, gender_word
from agecam.messages import Estimate, Person


@dataclass(frozen=True, slots=True)
class HysteresisConfig:
    """How far past a border an estimate must be before what is printed of it changes."""

    slack_years: float = 0.5
    """For the age and the ends of its interval, years: a printed number changes when the fused one is more
    than ``0.5 + slack_years`` from it. So an age that wanders by less than a year is one number."""
    gender_slack: float = 0.1
    """For the gender, a probability: a printed word changes when the fused one is so far past its border."""
    forget_s: float = 2.0
    """A track that has not been among the people for longer, seconds, is forgotten. The tracker gives a lost
    one up sooner, so it does not come back."""


DEFAULT_CONFIG: Final = HysteresisConfig()

_WITHIN_YEARS: Final = 0.49
"""What prints as a whole number is less than half a year from it."""
_WITHIN_DOUBT: Final = 0.001
"""What prints as a gender in doubt is less than the border of either word, by so much."""


class EstimateHysteresis:
    """Holds what is printed of each track. One for each stream of frames."""

    def __init__(self, config: HysteresisConfig = DEFAULT_CONFIG) -> None:
        self._config = config
        self._printed: dict[int, tuple[Estimate | None, float]] = {}
        """Of each track, what was printed last, and when it was last among the people."""
        self._last_s = 0.0

    def update(self, people: Sequence[Person], time_s: float) -> tuple[Person, ...]:
        """The same people at ``time_s`` seconds, with the estimates to print in place of the fused ones.

        With 0.5 years of slack an age to print stays within 0.51 years of the fused one, and so do the ends
        of its interval. Times must not decrease.
        """
        # Whoever was in the frame before is remembered, however slowly frames come.
        self._printed = {
            track_id: (estimate, seen_s)
            for track_id, (estimate, seen_s) in self._printed.items()
            if seen_s == self._last_s or time_s - seen_s <= self._config.forget_s
        }
        self._last_s = time_s
        return tuple(self._hold(person, time_s) for person in people)

    def reset(self) -> None:
        """Forget all tracks."""
        self._printed.clear()

    def _hold(self, person: Person, time_s: float) -> Person:
        before, _ = self._printed.get(person.track_id, (None, time_s))
        fused = person.estimate
        if fused is None:
            self._printed[person.track_id] = before, time_s
            return person
        held = fused if before is None else _held(fused, before, self._config)
        self._printed[person.track_id] = held, time_s
        return replace(person, estimate=held)


def _held(fused: Estimate, before: Estimate, config: HysteresisConfig) -> Estimate:
    """The estimate nearest to ``fused`` that prints as ``before`` does wherever that is still near enough."""
    age = _held_years(fused.age, before.age, config.slack_years)
    low = _held_years(fused.age_low, before.age_low, config.slack_years)
    high = _held_years(fused.age_high, before.age_high, config.slack_years)
    female = _held_gender(fused.female, before.female, config.gender_slack)
    return Estimate(age, min(age, low), max(age, high), female)


def _held_years(fused: float, before: float, slack: float) -> float:
    """The number nearest to ``fused`` that rounds as ``before`` does, unless it is well past that."""
    number = round(before)
    if abs(fused - number) > 0.5 + slack:
        return fused
    return min(max(fused, number - _WITHIN_YEARS), number + _WITHIN_YEARS)


def _held_gender(fused: float, before: float, slack: float) -> float:
    """The same for probabilities, where what is printed is a word."""
    low, high = {"female": (GENDER_SURE, 1.0), "male": (0.0, 1 - GENDER_SURE)}.get(
        gender_word(before), (1 + _WITHIN_DOUBT - GENDER_SURE, GENDER_SURE - _WITHIN_DOUBT)
    )
    if not low - slack <= fused <= high + slack:
        return fused
    return min(max(fused, low), high)
