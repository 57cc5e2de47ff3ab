"""What the window is started with. Nothing of Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StartOptions:
    """``spec`` ``None`` is the last camera used, else the first; ``record`` and ``csv`` begin at once."""

    spec: str | None = None
    loop: bool = False
    record: Path | None = None
    csv: Path | None = None
    fullscreen: bool = False
    quit_after_s: float | None = None
