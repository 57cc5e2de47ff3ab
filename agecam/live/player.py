"""Plays a file: paced, paused, sought and looped as the user wants."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import Final, Protocol

from agecam.errors import NoFrameError, SourceError
from agecam.live.playback import PlaybackClock, PlaybackControl, PlaybackState
from agecam.live.played import PlayedStretches
from agecam.messages import Frame
from agecam.sources.base import Source
from agecam.sources.selection import FrameSelection

_END_MARGIN_S: Final = 0.5
"""A seek behind the last frame, whose time is not known before, is tried again so much earlier."""


@dataclass(frozen=True, slots=True)
class PlayerConfig:
    """Limits of playing, in seconds."""

    still_interval_s: float = 0.2
    """A photograph is offered again so often, to be recorded and restyled like anything else."""
    repeat_interval_s: float = 0.15
    repeats: int = 10
    """A frame that was sought while the file is paused is offered again so often, so many times: nobody is
    labelled whom only one frame shows, and a slow analysis takes only some of them."""
    usual_fps: float = 25.0
    """Frames a second of a file that tells none: the gap after its last frame when it is played again."""


class PlayerHost(Protocol):
    """For whom a file is played: it takes the frames, and says for how long they are wanted."""

    def is_current(self) -> bool:
        """Whether this file is still the one to be played."""
        ...

    def began(self, source: Source) -> bool:
        """The first frame is there: waits until frames can be used; false where it is not wanted any more."""
        ...

    def sought(self) -> None:
        """The frames to come do not follow those before."""
        ...

    def ended(self, source: Source) -> None:
        """The last frame has been handed on."""
        ...

    def put(self, source: Source, frame: Frame, *, is_repeat: bool) -> None:
        """A frame is due; ``is_repeat`` where that place of the file has been played before."""
        ...

    def sleep(self, seconds: float | None) -> None:
        """Wait so long, or until the user wants something else."""
        ...


class FilePlayer:
    """Plays an open source that is not live, until its host wants another or all has been played."""

    def __init__(
        self,
        host: PlayerHost,
        control: PlaybackControl,
        source: Source,
        config: PlayerConfig | None = None,
        played: PlayedStretches | None = None,
    ) -> None:
        """``played`` is what has been played of the file so far, where that is known; it is kept up."""
        self._host = host
        self._control = control
        self._whole = source
        self._source = source
        self._config = config or PlayerConfig()
        self._played = played or PlayedStretches()
        self._clock = PlaybackClock()
        self._is_repeat = False
        """Whether the frame shown last was of a place that had been played before."""
        self._frame: Frame | None = None
        """The one shown last; ``None`` before the first of the file."""
        self._has_ended = False
        self._repeats_left = 0

    def play(self, *, loop: bool) -> None:
        """Hand on its frames when they are due. Raises what reading it raises."""
        from agecam.sources.video import VideoFileSource

        can_seek = isinstance(self._whole, VideoFileSource)
        duration_s = self._whole.duration_s if isinstance(self._whole, VideoFileSource) else None
        state = PlaybackState(duration_s=duration_s, can_seek=can_seek, is_looping=loop)
        self._control.begin(state, self._whole.fps)
        try:
            while self._host.is_current():
                sought_s = self._control.take_seek()
                if sought_s is not None:
                    self._seek(sought_s)
                elif self._has_ended:
                    self._host.sleep(None)
                elif self._control.take_next():
                    self._advance()
                elif self._repeats_left:
                    self._repeat()
                else:
                    self._host.sleep(None)
        finally:
            self._played.jump()
            self._control.end()
            self._source.close()

    def _advance(self) -> None:
        following = self._source.read()
        if following is None:
            self._repeats_left = 0
            self._at_end()
            return
        is_first = self._frame is None
        frame = self._clock.on_time_line(following)
        if is_first and not self._host.began(self._source):
            return
        state = self._control.state() or PlaybackState()
        due_s = self._clock.due_s(frame.time_s, state.speed)
        if not state.is_paused:
            self._repeats_left = 0
        if state.is_paused or self._wait_until(due_s):
            self._frame = frame
            self._is_repeat = self._played.note(following.time_s)
            self._put(frame)
            self._control.at(following.time_s)

    def _repeat(self) -> None:
        """Offer the frame that was sought once more, unless the user wants something else meanwhile."""
        self._host.sleep(self._config.repeat_interval_s)
        state = self._control.state()
        if state is not None and state.is_paused and self._host.is_current() and not self._control.has_seek():
            self._repeats_left -= 1
            self._put(self._clock.repeat(self._config.repeat_interval_s))

    def _at_end(self) -> None:
        if self._frame is None:
            raise SourceError(f"{self._source.name} holds no picture that can be decoded.")
        if self._frame.is_still:
            self._control.end()
            self._hold(self._frame)
            return
        state = self._control.state()
        if state is not None and state.is_looping:
            self._clock.rewind(1 / (self._whole.fps or self._config.usual_fps))
            self._open(self._whole)
            return
        if state is not None and state.duration_s is not None:
            self._control.at(state.duration_s)
        self._end()

    def _end(self) -> None:
        self._has_ended = True
        self._host.ended(self._source)
        self._source.close()

    def _seek(self, position_s: float) -> None:
        from agecam.sources.video import VideoFileSource

        assert isinstance(self._whole, VideoFileSource)
        self._clock = PlaybackClock()
        for start_s in (position_s, max(0.0, position_s - _END_MARGIN_S)):
            try:
                self._open(self._whole.selected(FrameSelection(start_s)) if start_s > 0 else self._whole)
            except NoFrameError:  # none is that late
                continue
            self._host.sought()
            state = self._control.state()
            self._repeats_left = self._config.repeats if state is not None and state.is_paused else 0
            if self._has_ended:
                self._has_ended, self._frame = False, None  # it is live again
            return
        self._end()

    def _open(self, source: Source) -> None:
        self._source.close()
        self._source = source
        self._played.jump()
        source.open()

    def _put(self, frame: Frame) -> None:
        self._host.put(self._source, frame, is_repeat=self._is_repeat)

    def _hold(self, frame: Frame) -> None:
        """Keep offering a photograph, so that it can be recorded like anything else."""
        interval_s = self._config.still_interval_s
        while self._host.is_current():
            frame = dataclasses.replace(frame, time_s=frame.time_s + interval_s, index=frame.index + 1)
            if self._wait_until(self._clock.due_s(frame.time_s)):
                self._put(frame)

    def _wait_until(self, due_s: float) -> bool:
        """Whether the frame is wanted when it is due."""
        while (left_s := due_s - time.monotonic()) > 0:
            if not self._host.is_current() or self._control.has_seek():
                return False
            self._host.sleep(left_s)
        return True
