"""The dialogs that the window begins without, loaded before somebody waits for them."""

from __future__ import annotations

import importlib
from typing import Final

_MODULES: Final = (
    "agecam.ui.camera_dialog",
    "agecam.ui.collect",
    "agecam.ui.help_dialog",
    "agecam.ui.help_texts",
    "agecam.ui.preferences",
)
"""Imported where they are used: dialogs."""


def load_dialogs() -> None:
    """For a thread of the background: the first click then takes no longer than others."""
    for name in _MODULES:
        importlib.import_module(name)
