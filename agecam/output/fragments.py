"""The ends of videos on disks that may be full."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agecam.output.kept import drop_unfinished_box

_HEAD_BYTES: Final = 4096
"""More than lies before the first fragment: 1 to 2 KB."""


@contextlib.contextmanager
def finishing(path: Path) -> Iterator[None]:
    """Write the end of a video at ``path`` in this block; where that fails, what was written stays playable.

    WORKAROUND: with "hybrid_fragmented" FFmpeg overwrites the index at the file's head before it writes the
    one at its end (mov_write_trailer in libavformat/movenc.c); a disk that fills between leaves neither.
    """
    head = b""
    with contextlib.suppress(OSError), path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            with path.open("r+b") as file:
                file.write(head)
            cut_to_whole_fragments(path)
        raise


def cut_to_whole_fragments(path: Path) -> None:
    """Cut a video whose writing was cut off so that all frames in it can be decoded; raises :class:`OSError`.

    Kinds of file without fragments can be played as they are; what is no video is left alone.
    """
    with path.open("rb") as file:
        is_boxed = file.read(_HEAD_BYTES)[4:8] == b"ftyp"
    if is_boxed:
        drop_unfinished_box(path)
