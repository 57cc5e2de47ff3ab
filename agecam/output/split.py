"""When a recording goes on in a new file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from agecam.errors import UsageError

_SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0}
_BYTES: Final = {"MB": 1_000_000, "GB": 1_000_000_000}
_UNITS: Final = {unit.lower(): unit for unit in (*_SECONDS, *_BYTES)}
_RULE: Final = re.compile(r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*([a-z]+)\s*", re.IGNORECASE | re.ASCII)
_LEAST_S: Final = 1.0
_LEAST_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class SplitRule:
    """No file of a recording is longer than ``seconds`` or larger than ``size_bytes``; one is set."""

    seconds: float | None = None
    size_bytes: int | None = None


def parse_split(text: str) -> SplitRule:
    """What "30s", "10min", "1h", "500MB" or "2GB" means; raises :class:`agecam.errors.UsageError`.

    >>> parse_split("10min")
    SplitRule(seconds=600.0, size_bytes=None)
    """
    found = _RULE.fullmatch(text)
    unit = _UNITS.get(found[2].lower()) if found is not None else None
    if found is not None and unit in _SECONDS:
        seconds = float(found[1]) * _SECONDS[unit]
        if seconds >= _LEAST_S:
            return SplitRule(seconds=seconds)
    elif found is not None and unit in _BYTES:
        size_bytes = round(float(found[1]) * _BYTES[unit])
        if size_bytes >= _LEAST_BYTES:
            return SplitRule(size_bytes=size_bytes)
    raise UsageError(
        f"A recording cannot be split every {text!r}; give a time of 1s or more, such as 10min or 1h, or a "
        "size of 1MB or more, such as 500MB or 2GB."
    )
