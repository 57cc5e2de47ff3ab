"""Where the window stands and how large it is, from one start to the next."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PyQt6.QtCore import QByteArray, QSettings, QSize
from PyQt6.QtWidgets import QWidget

_USUAL_SIZE: Final = QSize(1120, 760)
_LEAST_SIZE: Final = QSize(360, 240)
"""In a smaller window the bars would leave nothing of the picture."""


def restore_geometry(window: QWidget, settings_path: Path) -> None:
    """Give a window the place it had, else the usual size, or what the screen has room for."""
    screen = window.screen()
    room = _USUAL_SIZE if screen is None else screen.availableGeometry().size()
    window.setMinimumSize(_LEAST_SIZE)
    window.resize(_USUAL_SIZE.boundedTo(room))
    geometry = _store(settings_path).value("geometry")
    if geometry is not None:
        window.restoreGeometry(geometry)


def save_geometry(geometry: QByteArray, settings_path: Path) -> None:
    """Remember ``QWidget.saveGeometry()``; from any thread."""
    _store(settings_path).setValue("geometry", geometry)


def _store(settings_path: Path) -> QSettings:
    return QSettings(str(settings_path.with_name("window.ini")), QSettings.Format.IniFormat)
