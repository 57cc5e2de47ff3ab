"""Sentences for the user, kept until the window takes them."""

from __future__ import annotations

import enum
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

_KEPT: Final = 20
"""More than a window can miss between two looks at them; a window that never looks costs no memory."""


class NoticeKind(enum.Enum):
    """How a sentence is meant."""

    DONE = "done"
    WARNING = "warning"
    """Something is less than it should be, and goes on."""
    ERROR = "error"
    """Something was not done, or has ended."""


class Remedy(enum.Enum):
    """What the user can do about a notice at a click."""

    SHOW_IN_FOLDER = "show in folder"
    """See the file :attr:`Notice.path`."""
    CHOOSE_RECORDINGS_FOLDER = "choose recordings folder"
    CHOOSE_SNAPSHOTS_FOLDER = "choose snapshots folder"
    CHOOSE_COLLECTION_FOLDER = "choose collection folder"


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence for the user, and what can be done about it; what goes on is told by the states."""

    text: str
    kind: NoticeKind = NoticeKind.DONE
    remedy: Remedy | None = None
    path: Path | None = None

    @property
    def is_error(self) -> bool:
        """Whether something went wrong."""
        return self.kind is NoticeKind.ERROR


class Notices:
    """Takes sentences from any thread; each is logged, and kept until it is taken."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._waiting: deque[Notice] = deque(maxlen=_KEPT)

    def tell(self, text: str, remedy: Remedy | None = None, path: Path | None = None) -> None:
        """Something was done."""
        self.add(Notice(text, NoticeKind.DONE, remedy, path))

    def warn(self, text: str, remedy: Remedy | None = None, path: Path | None = None) -> None:
        """Something is less than it should be."""
        self.add(Notice(text, NoticeKind.WARNING, remedy, path))

    def error(self, text: str, remedy: Remedy | None = None, path: Path | None = None) -> None:
        """Something went wrong."""
        self.add(Notice(text, NoticeKind.ERROR, remedy, path))

    def take(self) -> list[Notice]:
        """What has come since the last call, oldest first."""
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        return waiting

    def add(self, notice: Notice) -> None:
        """Log it, and keep it until it is taken."""
        log.info("%s: %s", notice.kind.value, notice.text)
        with self._lock:
            self._waiting.append(notice)
        self._on_change()
