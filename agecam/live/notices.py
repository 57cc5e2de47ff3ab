"""Sentences for the user, kept until the window takes them."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

log = logging.getLogger(__name__)

_KEPT: Final = 20
"""More than a window can miss between two looks at them; a window that never looks costs no memory."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence for the user. Text alone: what goes on is told by the states."""

    text: str
    is_error: bool = False


class Notices:
    """Takes sentences from any thread; each is logged, and kept until it is taken."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._waiting: deque[Notice] = deque(maxlen=_KEPT)

    def tell(self, text: str) -> None:
        """Something was done."""
        self._add(Notice(text))

    def error(self, text: str) -> None:
        """Something went wrong."""
        self._add(Notice(text, is_error=True))

    def take(self) -> list[Notice]:
        """What has come since the last call, oldest first."""
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        return waiting

    def _add(self, notice: Notice) -> None:
        log.info("%s", notice.text)
        with self._lock:
            self._waiting.append(notice)
        self._on_change()
