"""What the GNU C library does with memory that is freed; elsewhere nothing here does anything."""

from __future__ import annotations

import sys
from typing import Final

# Numbers of <malloc.h>.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_KEPT_BYTES: Final = 128_000_000
"""At the end of the heap: the images of a frame of 4K on all their ways."""
_LARGEST_BYTES: Final = 32 << 20
"""Of one block; the most that glibc takes. An image of 3840 x 2160 has 25 million."""


def keep_freed_memory() -> None:
    """Have the memory of an image used again for the next one; mallopt(3).

    By itself glibc gives most of it back to the system, which clears each page of it before it is used again:
    300 pages a frame of 1280 x 720, a millisecond of processor time in `agecam annotate`.
    """
    _call_glibc("mallopt", _M_MMAP_THRESHOLD, _LARGEST_BYTES)
    _call_glibc("mallopt", _M_TRIM_THRESHOLD, _KEPT_BYTES)


def share_memory() -> None:
    """Have threads share one pool of memory, where glibc would give each of them its own; mallopt(3).

    The threads of a session pass images to one another, and what one has freed in its own pool helps no
    other. Other pools than the first are given back as soon as they are empty, whatever is to be kept: 1,000
    to 3,000 pages a frame of 3840 x 2160, 0.1 of a core and more at 30 frames a second. For the start of a
    program: pools that are there already stay.
    """
    _call_glibc("mallopt", _M_ARENA_MAX, 1)


def give_back_freed() -> None:
    """Give the system back what is freed and kept to be used again; malloc_trim(3), 3 ms."""
    _call_glibc("malloc_trim", 0)


def _call_glibc(name: str, *arguments: int) -> None:
    """Call a function that the GNU C library alone has; nothing is done elsewhere."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*arguments)
