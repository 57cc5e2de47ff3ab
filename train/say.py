"""What the steps of training tell their caller while they work, one sentence at a time."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]


def silent(sentence: str) -> None:
    """Tell nobody."""
