"""Full screen and back, with a window manager or without."""

from __future__ import annotations

from typing import Final

from PyQt6.QtCore import QByteArray, QObject, QRect, QTimer
from PyQt6.QtWidgets import QWidget

_SETTLED_MS: Final = 300
"""By then a window manager has made a window as large as the screen."""


class FullScreen(QObject):
    """Fills the screen with a window, and gives it its place back.

    Without a window manager, as on a screen that shows nothing else, a window keeps its size whatever it asks
    for: then it is set here.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._windowed = QRect()
        self._saved: QByteArray | None = None
        """The geometry from before, while the window fills the screen."""
        self._has_filled = False

    def set(self, full: bool) -> None:
        """Show the window on the whole screen, or as it was before."""
        window = self._window
        if full:
            self._windowed, self._saved = window.geometry(), window.saveGeometry()
            window.showFullScreen()
            QTimer.singleShot(_SETTLED_MS, self._fill)
        else:
            self._saved = None
            window.showNormal()
            if self._has_filled:  # nobody else gives it its place back
                self._has_filled = False
                window.setGeometry(self._windowed)

    def windowed_geometry(self) -> QByteArray:
        """``QWidget.saveGeometry()`` of the window as it is, or was before it filled the screen.

        The next one would fill the screen otherwise, and not know it.
        """
        return self._window.saveGeometry() if self._saved is None else self._saved

    def _fill(self) -> None:
        window, screen = self._window, self._window.screen()
        if window.isFullScreen() and screen is not None and window.geometry() != screen.geometry():
            self._has_filled = True
            window.setGeometry(screen.geometry())
