"""Which threads get the processor first where more want it than there are cores."""

from __future__ import annotations

import contextlib
import enum
import os
import sys


class Ahead(enum.IntEnum):
    """What works ahead of others, and by how much its niceness (``nice(2)``) is higher than theirs.

    Frames that are ready too soon help nobody, while whoever waits for an encoder waits for all. Medians of
    pairs on two cores, a classroom of seven: decoding ahead with any, 4 to 5 % more frames a second;
    detecting ahead with one, 7 % more in ``annotate``; decoding with more than detecting, 3 % in all.
    """

    DETECTING = 5
    DECODING = 10


def lower_priority(work: Ahead) -> None:
    """Have the calling thread leave the processor to others that want it, where threads can (Linux).

    So do the threads that it starts.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # some sandboxes forbid it
            os.nice(work)  # of this thread alone
