"""What a file holds besides its video, for a new video of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CarriedStreams:
    """The sound, subtitles, chapters and title of ``source``, from ``start_s`` until before ``end_s``.

    Times are in seconds from the start of the file, which players call 0; ``None``: until its end.
    """

    source: Path
    start_s: float = 0.0
    end_s: float | None = None
