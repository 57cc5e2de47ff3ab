"""What the window begins without, loaded before somebody waits for it."""

from __future__ import annotations

import importlib
from typing import Final

_MODULES: Final = (
    "agecam.output.recording",
    "agecam.output.csv",
    "agecam.output.image",
    "agecam.output.summary",
    "agecam.ui.camera_dialog",
    "agecam.ui.collect",
    "agecam.ui.help_dialog",
    "agecam.ui.help_texts",
    "agecam.ui.preferences",
)
"""Imported where they are used: sinks, FFmpeg above all, and dialogs."""


def load_the_rest() -> None:
    """For a thread of the background: the first click on "Record", or for a dialog, then takes no longer."""
    for name in _MODULES:
        importlib.import_module(name)
