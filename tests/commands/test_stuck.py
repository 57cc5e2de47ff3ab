"""A main thread that waits in a library for what never comes does not keep the process alive."""

import os
import signal
import subprocess
import sys

import pytest

from agecam.commands.stuck import ended_when_stuck

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

# A lock of the C library that is taken twice: no signal ends that, as with a read from a disk that is gone.
STUCK = """
import ctypes, multiprocessing, signal, sys
from agecam.commands.stuck import ended_when_stuck
def forever(connection):
    connection.send("there")
    connection.recv()
if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    child = multiprocessing.get_context("fork").Process(target=forever, args=(theirs,), daemon=True)
    child.start()
    ours.recv()
    library, lock = ctypes.CDLL(None), ctypes.create_string_buffer(256)
    with ended_when_stuck(0.2):
        print(child.pid, flush=True)
        library.pthread_mutex_lock(lock)
        library.pthread_mutex_lock(lock)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_what_is_stuck_and_its_processes(number: signal.Signals, code: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert int(process.stdout.readline()) > 0
    process.send_signal(number)
    # Ends when nobody holds the pipes any more: the child does too.
    _, err = process.communicate(timeout=300)
    assert process.returncode == code
    assert err == "agecam: A file or device does not answer; the program has ended without waiting for it.\n"


def test_a_command_that_ends_in_time_is_left_alone() -> None:
    with pytest.raises(KeyboardInterrupt), ended_when_stuck(300):
        signal.raise_signal(signal.SIGINT)
    assert signal.set_wakeup_fd(-1) == -1
