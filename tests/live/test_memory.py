"""What the process holds of memory, and what keeps that small."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_IN_SIX_THREADS = """
import ctypes, threading
from agecam.live.memory import limit_arenas

if {limited}:
    limit_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
together = threading.Barrier(6)

def allocate():
    libc.malloc(1000)
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc.malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="for the GNU C library alone")
@pytest.mark.parametrize("limited", [True, False])
def test_threads_share_two_pools_of_memory(limited: bool) -> None:
    code = _IN_SIX_THREADS.format(limited=limited)
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=_ROOT, capture_output=True, text=True, check=True, timeout=600
    )
    pools = ended.stderr.count("Arena ")
    assert pools == 2 if limited else pools > 4
