"""How much memory the process holds, and what keeps it from holding more than it uses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

_STATM: Final = Path("/proc/self/statm")
_M_ARENA_MAX: Final = -8
"""Of malloc.h of the GNU C library."""
_MOST_ARENAS: Final = 2


def limit_arenas() -> None:
    """Have threads share two pools of memory, where the GNU C library would give each of them its own.

    mallopt(3), M_ARENA_MAX. The threads of a session pass images to one another, and what one has freed in
    its own pool helps no other. For the start of a program: pools that are there already stay. Does nothing
    where there is another C library.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _MOST_ARENAS)


def give_back_freed() -> None:
    """Give the system back what is freed and kept to be used again; malloc_trim(3), 3 ms.

    Does nothing where there is no GNU C library.
    """
    malloc_trim = _of_glibc("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function that the GNU C library alone has; ``None`` elsewhere."""
    if sys.platform != "linux":
        return None
    import ctypes

    found: Callable[..., int] | None = getattr(ctypes.CDLL(None), name, None)
    return found


def resident_mb() -> float | None:
    """Resident memory now, MB of 10^6 bytes; on macOS the most so far, and ``None`` where it is not known."""
    if sys.platform == "linux":
        import resource

        try:
            pages = int(_STATM.read_text(encoding="ascii").split()[1])
        except (OSError, ValueError, IndexError):  # a container without /proc
            return None
        return pages * resource.getpagesize() / 1e6
    if sys.platform == "win32":
        return _working_set_mb()
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _working_set_mb() -> float | None:
    """``GetProcessMemoryInfo`` of the present process, psapi.h."""
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        _fields_ = (
            ("cb", wintypes.DWORD),
            ("page_faults", wintypes.DWORD),
            ("peak_working_set", ctypes.c_size_t),
            ("working_set", ctypes.c_size_t),
            ("others", ctypes.c_size_t * 6),
        )

    windll = getattr(ctypes, "windll", None)
    if windll is None:
        return None
    counters = Counters(cb=ctypes.sizeof(Counters))
    windll.kernel32.GetCurrentProcess.restype = wintypes.HANDLE
    process = wintypes.HANDLE(windll.kernel32.GetCurrentProcess())
    if not windll.kernel32.K32GetProcessMemoryInfo(process, ctypes.byref(counters), counters.cb):
        return None
    return float(counters.working_set) / 1e6
