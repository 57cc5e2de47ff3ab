"""Closing the window: ask if a recording runs, end the session off the GUI thread, then go."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

log = logging.getLogger(__name__)


class Closing(QObject):
    """Decides about close events; ``finished`` is emitted once everything has ended and is saved.

    ``may_close`` asks the user where there is something to ask, ``finish`` ends everything and runs in a
    thread of its own, since it can take seconds.
    """

    started = pyqtSignal()
    confirmed = pyqtSignal()
    """The user has agreed; the window has to be closed again."""
    finished = pyqtSignal()
    _ended = pyqtSignal()

    def __init__(self, may_close: Callable[[], bool], finish: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._may_close = may_close
        self._finish = finish
        self._thread: threading.Thread | None = None
        self._is_asking = False
        self._is_finished = False
        self._ended.connect(self._join)

    @property
    def is_finished(self) -> bool:
        """Whether the window may go."""
        return self._is_finished

    def ask(self) -> None:
        """Ask, and emit ``confirmed`` where the user agrees.

        Not in the event: while a window asks in there it cannot be closed otherwise, as by a signal.
        """
        if self._thread is None:
            QTimer.singleShot(0, self._ask)

    def begin(self) -> None:
        """End everything, without a question."""
        if self._thread is not None:
            return
        self.started.emit()
        self._thread = threading.Thread(target=self._run, name="agecam-closing")
        self._thread.start()

    def _ask(self) -> None:
        if self._is_asking or self._thread is not None:
            return
        self._is_asking = True
        may_close = self._may_close()
        self._is_asking = False
        if may_close and self._thread is None:
            self.confirmed.emit()

    def _run(self) -> None:
        try:
            self._finish()
        finally:
            self._ended.emit()

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()
        self._is_finished = True
        self.finished.emit()
