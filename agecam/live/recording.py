"""The recording: one state, and its only owner."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agecam.live.notices import Notices, Remedy
from agecam.messages import Frame, Person
from agecam.output.containers import Quality
from agecam.output.recorded import RecordedFrame, RecordingContent, RecordingOptions
from agecam.output.split import SplitRule, parse_split
from agecam.timeline import LiveTimeline

if TYPE_CHECKING:
    from agecam.output.recording import RecordingSink

# FFmpeg is not loaded here: the window begins without it, and the session loads it before frames are live.

__all__ = [
    "Quality",
    "Recorder",
    "RecordingClaim",
    "RecordingContent",
    "RecordingOptions",
    "RecordingPhase",
    "RecordingState",
    "SplitRule",
    "parse_split",
]


class RecordingPhase(enum.Enum):
    """How far a recording has come."""

    OFF = "off"
    WAITING = "waiting"
    """Asked for; begins with the next frame."""
    ON = "on"
    PAUSED = "paused"
    """Takes no frames until it is resumed; the file goes on then as if nothing had been between."""
    FINISHING = "finishing"
    """No more frames are taken; the file is being completed."""


_RATE_KNOWN_S: Final = 5.0
"""From this length on the rate of a recording is known: files grow in steps of about a second."""
_RUNNING: Final = (RecordingPhase.WAITING, RecordingPhase.ON, RecordingPhase.PAUSED)


@dataclass(frozen=True, slots=True)
class RecordingState:
    """Where the latest recording stands.

    ``recording_id`` counts recordings from 1, and stays after the end of one. ``seconds`` is the length of
    what is written, without pauses; ``written`` and ``dropped`` count frames, those dropped by whatever kept
    them from the file. ``path`` is the final name of the file that grows, or of the last one, from the first
    frame on; ``part`` its number, from 1. ``size_bytes`` is what all its files take, ``room_s`` for how many
    seconds more the disk lasts at their rate so far, ``None`` while that is unknown.
    """

    phase: RecordingPhase = RecordingPhase.OFF
    recording_id: int = 0
    path: Path | None = None
    seconds: float = 0.0
    written: int = 0
    dropped: int = 0
    part: int = 1
    size_bytes: int = 0
    room_s: float | None = None

    @property
    def is_running(self) -> bool:
        """Whether a recording has been asked for and not been stopped: what a click on "Stop" would end."""
        return self.phase in _RUNNING

    @property
    def is_paused(self) -> bool:
        """Whether it runs and takes no frames: what a click on "Resume" would end."""
        return self.phase is RecordingPhase.PAUSED


@dataclass(slots=True)
class _Recording:
    recording_id: int
    keeps_original: bool
    phase: RecordingPhase = RecordingPhase.WAITING
    claims: int = 0
    """Frames that were captured for it and have not come yet."""
    dropped: int = 0
    """Frames that were lost on the way to it."""
    has_begun: bool = False
    """Whether a frame was captured for it."""
    pauses: int = 0
    """Of the recording so far."""
    pauses_placed: int = 0
    """Of those, the ones that lie before the latest frame in the file."""
    timeline: LiveTimeline = field(default_factory=LiveTimeline)
    sink: RecordingSink = field(init=False)

    @property
    def is_running(self) -> bool:
        return self.phase in _RUNNING

    @property
    def is_complete(self) -> bool:
        """Whether it was stopped, and has all frames that were captured before."""
        return not self.claims and self.phase is RecordingPhase.FINISHING


class RecordingClaim:
    """A captured frame that a recording waits for; :meth:`Recorder.claim` makes it.

    One of the two methods is called, once, from any thread, frames in the order of their claims.
    """

    def __init__(self, recording: _Recording, lock: threading.Lock, now_s: float) -> None:
        """Captured now, at ``now_s``."""
        self._recording = recording
        self._lock = lock
        self._now_s = now_s
        self._pauses = recording.pauses

    @property
    def keeps_original(self) -> bool:
        """Whether the frame without labels is kept too, or alone."""
        return self._recording.keeps_original

    def record(self, drawn: Frame, original: Frame, people: Sequence[Person]) -> None:
        """Record the frame, with its labels drawn and as it was; never waits.

        Both images must be of one size, and must not change afterwards.
        """
        recording, timeline = self._recording, self._recording.timeline
        if recording.pauses_placed != self._pauses:
            recording.pauses_placed = self._pauses
            timeline.skip()
        frame = RecordedFrame(
            drawn.image_bgr,
            timeline.place(drawn.time_s, self._now_s),
            drawn.index,
            original_bgr=original.image_bgr,
        )
        recording.sink.write(frame, people)
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


def _recording_sink(*arguments: Any, **options: Any) -> RecordingSink:
    from agecam.output.recording import RecordingSink

    return RecordingSink(*arguments, **options)


class Recorder:
    """Starts, pauses and stops recordings, and takes the frames of the one that runs.

    Any thread may call it; no call but :meth:`close` waits. Recordings that are being finished do not keep
    the next one from starting. ``make_sink`` takes what :class:`agecam.output.RecordingSink` takes;
    ``clock`` is a steady one, in seconds.
    """

    def __init__(
        self,
        notices: Notices,
        on_change: Callable[[], None],
        make_sink: Callable[..., RecordingSink] = _recording_sink,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._notices = notices
        self._on_change = on_change
        self._make_sink = make_sink
        self._clock = clock
        self._lock = threading.Lock()
        self._count = 0
        self._closed = False
        self._latest: _Recording | None = None
        self._unfinished: list[_Recording] = []

    def start(self, destination: Path, *, is_folder: bool, options: RecordingOptions | None = None) -> int:
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
            options = options or RecordingOptions()
            recording = _Recording(self._count, keeps_original=options.content != "annotated")
            recording.sink = self._make_sink(
                destination,
                is_folder=is_folder,
                options=options,
                on_finished=lambda _sink: self._finished(recording),
                on_recovered=self.tell_recovered,
            )
            self._latest = recording
            self._unfinished.append(recording)
        if previous is not None and previous.is_complete:
            previous.sink.end()
        self._on_change()
        return recording.recording_id

    def pause(self) -> None:
        """Take no frames until :meth:`resume`; does nothing where no recording runs."""
        with self._lock:
            recording = self._running()
            if recording is None or recording.phase is RecordingPhase.PAUSED:
                return
            recording.phase = RecordingPhase.PAUSED
            recording.pauses += 1
        self._on_change()

    def resume(self) -> None:
        """Go on after a pause: the next frame follows the last one by one frame interval."""
        with self._lock:
            recording = self._running()
            if recording is None or recording.phase is not RecordingPhase.PAUSED:
                return
            recording.phase = RecordingPhase.ON if recording.has_begun else RecordingPhase.WAITING
        self._on_change()

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
            sink.part,
            sink.size_bytes,
            _room_s(sink, status.seconds),
        )

    def is_running(self) -> bool:
        """Whether a recording has been asked for and not been stopped, paused or not."""
        with self._lock:
            return self._running() is not None

    def claim(self) -> RecordingClaim | None:
        """Promise a frame that is captured now to the recording that runs; ``None`` where none wants it."""
        with self._lock:
            recording = self._running()
            if recording is None or recording.phase is RecordingPhase.PAUSED:
                return None
            recording.phase, recording.has_begun = RecordingPhase.ON, True
            recording.claims += 1
            return RecordingClaim(recording, self._lock, self._clock())

    def count_lost(self, frames: int) -> None:
        """So many frames of the source did not come; they count where they were to be recorded."""
        with self._lock:
            recording = self._running()
            if recording is not None and recording.phase is RecordingPhase.ON:
                recording.dropped += frames

    def queued_bytes(self) -> int:
        """What the images take that wait to be written, of recordings that are being finished too."""
        with self._lock:
            return sum(recording.sink.queued_bytes for recording in self._unfinished)

    def finish_leftovers_in(self, folder: Path) -> None:
        """Keep what a crash has left of recordings by button in ``folder``, and of those with a name that
        the user chose, wherever they are, and tell; takes its time."""
        from agecam.output.growing import finish_leftovers_in
        from agecam.output.notes import finish_noted

        self.tell_recovered([*finish_leftovers_in(folder), *finish_noted()])

    def tell_recovered(self, paths: Sequence[Path]) -> None:
        """Tell of files that were cut off by a crash and can be played now."""
        if len(paths) == 1:
            self._notices.tell(
                f"A recording that was cut off has been finished: {paths[0]}", Remedy.SHOW_IN_FOLDER, paths[0]
            )
        elif paths:
            names = ", ".join(map(str, paths))
            self._notices.tell(f"Recordings that were cut off have been finished: {names}")

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
        return self._latest if self._latest is not None and self._latest.is_running else None

    def _finished(self, recording: _Recording) -> None:
        """In the sink's thread: its files are whole, or writing has failed."""
        with self._lock:
            lost = recording.dropped
        status, paths = recording.sink.status(), recording.sink.paths()
        lost += status.dropped
        dropped = f", {lost} frame{'' if lost == 1 else 's'} dropped" if lost else ""
        if status.error is not None:
            kept = paths[0] if paths else None
            self._notices.error(
                str(status.error), Remedy.SHOW_IN_FOLDER if kept else Remedy.CHOOSE_RECORDINGS_FOLDER, kept
            )
        elif paths:
            others = f" and {len(paths) - 1} more in {paths[0].parent}" if len(paths) > 1 else ""
            self._notices.tell(
                f"Recording saved: {paths[0]}{others} ({status.seconds:.0f} s{dropped})",
                Remedy.SHOW_IN_FOLDER,
                paths[0],
            )
        else:
            self._notices.warn(
                f"The recording was stopped before its first frame; nothing was saved{dropped}."
            )
        with self._lock:
            recording.phase = RecordingPhase.OFF
            self._unfinished.remove(recording)
        self._on_change()


def _room_s(sink: RecordingSink, seconds: float) -> float | None:
    """For how many seconds more the disk lasts, once ``seconds`` are written; ``None`` where unknown."""
    size_bytes, room_bytes = sink.size_bytes, sink.room_bytes
    if room_bytes is None or seconds < _RATE_KNOWN_S or not size_bytes:
        return None
    return room_bytes * seconds / size_bytes
