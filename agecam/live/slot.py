"""A slot that holds the newest value only: the hand-over between a fast and a slow thread."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestSlot(Generic[T]):
    """Newest wins: a value that was not taken in time is replaced by the next, and counted as dropped."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._value: T | None = None
        self._closed = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many values were replaced before anyone took them."""
        with self._condition:
            return self._dropped

    @property
    def is_closed(self) -> bool:
        """Whether no value comes any more."""
        with self._condition:
            return self._closed

    def put(self, value: T) -> None:
        """Offer a value; never waits."""
        with self._condition:
            if self._closed:
                return
            if self._value is not None:
                self._dropped += 1
            self._value = value
            self._condition.notify()

    def take(self, timeout_s: float | None = None) -> T | None:
        """Take the newest value, waiting for it; ``None`` after ``timeout_s`` seconds or once closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._value is not None or self._closed, timeout_s)
            value, self._value = self._value, None
            return value

    def clear(self) -> None:
        """Forget a value that nobody took, without counting it."""
        with self._condition:
            self._value = None

    def close(self) -> None:
        """Wake whoever waits; nothing is put from now on."""
        with self._condition:
            self._closed = True
            self._value = None
            self._condition.notify_all()
