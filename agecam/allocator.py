"""What the C library does with the memory of images that are over."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from typing import Final

# Numbers of <malloc.h>.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 128_000_000
"""At the end of the heap: the images of a frame of 4K on all their ways."""
_LARGEST_BYTES: Final = 32 << 20
"""Of one block; the most that glibc takes. An image of 3840 x 2160 has 25 million."""


def keep_freed_memory() -> None:
    """Have the memory of an image used again for the next one, where the C library is glibc.

    By itself it gives most of it back to the system, which clears each page of it before it is used again:
    300 pages a frame of 1280 x 720, a millisecond of processor time in `agecam annotate`.
    """
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):  # other C libraries have no such function
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
