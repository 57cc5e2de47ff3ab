"""What a report says of one input: messages that travel between processes, and to disk as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from agecam.messages import Estimate

AGE_BIN_YEARS: Final = 5
"""Width of a bar in a histogram of ages."""
AGE_BINS: Final = 101 // AGE_BIN_YEARS + 1
"""Ages reach from 0 to 100 years."""


@dataclass(frozen=True, slots=True)
class PersonReport:
    """One track, or one face of an image. Times in seconds of the input.

    ``estimate`` is the last fused one, ``None`` where the models were never run on it; ``seen_s`` is how long
    it was in view altogether; ``crop_jpeg`` the best crop as base64, empty where none is kept.
    """

    track_id: int
    estimate: Estimate | None
    first_s: float
    last_s: float
    seen_s: float
    crop_jpeg: str = ""


@dataclass(frozen=True, slots=True)
class CountOverTime:
    """How many people were in view: the mean over equal stretches of time from ``start_s`` on."""

    start_s: float = 0.0
    bin_s: float = 1.0
    means: tuple[float, ...] = ()
    most: int = 0
    """The most people at once."""


@dataclass(frozen=True, slots=True)
class InputReport:
    """All that a report says of one input.

    ``name`` is shown as it is, and so holds no secret of an address. ``people`` are in the order in which
    they came into view, ``more_people`` those who are counted alone. ``ages`` counts all of them who have an
    estimate by :data:`AGE_BIN_YEARS`, ``female`` and ``male`` by the likelier gender. ``error`` says why the
    input failed, and ``hides_faces`` that no crops were kept, on purpose.
    """

    name: str
    is_still: bool = False
    frames: int = 0
    duration_s: float = 0.0
    people: tuple[PersonReport, ...] = ()
    more_people: int = 0
    ages: tuple[int, ...] = (0,) * AGE_BINS
    female: int = 0
    male: int = 0
    count: CountOverTime = CountOverTime()
    error: str | None = None
    hides_faces: bool = False

    @property
    def number(self) -> int:
        """Of all people."""
        return len(self.people) + self.more_people

    def to_json(self) -> str:
        """One JSON object, which :meth:`from_json` understands."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Raises :class:`ValueError` for anything that is no report."""
        try:
            fields: dict[str, Any] = json.loads(text)
            people = (
                PersonReport(**{**one, "estimate": one["estimate"] and Estimate(**one["estimate"])})
                for one in fields.pop("people")
            )
            count = fields.pop("count")
            return cls(
                **{**fields, "ages": tuple(fields["ages"])},
                people=tuple(people),
                count=CountOverTime(**{**count, "means": tuple(count["means"])}),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError("not a report of an input") from error


def age_bin(age: float) -> int:
    """The index in :attr:`InputReport.ages` of an age in years."""
    return min(max(0, round(age)) // AGE_BIN_YEARS, AGE_BINS - 1)
