"""Recording of live pictures without ever making the picture wait."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.output.video import VideoWriter, check_suffix

# A second of a usual camera, about 80 MB at 1280 x 720: rides over a pause of the disk.
_CAPACITY = 30


class Recorder:
    """Writes a video from a thread of its own, fed by :meth:`put`, which never blocks.

    Between the two is a first-in-first-out queue of ``capacity`` frames. Drop policy: a frame that finds it
    full is left out and counted; the rest keep their times, so the video stays in pace. The first frame sets
    the size. After a failure :attr:`error` is set and no more frames are taken.
    """

    def __init__(self, path: Path | str, fps_hint: float | None = None, capacity: int = _CAPACITY) -> None:
        """Raises :class:`agecam.errors.OutputError` where such a file is not possible."""
        self.path = Path(path)
        check_suffix(self.path)
        if not self.path.parent.is_dir():
            raise OutputError(f"There is no folder {self.path.parent}; make it or choose another.")
        self._fps_hint = fps_hint
        self._queue: queue.Queue[tuple[NDArray[np.uint8], float] | None] = queue.Queue(capacity)
        self._lock = threading.Lock()
        self._dropped = 0
        self._written = 0
        self._seconds = 0.0
        self._error: OutputError | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="agecam-recorder")
        self._thread.start()

    @property
    def written(self) -> int:
        """How many frames are in the file."""
        return self._written

    @property
    def dropped(self) -> int:
        """How many frames were left out, because the queue was full or writing had failed."""
        return self._dropped

    @property
    def seconds(self) -> float:
        """How much is written, in seconds."""
        return self._seconds

    @property
    def error(self) -> OutputError | None:
        """Why writing ended early; ``None`` while all is well."""
        return self._error

    def put(self, image_bgr: NDArray[np.uint8], time_s: float) -> bool:
        """Queues ``(height, width, 3)`` uint8, taken at ``time_s`` seconds; false where it was left out.

        The array is not copied and must not change afterwards.
        """
        with self._lock:
            if self._closed:
                return False
            if self._error is None:
                try:
                    self._queue.put_nowait((image_bgr, time_s))
                except queue.Full:
                    pass
                else:
                    return True
            self._dropped += 1
            return False

    def close(self) -> None:
        """Writes what is queued, finishes the file and ends the thread; look at :attr:`error` afterwards."""
        with self._lock:
            first_time, self._closed = not self._closed, True
        if first_time:
            self._queue.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            self._write_all()
        except OutputError as error:
            self._error = error
            self._discard_rest()

    def _write_all(self) -> None:
        item = self._queue.get()
        if item is None:
            return
        height, width = item[0].shape[:2]
        with VideoWriter(self.path, width, height, self._fps_hint) as writer:
            while item is not None:
                writer.write(*item)
                self._written = writer.frames
                self._seconds = writer.seconds
                item = self._queue.get()

    def _discard_rest(self) -> None:
        """Keeps the queue empty until the end, so that :meth:`close` never waits for a place in it."""
        with self._lock:
            self._dropped += 1  # the frame that failed
        while self._queue.get() is not None:
            with self._lock:
                self._dropped += 1
