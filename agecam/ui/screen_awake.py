"""Keeps the screen from blanking while somebody watches or records."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

log = logging.getLogger(__name__)

_RELEASED_WITHIN_S: Final = 2.0
"""Closing waits no longer for a system that does not answer; what it has granted ends with the process."""


class Inhibitor(Protocol):
    """One way to ask the system; may block, and is called in one thread alone."""

    def inhibit(self) -> bool:
        """Ask that the screen stays on; whether that is granted."""

    def release(self) -> None:
        """Take back what was granted."""


class ScreenAwake:
    """Asks the system in a thread of its own, so that no window waits for one that does not answer.

    ``make_inhibitors`` is called in that thread, and gives the ways to ask; the first that is granted holds
    until it is not wanted any more. There is no thread before the first wish.
    """

    def __init__(self, make_inhibitors: Callable[[], Sequence[Inhibitor]]) -> None:
        self._make_inhibitors = make_inhibitors
        self._changed = threading.Condition()
        self._is_wanted = False
        self._is_closed = False
        # A daemon: a bus that hangs must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name="agecam-awake", daemon=True)

    def keep(self, wanted: bool) -> None:
        """Whether the screen is to stay on from now on; returns at once."""
        with self._changed:
            if wanted == self._is_wanted or self._is_closed:
                return
            self._is_wanted = wanted
            self._changed.notify()
            if self._thread.ident is None:
                self._thread.start()

    def close(self) -> None:
        """Take back what was granted, for good; waits for that a little while."""
        with self._changed:
            self._is_wanted, self._is_closed = False, True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(_RELEASED_WITHIN_S)
            if self._thread.is_alive():
                log.info("the system does not answer; what keeps the screen on ends with the process")

    def _run(self) -> None:
        inhibitors = self._make_inhibitors()
        granted: Inhibitor | None = None
        has_asked = False
        while True:
            with self._changed:
                self._changed.wait_for(lambda asked=has_asked: self._is_wanted != asked or self._is_closed)  # type: ignore[misc]
                has_asked = self._is_wanted
            if has_asked:
                granted = next((one for one in inhibitors if _inhibits(one)), None)
                log.info(
                    "the screen %s", "stays on" if granted else "may blank: the system keeps it on for nobody"
                )
            elif granted is not None:
                granted.release()
                granted = None
                log.info("the screen may blank")
            if self._is_closed and not has_asked:
                return


def _inhibits(one: Inhibitor) -> bool:
    try:
        return one.inhibit()
    except Exception:  # whatever a stranger's service answers: nothing else depends on it
        log.info("%s has failed", type(one).__name__, exc_info=True)
        return False
