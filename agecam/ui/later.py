"""The dialogs that the window begins without, loaded before somebody waits for them."""

from __future__ import annotations

from typing import Final

from agecam.lazy import load_modules

_MODULES: Final = (
    "agecam.ui.camera_dialog",
    "agecam.ui.collect",
    "agecam.ui.help_dialog",
    "agecam.ui.help_texts",
    "agecam.ui.preferences",
)


def load_dialogs() -> None:
    """For a thread of the background: the first click then takes no longer than others."""
    load_modules(_MODULES)
