"""Decoding in a thread of its own, a few frames ahead of the reader."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from agecam.messages import Frame
from agecam.priority import Ahead, lower_priority
from agecam.sources.base import Source

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

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

    That thread, and those of the decoder that it starts, leave the processor to others that want it; see
    :func:`agecam.priority.lower_priority`.

    A read that never returns, as from a network disk that is gone, keeps neither :meth:`close` waiting for
    more than ``close_s`` seconds nor the process alive; the other is then left as it is.

    ``on_read`` is called in the decoding thread with the duration of each read in milliseconds, the last one,
    which finds the end, included.
    """

    def __init__(
        self,
        source: Source,
        *,
        depth: int = 2,
        on_read: Callable[[float], None] | None = None,
        close_s: float = 5.0,
    ) -> None:
        self._source = source
        self._depth = depth
        self._on_read = on_read
        self._close_s = close_s
        self._decoder: _DaemonThread | None = None
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
        self._decoder = _DaemonThread("agecam-decode")
        with contextlib.ExitStack() as unless_opened:
            unless_opened.callback(self.close)
            self._decoder.submit(self._source.open).result()
            unless_opened.pop_all()
        self._frames.append(self._decoder.submit(self._read_next))

    def read(self) -> Frame | None:
        if self._decoder is None or not self._frames:
            return None
        frame = self._frames.popleft().result()
        if frame is None:
            self._frames.clear()
        else:
            depth = self._depth if frame.image_bgr.nbytes <= _MAX_BYTES else 1
            while len(self._frames) < depth:
                self._frames.append(self._decoder.submit(self._read_next))
        return frame

    def close(self) -> None:
        decoder, self._decoder = self._decoder, None
        if decoder is None:
            return
        self._frames.clear()
        closed = decoder.submit(self._source.close)
        if decoder.end(self._close_s):
            closed.result()
        else:
            _log.info("%s does not answer, and is not waited for any longer", self._source.name)

    def _read_next(self) -> Frame | None:
        started_s = time.perf_counter()
        frame = self._source.read()
        if self._on_read is not None:
            self._on_read((time.perf_counter() - started_s) * 1000)
        return frame


class _DaemonThread:
    """Does one thing after another. Other than those of an executor it is not waited for at the end."""

    def __init__(self, name: str) -> None:
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[], _T]) -> Future[_T]:
        future: Future[_T] = Future()
        self._waiting.put((future, call))
        return future

    def end(self, timeout_s: float) -> bool:
        """Do what waits, then end; whether that took no longer than ``timeout_s``."""
        self._waiting.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        lower_priority(Ahead.DECODING)
        while (item := self._waiting.get()) is not None:
            future, call = item
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - who waits for it raises it
                future.set_exception(error)
            del item, future, call  # else a frame would live until the next one
