"""The recording: one state, and its only owner."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agecam.live.notices import Notices
from agecam.messages import Frame, Person
from agecam.output import VideoSink


class RecordingPhase(enum.Enum):
    """How far a recording has come."""

    OFF = "off"
    WAITING = "waiting"
    """Asked for; begins with the next frame."""
    ON = "on"
    FINISHING = "finishing"
    """No more frames are taken; the file is being completed."""


@dataclass(frozen=True, slots=True)
class RecordingState:
    """Where the latest recording stands.

    ``recording_id`` counts recordings from 1, and stays after the end of one. ``seconds`` is the length of
    what is written; ``written`` and ``dropped`` count frames. ``path`` is known from the first frame on.
    """

    phase: RecordingPhase = RecordingPhase.OFF
    recording_id: int = 0
    path: Path | None = None
    seconds: float = 0.0
    written: int = 0
    dropped: int = 0

    @property
    def is_running(self) -> bool:
        """Whether a recording has been asked for and not been stopped: what a click on "Stop" would end."""
        return self.phase in (RecordingPhase.WAITING, RecordingPhase.ON)


@dataclass(slots=True)
class _Recording:
    recording_id: int
    phase: RecordingPhase = RecordingPhase.WAITING
    claims: int = 0
    """Frames that were captured for it and have not come yet."""
    dropped: int = 0
    """Frames that were lost on the way to it."""
    sink: VideoSink = field(init=False)

    @property
    def is_complete(self) -> bool:
        """Whether it was stopped, and has all frames that were captured before."""
        return not self.claims and self.phase is RecordingPhase.FINISHING


class RecordingClaim:
    """A captured frame that a recording waits for; :meth:`Recorder.claim` makes it.

    One of the two methods is called, once, from any thread, frames in the order of their claims.
    """

    def __init__(self, recording: _Recording, lock: threading.Lock) -> None:
        self._recording = recording
        self._lock = lock

    def record(self, drawn: Frame, original: Frame, people: Sequence[Person]) -> None:
        """Record the frame with its labels drawn; never waits."""
        self._recording.sink.write(drawn, people)
        self._settle(dropped=0)

    def drop(self) -> None:
        """The frame is lost: it is counted."""
        self._settle(dropped=1)

    def _settle(self, *, dropped: int) -> None:
        recording = self._recording
        with self._lock:
            recording.claims -= 1
            recording.dropped += dropped
            is_complete = recording.is_complete
        if is_complete:
            recording.sink.end()


class Recorder:
    """Starts and stops recordings, and takes the frames of the one that runs.

    Any thread may call it; no call but
    :meth:`close` waits. Recordings that are being finished do not keep the next one from starting.
    ``make_sink`` takes what :class:`VideoSink` takes.
    """

    def __init__(
        self,
        notices: Notices,
        on_change: Callable[[], None],
        make_sink: Callable[..., VideoSink] = VideoSink,
    ) -> None:
        self._notices = notices
        self._on_change = on_change
        self._make_sink = make_sink
        self._lock = threading.Lock()
        self._count = 0
        self._closed = False
        self._latest: _Recording | None = None
        self._unfinished: list[_Recording] = []

    def start(self, destination: Path, *, is_folder: bool) -> int:
        """Record into the file ``destination``, or a new file in that folder, from the next frame on.

        A recording that runs is stopped first. Returns the id of the new one; nothing starts once closed.
        """
        with self._lock:
            if self._closed:
                return self._count
            previous = self._running()
            if previous is not None:
                previous.phase = RecordingPhase.FINISHING
            self._count += 1
            recording = _Recording(self._count)
            recording.sink = self._make_sink(
                destination, is_folder=is_folder, on_finished=lambda _sink: self._finished(recording)
            )
            self._latest = recording
            self._unfinished.append(recording)
        if previous is not None and previous.is_complete:
            previous.sink.end()
        self._on_change()
        return recording.recording_id

    def stop(self) -> None:
        """Finish the recording that runs, if any; a notice tells when its file is whole."""
        with self._lock:
            recording = self._running()
            if recording is None:
                return
            recording.phase = RecordingPhase.FINISHING
            is_complete = recording.is_complete
        if is_complete:
            recording.sink.end()
        self._on_change()

    def state(self) -> RecordingState:
        """Where the latest recording stands."""
        with self._lock:
            recording = self._latest
            if recording is None:
                return RecordingState()
            phase, sink, dropped = recording.phase, recording.sink, recording.dropped
        status = sink.status()
        return RecordingState(
            phase,
            recording.recording_id,
            status.path,
            status.seconds,
            status.written,
            status.dropped + dropped,
        )

    def is_running(self) -> bool:
        """Whether frames are wanted."""
        with self._lock:
            return self._running() is not None

    def claim(self) -> RecordingClaim | None:
        """Promise a frame that is captured now to the recording that runs; ``None`` where none does."""
        with self._lock:
            recording = self._running()
            if recording is None:
                return None
            recording.phase = RecordingPhase.ON
            recording.claims += 1
        return RecordingClaim(recording, self._lock)

    def close(self) -> None:
        """Stop, and wait until every file is whole; no recording starts from then on."""
        with self._lock:
            self._closed = True
        self.stop()
        with self._lock:
            unfinished = list(self._unfinished)
        for recording in unfinished:
            recording.sink.close()

    def _running(self) -> _Recording | None:
        latest = self._latest
        return latest if latest and latest.phase in (RecordingPhase.WAITING, RecordingPhase.ON) else None

    def _finished(self, recording: _Recording) -> None:
        """In the sink's thread: its file is whole, or writing has failed."""
        status = recording.sink.status()
        if status.error is not None:
            self._notices.error(str(status.error))
        elif status.written and status.path is not None and not status.path.exists():
            self._notices.error(
                f"The recording {status.path} is gone: it was moved or removed while it was written."
            )
        elif status.written:
            lost = f", {status.dropped} frames dropped" if status.dropped else ""
            self._notices.tell(f"Recording saved: {status.path} ({status.seconds:.0f} s{lost})")
        else:
            self._notices.tell("The recording was stopped before its first frame; nothing was saved.")
        with self._lock:
            recording.phase = RecordingPhase.OFF
            self._unfinished.remove(recording)
        self._on_change()
