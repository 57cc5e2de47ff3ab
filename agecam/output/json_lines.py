"""What was seen, as JSON: one object a line."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agecam.messages import Detection, Estimate, Frame, Person
from agecam.output.rows import RowSink, RowWriter


def face_fields(face: Detection, estimate: Estimate | None) -> dict[str, Any]:
    """One face: its box in pixels of the image, its score, and what is estimated (``None`` where nothing is).

    Ages in years, ``age_low`` to ``age_high`` an 80 % interval, ``female`` a probability.
    """
    ages = ("age", "age_low", "age_high")
    return {
        "box": [round(value, 1) for value in face.box],
        "score": round(face.score, 3),
        **{name: None if estimate is None else round(getattr(estimate, name), 2) for name in ages},
        "female": None if estimate is None else round(estimate.female, 4),
    }


class JsonWriter(RowWriter):
    """Writes one object a line a frame, also of a frame without people; those not yet confirmed are left out.

    ``{"frame": 12, "time_s": 0.48, "people": [{"track": 1, "box": [x, y, width, height], "score": 0.98,
    "age": 34.5, "age_low": 28.1, "age_high": 41.0, "female": 0.91, "age_raw": 36.0, "female_raw": 0.8}]}``:
    the numbers of :class:`agecam.output.csv.CsvWriter`, ``null`` where that has an empty cell.

    Every method raises :class:`agecam.errors.OutputError`.
    """

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        """Add the line of a frame."""
        fields = {
            "frame": frame.index,
            "time_s": round(frame.time_s, 4),
            "people": [_person_fields(person) for person in people if person.confirmed],
        }
        self.add(json.dumps(fields) + "\n")


class JsonSink(RowSink):
    """Writes people as :class:`JsonWriter` does; see :class:`agecam.output.rows.RowSink`."""

    def new_writer(self, path: Path) -> JsonWriter:
        return JsonWriter(path)


def _person_fields(person: Person) -> dict[str, Any]:
    raw = person.raw
    return {
        "track": person.track_id,
        **face_fields(person.face, person.estimate),
        "age_raw": None if raw is None else round(raw.age, 2),
        "female_raw": None if raw is None or math.isnan(raw.female) else round(raw.female, 4),
    }
