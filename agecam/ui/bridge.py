"""From the session's threads to the GUI thread: one coalesced signal."""

from __future__ import annotations

import threading

from PyQt6.QtCore import QObject, Qt, pyqtSignal


class SessionBridge(QObject):
    """Turns any number of calls to :meth:`notify` into at most one waiting ``changed`` signal.

    A signal a frame would pile up without bound while the GUI thread is busy; with one flag, the window
    wakes once and pulls the newest of everything.
    """

    changed = pyqtSignal()
    _wake = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._pending = False
        self._detached = False
        self._wake.connect(self._deliver, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]

    def notify(self) -> None:
        """Callable from any thread; returns at once."""
        with self._lock:
            if self._pending or self._detached:
                return
            self._pending = True
        self._wake.emit()

    def detach(self) -> None:
        """Send nothing from now on: the window is going away."""
        with self._lock:
            self._detached = True

    def _deliver(self) -> None:
        with self._lock:
            self._pending = False
            detached = self._detached
        if not detached:
            self.changed.emit()
