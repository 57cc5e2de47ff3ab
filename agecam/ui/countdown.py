"""The seconds before a recording: they can be seen, and stopped."""

from __future__ import annotations

from typing import Final

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

SECONDS: Final = 3
_STEP_MS: Final = 1000


class Countdown(QObject):
    """Counts down from :data:`SECONDS`; ``changed`` is emitted with each step, ``ended`` at 0 alone."""

    changed = pyqtSignal()
    ended = pyqtSignal()

    def __init__(self, parent: QObject, step_ms: int = _STEP_MS) -> None:
        super().__init__(parent)
        self._left = 0
        self._timer = QTimer(self)
        self._timer.setInterval(step_ms)
        self._timer.timeout.connect(self._step)

    @property
    def seconds_left(self) -> int:
        """0 where it does not count."""
        return self._left

    def start(self) -> None:
        """Count from the beginning."""
        self._left = SECONDS
        self._timer.start()
        self.changed.emit()

    def cancel(self) -> None:
        """Stop without an end; does nothing where it does not count."""
        self._timer.stop()
        if self._left:
            self._left = 0
            self.changed.emit()

    def _step(self) -> None:
        self._left -= 1
        if self._left:
            self.changed.emit()
        else:
            self._timer.stop()
            self.ended.emit()
