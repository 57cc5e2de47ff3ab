"""File descriptor 2 kept quiet while libraries in C++ load a model."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator


class _Silence:
    """File descriptor 2 sent to nowhere while anybody, in any thread, asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = 0
        self._saved: int | None = None

    def begin(self) -> None:
        with self._lock:
            self._wanted += 1
            if self._wanted > 1:
                return
            try:
                self._saved = os.dup(2)
            except OSError:  # no stderr at all, as under pythonw
                return
            if sys.stderr is not None:
                sys.stderr.flush()
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, 2)
            os.close(devnull)

    def end(self) -> None:
        with self._lock:
            self._wanted -= 1
            if self._wanted or self._saved is None:
                return
            os.dup2(self._saved, 2)
            os.close(self._saved)
            self._saved = None


_silence = _Silence()


@contextlib.contextmanager
def silenced_stderr() -> Iterator[None]:
    """Send file descriptor 2 to nowhere: C++ code that logs before its log level can be set.

    Meant for the moment in which a model is loaded or released, and for nothing longer: other threads'
    messages are lost meanwhile. Threads that overlap share one silence, which ends with the last of them.
    """
    _silence.begin()
    try:
        yield
    finally:
        _silence.end()
