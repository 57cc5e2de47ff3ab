"""Files that are decoded in a thread of their own, a few frames ahead of who reads them."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from agecam.messages import Frame
from agecam.sources.base import Source

_FRAMES_AHEAD: Final = 2


def each_frame(source: Source) -> Iterator[Frame]:
    """The frames of an open source until its end."""
    while (frame := source.read()) is not None:
        yield frame


class PrefetchSource:
    """A :class:`Source` that has the next frames of another ready.

    The other is opened, read and closed by one thread, which decodes two frames ahead at most. Errors come
    from the call in which they would have come without it. Meant for what is read to its end; a camera's
    frames would only grow old.
    """

    def __init__(self, source: Source, on_read: Callable[[float], None] | None = None) -> None:
        """``on_read`` is called in the decoding thread with the milliseconds that each read took."""
        self._source = source
        self._on_read = on_read
        self._thread: ThreadPoolExecutor | None = None
        self._frames: deque[Future[Frame | None]] = deque()

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def is_live(self) -> bool:
        return self._source.is_live

    @property
    def fps(self) -> float | None:
        return self._source.fps

    @property
    def frame_count(self) -> int | None:
        return self._source.frame_count

    def open(self) -> None:
        self.close()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="agecam-decode")
        with contextlib.ExitStack() as unless_opened:
            unless_opened.callback(self.close)
            self._thread.submit(self._source.open).result()
            unless_opened.pop_all()
        self._frames.extend(self._thread.submit(self.read_next) for _ in range(_FRAMES_AHEAD))

    def read(self) -> Frame | None:
        if self._thread is None or not self._frames:
            return None
        frame = self._frames.popleft().result()
        if frame is None:
            self._frames.clear()
        else:
            self._frames.append(self._thread.submit(self.read_next))
        return frame

    def read_next(self) -> Frame | None:
        """What the thread does for each frame."""
        started_s = time.perf_counter()
        frame = self._source.read()
        if self._on_read is not None:
            self._on_read((time.perf_counter() - started_s) * 1000)
        return frame

    def close(self) -> None:
        if self._thread is None:
            return
        self._frames.clear()
        self._thread.submit(self._source.close).result()
        self._thread.shutdown()
        self._thread = None
