"""An end also where the main thread waits in a library for what never comes."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Final

GRACE_S: Final = 30.0
"""Seconds from a signal to the end: more than any command takes to finish its files on a slow disk."""
_NOTICE: Final = b"agecam: A file or device does not answer; the program has ended without waiting for it.\n"


@contextlib.contextmanager
def ended_when_stuck(grace_s: float = GRACE_S) -> Iterator[None]:
    """End the process ``grace_s`` seconds after a signal that has not ended it, until the block is left.

    Python calls its handlers between two of its own instructions, and so never while a decoder reads from a
    network disk that is gone; but it notes every signal on a socket at once, and a thread of its own waits
    there. The exit code is 128 and the signal's number. Only in the main thread, and not on Windows, where
    Ctrl-C and its like end such reads.
    """
    if threading.current_thread() is not threading.main_thread() or os.name != "posix":
        yield
        return
    signals, noted = socket.socketpair()
    noted.setblocking(False)
    before = signal.set_wakeup_fd(noted.fileno(), warn_on_full_buffer=False)
    left = threading.Event()
    watcher = threading.Thread(
        target=_watch, args=(signals, left, grace_s), name="agecam-signals", daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        left.set()
        signal.set_wakeup_fd(before)
        noted.close()
        watcher.join()
        signals.close()


def _watch(signals: socket.socket, left: threading.Event, grace_s: float) -> None:
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    while numbers := signals.recv(1):
        if numbers[0] not in ending:
            continue
        if left.wait(grace_s):
            return
        for process in multiprocessing.active_children():
            process.kill()
        with contextlib.suppress(OSError):
            os.write(2, _NOTICE)
        os._exit(128 + numbers[0])
