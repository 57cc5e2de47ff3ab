"""What the window asks of the desktop around it; tests hand in one of their own."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QApplication


class Desktop:
    """The desktop that the window is on."""

    def open_path(self, path: Path) -> None:
        """Show a folder or a file in the program that is usual for it."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

    def play_sound(self) -> None:
        """The short sound of the system."""
        QApplication.beep()
