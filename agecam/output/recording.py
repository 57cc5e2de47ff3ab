"""Recording of live pictures without ever making the picture wait."""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.output.video import VideoWriter, check_target

# More than a second of a camera of 1280 x 720, to ride over a pause of the disk; 4 frames of 3840 x 2160.
_CAPACITY_BYTES = 100_000_000


class Recorder:
    """Writes a video from a thread of its own, fed by :meth:`put`, which never blocks.

    Between the two is a first-in-first-out queue of ``capacity_bytes``, of one frame at least. Drop policy:
    a frame that finds it full is left out and counted; the rest keep their times, so the video stays in pace.
    The first frame sets the size. After a failure :attr:`error` is set and no more frames are taken.
    """

    def __init__(
        self, path: Path | str, fps_hint: float | None = None, capacity_bytes: int = _CAPACITY_BYTES
    ) -> None:
        """Raises :class:`agecam.errors.OutputError` where no such file can be."""
        self.path = Path(path)
        check_target(self.path)
        self._fps_hint = fps_hint
        self._capacity_bytes = capacity_bytes
        self._queued_bytes = 0
        self._frames: deque[tuple[NDArray[np.uint8], float]] = deque()
        self._changed = threading.Condition()
        self._taken = 0
        self._written = 0
        self._seconds = 0.0
        self._dropped = 0
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
        """The length of what is written, in seconds."""
        return self._seconds

    @property
    def error(self) -> OutputError | None:
        """Why writing ended early; ``None`` while all is well."""
        return self._error

    def put(self, image_bgr: NDArray[np.uint8], time_s: float) -> bool:
        """Queues ``(height, width, 3)`` uint8, taken at ``time_s`` seconds; false where it was left out.

        The array is not copied and must not change afterwards.
        """
        with self._changed:
            if self._closed:
                return False
            is_full = bool(self._frames) and self._queued_bytes + image_bgr.nbytes > self._capacity_bytes
            if self._error is not None or is_full:
                self._dropped += 1
                return False
            self._frames.append((image_bgr, time_s))
            self._queued_bytes += image_bgr.nbytes
            self._taken += 1
            self._changed.notify()
            return True

    def close(self) -> None:
        """Writes what is queued, finishes the file and ends the thread; look at :attr:`error` afterwards."""
        with self._changed:
            self._closed = True
            self._changed.notify()
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
            with self._changed:
                self._error = error
                self._dropped += self._taken - self._written
                self._frames.clear()

    def _write_all(self) -> None:
        frame = self._next()
        if frame is None:
            return
        height, width = frame[0].shape[:2]
        with VideoWriter(self.path, width, height, self._fps_hint) as writer:
            while frame is not None:
                writer.write(*frame)
                self._written, self._seconds = writer.frames, writer.seconds
                frame = self._next()

    def _next(self) -> tuple[NDArray[np.uint8], float] | None:
        """The oldest frame in the queue, waited for; ``None`` once closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._closed)
            if not self._frames:
                return None
            frame = self._frames.popleft()
            self._queued_bytes -= frame[0].nbytes
            return frame
