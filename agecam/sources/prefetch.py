"""Decoding in a thread of its own, a few frames ahead of the reader."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from agecam.messages import Frame
from agecam.sources.base import Source

_MAX_BYTES: Final = 32_000_000
"""Of larger frames (4K has 25 million) only one is read ahead: each of 8K takes 100 MB."""


def each_frame(source: Source) -> Iterator[Frame]:
    """The frames of an open source until its end."""
    while (frame := source.read()) is not None:
        yield frame


class PrefetchSource:
    """A :class:`Source` that has the next ``depth`` frames of another ready.

    The other is opened, read and closed by one thread. Errors are raised by the call that would have raised
    them without it. Meant for what is read to its end; a camera's frames would only grow old.

    ``on_read`` is called in the decoding thread with the duration of each read in milliseconds, the last one,
    which finds the end, included.
    """

    def __init__(
        self, source: Source, *, depth: int = 2, on_read: Callable[[float], None] | None = None
    ) -> None:
        self._source = source
        self._depth = depth
        self._on_read = on_read
        self._executor: ThreadPoolExecutor | None = None
        self._frames: deque[Future[Frame | None]] = deque()

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def is_live(self) -> bool:
        return self._source.is_live

    @property
    def is_camera(self) -> bool:
        return self._source.is_camera

    @property
    def fps(self) -> float | None:
        return self._source.fps

    @property
    def frame_count(self) -> int | None:
        return self._source.frame_count

    def open(self) -> None:
        self.close()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="agecam-decode")
        with contextlib.ExitStack() as unless_opened:
            unless_opened.callback(self.close)
            self._executor.submit(self._source.open).result()
            unless_opened.pop_all()
        self._frames.append(self._executor.submit(self._read_next))

    def read(self) -> Frame | None:
        if self._executor is None or not self._frames:
            return None
        frame = self._frames.popleft().result()
        if frame is None:
            self._frames.clear()
        else:
            depth = self._depth if frame.image_bgr.nbytes <= _MAX_BYTES else 1
            while len(self._frames) < depth:
                self._frames.append(self._executor.submit(self._read_next))
        return frame

    def close(self) -> None:
        if self._executor is None:
            return
        self._frames.clear()
        self._executor.submit(self._source.close).result()
        self._executor.shutdown()
        self._executor = None

    def _read_next(self) -> Frame | None:
        started_s = time.perf_counter()
        frame = self._source.read()
        if self._on_read is not None:
            self._on_read((time.perf_counter() - started_s) * 1000)
        return frame
