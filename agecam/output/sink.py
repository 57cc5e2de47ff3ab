"""Sinks: what keeps something of the frames, each with a thread and a bounded queue of its own."""

from __future__ import annotations

import enum
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from agecam.errors import OutputError
from agecam.messages import Frame, Person

log = logging.getLogger(__name__)


class Sink(Protocol):
    """Takes frames and the people in them, and keeps something of them, on a thread of its own."""

    needs_drawing: bool
    """Whether :meth:`write` wants frames with boxes and labels drawn on them."""

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        """Take a frame; never waits for the disk unless the sink's policy says so."""

    def end(self) -> None:
        """No more frames come; returns at once, what is queued is still written."""

    def close(self) -> None:
        """:meth:`end`, then wait until everything is written and the thread has ended."""


class WhenFull(enum.Enum):
    """What becomes of a frame that finds the queue full."""

    DROP = "drop"
    """It is left out and counted; the others keep their times. For live sources."""
    WAIT = "wait"
    """Its writer waits until there is room. For files, which lose no frame."""


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """What a sink has done so far, of one moment."""

    path: Path | None
    """The file, once its name is known; ``None`` where none was kept."""
    written: int
    """Frames that are in the file."""
    dropped: int
    """Frames left out, because the queue was full or writing had failed."""
    seconds: float
    """Length of what is written, in seconds; 0 for what has none."""
    error: OutputError | None
    """Why writing ended early."""
    finished: bool
    """Whether the file is whole, or has been given up."""


@dataclass(frozen=True, slots=True)
class SinkConfig:
    """Sizes of the queues, in bytes, and times, in seconds."""

    frames_bytes: int = 100_000_000
    """Queue of sinks that keep images: 36 frames of 1280 x 720, more than a second of a camera, to ride over
    a pause of the disk; 4 frames of 3840 x 2160."""
    rows_bytes: int = 10_000_000
    """Queue of sinks that keep rows: about half a minute of ten people at 30 frames a second."""
    flush_every_s: float = 1.0
    """How far a table on the disk may be behind."""


DEFAULT_CONFIG: Final = SinkConfig()

_PERSON_BYTES: Final = 1_000
"""What a Person takes in memory, bytes: 670 to 830 on a clip of a classroom, by ``sys.getsizeof``."""

_Item = tuple[Frame, Sequence[Person]]


class QueuedSink:
    """A thread that takes frames from a bounded first-in-first-out queue. The base of all sinks.

    The queue holds ``capacity_bytes`` of images and people, of one frame at least. An image is not copied
    and must not change after :meth:`write`. After a failure no more frames are taken.

    ``on_finished`` is called with the sink, exactly once, from the sink's thread, when the file is whole or
    writing has failed; it may call any method. Do not hold a lock that it takes while calling
    :meth:`close`.

    A subclass gives :meth:`consume`, :meth:`finish` and, with ``idle_s``, :meth:`idle`. The base alone calls
    them, all from the sink's thread. Since the thread starts at once, the subclass calls this constructor
    last. It sets ``_path`` and ``_seconds`` as they become known.
    """

    needs_drawing: bool = True
    _path: Path | None = None
    _seconds: float = 0.0

    def __init__(
        self,
        name: str,
        *,
        when_full: WhenFull,
        capacity_bytes: int,
        on_finished: Callable[[Self], None] | None = None,
        idle_s: float | None = None,
    ) -> None:
        """``name`` follows "agecam-" in the thread's name; ``idle_s`` is how long without a frame is idle."""
        self._when_full = when_full
        self._capacity_bytes = capacity_bytes
        self._on_finished = None if on_finished is None else partial(on_finished, self)
        self._idle_s = idle_s
        self._changed = threading.Condition()
        self._items: deque[_Item] = deque()
        self._queued_bytes = 0
        self._written = 0
        self._dropped = 0
        self._ended = False
        self._finished = False
        self._error: OutputError | None = None
        self._thread = threading.Thread(target=self._run, name=f"agecam-{name}")
        self._thread.start()

    # -- for any thread ----------------------------------------------------------------------------

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        """Queue a frame; one that comes after :meth:`end` is left alone.

        Where the queue is full or writing has failed, :attr:`WhenFull.DROP` leaves the frame out and counts
        it, and :attr:`WhenFull.WAIT` waits or raises the :class:`agecam.errors.OutputError` of the failure.
        """
        self._offer(frame, people)

    def end(self) -> None:
        """No more frames come; returns at once, what is queued is still written."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def close(self) -> None:
        """:meth:`end`, then wait until all is written and the thread has ended; again does nothing.

        Raises nothing of the writing: see :meth:`raise_error`.
        """
        self.end()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def raise_error(self) -> None:
        """Raise the :class:`agecam.errors.OutputError` that ended the writing early, if one did."""
        with self._changed:
            error = self._error
        if error is not None:
            # A new one each time: an exception gathers the traceback of every place it is raised in.
            raise type(error)(str(error)) from error

    def status(self) -> SinkStatus:
        """What has been done so far."""
        with self._changed:
            return SinkStatus(
                self._path, self._written, self._dropped, self._seconds, self._error, self._finished
            )

    @property
    def queued_bytes(self) -> int:
        """What waits to be written, in bytes of memory."""
        return self._queued_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _offer(self, frame: Frame, people: Sequence[Person]) -> bool:
        """Queue a frame as the policy says; whether it was taken."""
        size = self.item_bytes(frame, people)
        waits = self._when_full is WhenFull.WAIT
        with self._changed:
            if self._ended and self._error is None:
                return False
            if waits:
                self._changed.wait_for(lambda: self._has_room(size) or self._ended or self._error is not None)
            taken = self._has_room(size) and not self._ended and self._error is None
            if taken:
                self._items.append((frame, people))
                self._queued_bytes += size
                self._changed.notify_all()
            else:
                self._dropped += 1
        if waits:
            self.raise_error()
        return taken

    def _has_room(self, size: int) -> bool:
        return not self._items or self._queued_bytes + size <= self._capacity_bytes

    def item_bytes(self, frame: Frame, people: Sequence[Person]) -> int:
        """What a queued frame takes in memory, in bytes."""
        return bytes_of(frame, people)

    # -- for the sink's thread ---------------------------------------------------------------------

    def consume(self, frame: Frame, people: Sequence[Person]) -> None:
        """Write one frame; the first one opens the file. Raises :class:`agecam.errors.OutputError`."""
        raise NotImplementedError

    def idle(self) -> None:
        """No frame has come for ``idle_s``: put on the disk what is held back. Raises the same."""

    def finish(self) -> None:
        """Finish the file, also after a failure and without a frame. Raises the same."""

    def lose_written(self) -> None:
        """Nothing of what was written can be read."""
        with self._changed:
            self._dropped += self._written
            self._written = 0

    def frame_failed(self, error: OutputError) -> None:
        """A frame could not be kept. Raises ``error``, but where the next one is to be tried all the same."""
        raise error

    def _run(self) -> None:
        for step in (self._consume_all, self.finish):
            error = self._attempt(step)
            if error is not None:
                self._give_up(error)
        with self._changed:
            self._ended = self._finished = True
        if self._on_finished is not None:
            self._call_back(self._on_finished)

    def _consume_all(self) -> None:
        """Consume until the end."""
        while True:
            with self._changed:
                is_awake = self._changed.wait_for(lambda: bool(self._items) or self._ended, self._idle_s)
                item = self._items.popleft() if self._items else None
                if item is not None:
                    self._queued_bytes -= self.item_bytes(*item)
                    self._changed.notify_all()
            if item is not None:
                self._consume(item)
            elif is_awake:
                return
            else:
                self.idle()

    def _consume(self, item: _Item) -> None:
        error = self._attempt(lambda: self.consume(*item))
        with self._changed:
            self._written += error is None
            self._dropped += error is not None
        if error is not None:
            self.frame_failed(error)

    def _give_up(self, error: OutputError) -> None:
        with self._changed:
            if self._error is None:  # the first says why
                self._error = error
            self._dropped += len(self._items)
            self._items.clear()
            self._queued_bytes = 0
            self._changed.notify_all()

    def _attempt(self, step: Callable[[], None]) -> OutputError | None:
        """Why ``step`` failed, as a sentence for the user; ``None`` where it did not."""
        try:
            step()
        except OutputError as error:
            return error
        except Exception as error:
            log.error("unexpected error in %s", self._thread.name, exc_info=True)
            path = self._path.name if self._path is not None else "The file"
            unexpected = OutputError(f"{path} could not be written to its end; the log says why. Try again.")
            unexpected.__cause__ = error
            return unexpected
        return None

    def _call_back(self, call: Callable[[], None]) -> None:
        """Call what was handed in; its failure is not the sink's."""
        try:
            call()
        except Exception:
            log.error("unexpected error in a callback of %s", self._thread.name, exc_info=True)


def bytes_of(frame: Frame, people: Sequence[Person]) -> int:
    """What a frame and its people take in memory, in bytes."""
    coded_bytes = 0 if frame.coded is None else frame.coded.nbytes
    return frame.image_bgr.nbytes + coded_bytes + _PERSON_BYTES * len(people)
