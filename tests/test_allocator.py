"""Freed memory is given back, and threads share theirs."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_IN_SIX_THREADS = """
import ctypes, threading
from agecam.allocator import share_memory

if {shared}:
    share_memory()
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
_FREED = """
import ctypes
from agecam.allocator import give_back_freed
from agecam.live.memory import resident_mb

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
blocks = [libc.malloc(100_000) for _ in range(500)]
for block in blocks:
    ctypes.memset(block, 1, 100_000)
for block in blocks[:-1]:  # the last one keeps the others from being given back by themselves
    libc.free(block)
before_mb = resident_mb()
give_back_freed()
print(before_mb - resident_mb())
"""
glibc_alone = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="for the GNU C library alone")


def _run(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True, timeout=600)


@glibc_alone
def test_freed_memory_is_given_back() -> None:
    assert float(_run(_FREED).stdout) > 40, "of 50 MB"


@glibc_alone
@pytest.mark.parametrize("shared", [True, False])
def test_threads_share_one_pool_of_memory(shared: bool) -> None:
    pools = _run(_IN_SIX_THREADS.format(shared=shared)).stderr.count("Arena ")
    assert pools == 1 if shared else pools > 4
