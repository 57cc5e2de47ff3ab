"""What was seen, as JSON: one object a line."""

from __future__ import annotations

from typing import Any

from agecam.messages import Detection, Estimate


def face_fields(face: Detection, estimate: Estimate | None) -> dict[str, Any]:
    """One face: its box in pixels of the image, its score, and what is estimated (``None`` where nothing is).

    Ages in years, ``age_low`` to ``age_high`` an 80 % interval, ``female`` a probability.
    """
    fields: dict[str, Any] = {
        "box": [round(value, 1) for value in face.box],
        "score": round(face.score, 3),
        "age": None,
        "age_low": None,
        "age_high": None,
        "female": None,
    }
    if estimate is not None:
        fields |= {name: round(getattr(estimate, name), 2) for name in ("age", "age_low", "age_high")}
        fields["female"] = round(estimate.female, 4)
    return fields
