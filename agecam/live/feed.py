"""Every captured frame to the recording, those between two analysed ones with interpolated boxes."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from agecam.drawing.annotate import cover
from agecam.drawing.label_text import LabelStyle
from agecam.live.capture import Captured
from agecam.live.interpolation import DrawnFrame, draw_between
from agecam.live.pipeline import AnnotatedFrame
from agecam.messages import Frame, Person

log = logging.getLogger(__name__)


class FrameClaim(Protocol):
    """What a recording that ran when a frame was captured is owed: the frame, or word that it is lost.

    One of the two is called, once. A recording that was stopped meanwhile waits for it with its end.
    """

    @property
    def keeps_original(self) -> bool:
        """Whether the frame without labels is kept too, or alone."""
        ...

    def record(self, drawn: Frame, original: Frame, people: Sequence[Person]) -> None:
        """Record the frame with its labels drawn, and without; never waits.

        Where it ``keeps_original``, faces are covered in both where blurring is on.
        """

    def drop(self) -> None:
        """The frame will not come."""


class FrameRecorder(Protocol):
    """Where the frames go."""

    def claim(self) -> FrameClaim | None:
        """Called at the capture of each frame, in order; ``None`` where it is not to be recorded."""

    def count_lost(self, frames: int) -> None:
        """So many frames of the source were lost before they could be claimed."""

    def queued_bytes(self) -> int:
        """What the images take that were recorded and are not written yet."""
        ...


@dataclass(frozen=True, slots=True)
class FeedConfig:
    """Limits of the frames between capture and file."""

    capacity_bytes: int = 66_000_000
    """Images that wait, are drawn, or wait to be written, all together, bytes. On a busy machine all of it is
    in use: it is most of what a recording adds to the memory of the window."""
    usual_frames: int = 24
    """There is room for so many frames too, 0.8 s of a camera, 66 MB of 1280 x 720: the analysis takes 0.2 s
    for a frame of ten people on two slow cores, twice that passes until a frame that has just missed one, or
    one captured after it, has been analysed, and a disk may pause for as long."""
    most_bytes: int = 100_000_000
    """But for no more than this: 16 frames of 1920 x 1080; 4 of 3840 x 2160."""
    longest_wait_s: float = 2.0
    """So long a frame waits for the next analysis, as where a camera is pulled out and none comes: above what
    any frame takes, and short enough for who has stopped a recording."""

    def capacity_for(self, frame_bytes: int) -> int:
        """How many bytes frames of that size may take."""
        return max(self.capacity_bytes, min(self.usual_frames * frame_bytes, self.most_bytes))


DEFAULT_CONFIG: Final = FeedConfig()


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A captured frame on its way to a recording, with the label style of that moment."""

    captured: Captured
    style: LabelStyle
    claim: FrameClaim
    offered_s: float

    @property
    def size(self) -> int:
        return self.captured.frame.image_bgr.nbytes


@dataclass(frozen=True, slots=True)
class _Job:
    """A frame to be drawn, with the analyses before and after it, where there are any.

    Both are the frame's own where it has been analysed itself, and it alone has a ``plain_bgr`` then.
    """

    waiting: _Waiting
    before: AnnotatedFrame | None
    after: AnnotatedFrame | None

    @property
    def size(self) -> int:
        drawn_bgr = None if self.before is None else self.before.plain_bgr
        return self.waiting.size + (0 if drawn_bgr is None else drawn_bgr.nbytes)


class RecordingFeed:
    """Takes frames from capture and what is seen in some of them from analysis, and records all of them.

    A frame waits until one that was captured later, or it itself, has been analysed. Then it goes to the
    recording, in the order of capture: an analysed one as it was drawn, the others with the boxes between the
    two analyses and labels where the first of them has them. All that is drawn here is drawn in a
    thread of its own. With ``style.blur`` a frame between two analyses covers what both cover and the ways
    between; one without an analysis on either side is covered as a whole. So it is without labels.

    What does not fit into the capacity, of which the frames take their part that wait to be written, is left
    out: the newest of the frames that wait, but never one that is being analysed or about to be.
    """

    def __init__(
        self,
        recorder: FrameRecorder,
        config: FeedConfig = DEFAULT_CONFIG,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recorder = recorder
        self._config = config
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: deque[_Waiting] = deque()
        """In the order of capture, all later than the last analysed frame."""
        self._jobs: deque[_Job] = deque()
        self._bytes = 0
        self._in_analysis: Captured | None = None
        self._last: AnnotatedFrame | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="agecam-feed")

    def start(self) -> None:
        self._thread.start()

    def offer(self, captured: Captured, style: LabelStyle) -> None:
        """Take a frame if it is to be recorded; for the capture thread, before analysis can have it."""
        if captured.lost:
            self._recorder.count_lost(captured.lost)
        claim = self._recorder.claim()
        if claim is None:
            return
        waiting = _Waiting(captured, style, claim, self._clock())
        queued_bytes = self._recorder.queued_bytes()
        with self._changed:
            room = self._room_for(waiting, queued_bytes)
            evicted = self._newest_to_evict(waiting.size - room)
            for one in evicted:
                self._waiting.remove(one)
                self._bytes -= one.size
                room += one.size
            is_alone = not (self._bytes or queued_bytes)
            taken = not self._ended and (is_alone or waiting.size <= room)
            if taken:
                self._waiting.append(waiting)
                self._bytes += waiting.size
                if len(self._waiting) == 1:  # its wait is limited from now on
                    self._changed.notify()
        for one in reversed(evicted):
            one.claim.drop()
        if not taken:
            claim.drop()

    def begin_analysis(self, captured: Captured) -> bool:
        """Analysis of this frame begins; whether it is to be recorded, and so to be drawn unmirrored."""
        with self._changed:
            self._in_analysis = captured
            return any(waiting.captured is captured for waiting in self._waiting)

    def end_analysis(self, captured: Captured, annotated: AnnotatedFrame) -> None:
        """Analysis of this frame is done; ``annotated`` has its epoch."""
        with self._changed:
            while self._waiting and self._waiting[0].captured.number <= captured.number:
                waiting = self._waiting.popleft()
                if waiting.captured is captured:
                    drawn = replace(annotated, preview=None)
                    self._add(_Job(waiting, drawn, drawn))
                elif waiting.captured.epoch == captured.epoch:
                    self._add(_Job(waiting, self._before(waiting), _without_images(annotated)))
                else:
                    self._add(_Job(waiting, self._before(waiting), None))
            self._in_analysis = None
            self._last = annotated
            self._changed.notify()

    def end(self) -> None:
        """No frame is analysed any more: what waits is recorded without; nothing is taken from now on."""
        with self._changed:
            self._ended = True
            while self._waiting:
                self._release_oldest()
            self._changed.notify()

    def close(self) -> None:
        """:meth:`end`, and wait until all is recorded."""
        self.end()
        if self._thread.ident is None:
            self._run()
        else:
            self._thread.join()

    def _room_for(self, waiting: _Waiting, queued_bytes: int) -> int:
        """Bytes that are free, beside so many in the recording's queue; less than 0 where too much is taken.

        What is drawn of an analysed frame comes on top when it is there.
        """
        return self._config.capacity_for(waiting.size) - self._bytes - queued_bytes

    def _newest_to_evict(self, missing_bytes: int) -> Sequence[_Waiting]:
        """What has to go so that so much more is free, the newest first; nothing where that is not enough.

        Analysis takes none of those that wait any more, since a newer one comes now.
        """
        evicted: list[_Waiting] = []
        for waiting in reversed(self._waiting):
            if missing_bytes <= 0:
                break
            if waiting.captured is not self._in_analysis:
                evicted.append(waiting)
                missing_bytes -= waiting.size
        return evicted if missing_bytes <= 0 else ()

    def _before(self, waiting: _Waiting) -> AnnotatedFrame | None:
        last = self._last
        if last is None or last.epoch != waiting.captured.epoch:
            return None
        return _without_images(last)

    def _add(self, job: _Job) -> None:
        self._jobs.append(job)
        self._bytes += job.size - job.waiting.size

    def _release_oldest(self) -> None:
        """Without an analysis that follows."""
        waiting = self._waiting.popleft()
        self._add(_Job(waiting, self._before(waiting), None))

    # -- for the feed's thread ---------------------------------------------------------------------

    def _run(self) -> None:
        while (job := self._next_job()) is not None:
            waiting = job.waiting
            try:
                drawn = _drawn(job)
                original = _original(job, drawn)
            except Exception:
                log.error("unexpected error while a frame was drawn for the recording", exc_info=True)
                waiting.claim.drop()
            else:
                frame = waiting.captured.frame
                waiting.claim.record(replace(frame, image_bgr=drawn.image_bgr), original, drawn.people)
            with self._changed:
                self._bytes -= job.size

    def _next_job(self) -> _Job | None:
        with self._changed:
            while True:
                overdue_s = self._clock() - self._config.longest_wait_s
                while self._waiting and self._waiting[0].offered_s <= overdue_s:
                    self._release_oldest()
                if self._jobs:
                    return self._jobs.popleft()
                if self._ended:
                    return None
                left_s = self._waiting[0].offered_s - overdue_s if self._waiting else None
                self._changed.wait(left_s)


def _without_images(annotated: AnnotatedFrame) -> AnnotatedFrame:
    """Other frames need none of it."""
    return replace(annotated, preview=None, plain_bgr=None)


def _drawn(job: _Job) -> DrawnFrame:
    """The frame with its labels."""
    frame, style, before = job.waiting.captured.frame, job.waiting.style, job.before
    drawn_bgr = before.plain_bgr if before is not None and before.analysis.frame is frame else None
    if before is not None and drawn_bgr is not None and (before.style.blur or not style.blur):
        return DrawnFrame(drawn_bgr, before.analysis.people, before.covered if before.style.blur else ())
    # Not analysed itself, or captured before somebody turned the covers off.
    return draw_between(frame, style, before, job.after)


def _original(job: _Job, drawn: DrawnFrame) -> Frame:
    """The frame without its labels, and with the faces covered that are covered with them."""
    frame = job.waiting.captured.frame
    if not (drawn.covered and job.waiting.claim.keeps_original):
        return frame
    return replace(frame, image_bgr=cover(frame.image_bgr, drawn.covered))
