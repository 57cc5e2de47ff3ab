"""Which threads get the processor first where more want it than there are cores."""

from __future__ import annotations

import contextlib
import enum
import os
import sys


class Ahead(enum.IntEnum):
    """What works ahead of others, and by how much its niceness (``nice(2)``) is higher than theirs.

    Frames that are ready too soon help nobody, while whoever waits for an encoder waits for all. On two cores
    ``annotate`` takes 0.92 times as long for a classroom of seven (median of pairs; 0.89 with 5 and 10), and
    files that are not encoded as long as before. But other programs go before it, too: beside two that never
    rest it takes a quarter longer (half as long again with 5 and 10), unless each session has its share of
    the processor (``sched_autogroup_enabled``), as on a desktop.
    """

    DETECTING = 3
    DECODING = 7


def lower_priority(work: Ahead) -> None:
    """Have the calling thread leave the processor to others that want it, where threads can (Linux).

    So do the threads that it starts.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # some sandboxes forbid it
            os.nice(work)  # of this thread alone
