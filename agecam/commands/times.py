"""Times as people write them."""

from __future__ import annotations

import re
from typing import Final

from agecam.errors import UsageError
from agecam.options import Codec

_TIME: Final = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d*)?|\.\d+)", re.ASCII)


def parse_time(text: str) -> float:
    """Seconds from ``83.5``, ``1:23.5`` or ``0:01:23.5``; raises :class:`UsageError` for what is no time.

    >>> parse_time("0:01:02.5")
    62.5
    """
    found = _TIME.fullmatch(text.strip())
    hours, minutes, seconds = found.groups() if found else ("", "", "")
    if not found or (minutes and float(seconds) >= 60) or (hours and int(minutes) >= 60):
        raise UsageError(f"“{text}” is no time; write seconds (83.5), or 1:23.5, or 0:01:23.5.")
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)


TIME: Final = Codec(
    str | None,
    lambda seconds: None if seconds is None else str(seconds),
    lambda text: None if text is None else parse_time(text),
)
"""A time in seconds, or none, on the command line."""
