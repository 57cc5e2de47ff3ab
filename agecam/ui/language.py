"""The language of the window: English in the code, and what translations there are."""

from __future__ import annotations


def tr(text: str, **values: object) -> str:
    """The text in the language of the window, with its ``{names}`` filled in."""
    return text.format(**values) if values else text
