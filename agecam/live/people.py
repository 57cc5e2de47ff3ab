"""The people of a session: who is in view, and who was, for the panel and the summary."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from agecam.drawing.colours import default_colour
from agecam.drawing.label_image import Colour
from agecam.live.pipeline import AnnotatedFrame
from agecam.live.slot import LatestSlot
from agecam.messages import Estimate, Frame, Person
from agecam.output.gathering import DEFAULT_CONFIG, GatheringConfig, MeasureCrop, PeopleGatherer
from agecam.output.report_data import AGE_BIN_YEARS, AGE_BINS, CountOverTime, InputReport
from agecam.timeline import LiveTimeline
from agecam.vision.quality import measure_crop

__all__ = ["AGE_BIN_YEARS", "CountOverTime", "PeopleObserver", "PeopleState", "PersonInView"]

_UPDATE_S: Final = 0.25
"""Least time between two states: what changes more often cannot be read."""
_LEAST_S: Final = 1.0
"""Whom a seek or another source has in view for less is not counted: step by step through a file, each step
shows the same people."""


@dataclass(frozen=True, slots=True)
class PersonInView:
    """One row of the panel.

    ``number`` is his alone in this session; ``estimate`` as printed on his label, ``seen_s`` seconds in view,
    ``crop_jpeg`` the best crop so far, empty where faces are hidden; ``colour`` that of his box.
    """

    number: int
    estimate: Estimate | None
    seen_s: float
    crop_jpeg: bytes = b""
    colour: Colour = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class PeopleState:
    """The people of a session at one moment, those in view in the order in which they came.

    ``number`` counts all so far, ``ages`` those with an estimate by :data:`AGE_BIN_YEARS`. A person who comes
    back after a seek or with another source is counted anew: nobody is recognised. Whom that shows for less
    than a second is not counted, nor whom only such places of a file show that have been played before.
    """

    in_view: tuple[PersonInView, ...] = ()
    number: int = 0
    ages: tuple[int, ...] = (0,) * AGE_BINS
    count: CountOverTime = field(default_factory=CountOverTime)
    is_still: bool = False


@dataclass(frozen=True, slots=True)
class _LastFrame:
    """What a state takes of the last frame; its image would only take memory."""

    people: tuple[Person, ...]
    colours: Mapping[int, Colour]
    is_still: bool


class PeopleListener(Protocol):
    """Who else is told of the people in each frame."""

    def observe(self, frame: Frame, people: Sequence[Person]) -> None:
        """In the observer's thread: ``track_id`` is unique in the session, times are those of the session."""


class PeopleObserver:
    """Gathers the people of a session from annotated frames, in a thread of its own; newest frame wins.

    ``on_change`` is called from that thread whenever there is a new state, four times a second at most.
    """

    def __init__(
        self,
        on_change: Callable[[], None],
        *,
        listeners: Sequence[PeopleListener] = (),
        measure: MeasureCrop = measure_crop,
        config: GatheringConfig = DEFAULT_CONFIG,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_change = on_change
        self._listeners = listeners
        self._measure = measure
        self._clock = clock
        self._slot: LatestSlot[AnnotatedFrame] = LatestSlot()
        self._lock = threading.Lock()
        self._gatherer = PeopleGatherer("", measure, config)
        self._hides_faces = False
        self._timeline = LiveTimeline()
        self._epoch = 0
        self._base = self._highest = 0
        """What is added to the numbers of tracks, which begin anew with every epoch; the highest so far."""
        self._state = PeopleState()
        self._last: _LastFrame | None = None
        self._is_new = False
        """Whether the state does not show the last frame yet."""
        self._shown_s = -_UPDATE_S
        self._thread = threading.Thread(target=self._run, name="agecam-people")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and wait for that."""
        self._slot.close()
        if self._thread.ident is not None:
            self._thread.join()

    def show(self, annotated: AnnotatedFrame) -> None:
        """Take the next frame; returns at once."""
        self._slot.put(replace(annotated, preview=None, plain_bgr=None))  # which would only take memory

    def state(self) -> PeopleState:
        """The people at the last update."""
        return self._state

    def hide_faces(self, hides: bool) -> None:
        """Whether no crop of a face is kept; those that are there are forgotten."""
        with self._lock:
            if hides == self._hides_faces:
                return
            self._hides_faces = hides
            self._gatherer.show_faces(None if hides else self._measure)
            if hides:
                bare = tuple(replace(person, crop_jpeg=b"") for person in self._state.in_view)
                self._state = replace(self._state, in_view=bare)
        self._on_change()

    def report(self, name: str) -> InputReport:
        """All that was gathered in this session, which is called ``name``."""
        with self._lock:
            return replace(self._gatherer.report(), name=name)

    def _run(self) -> None:
        while not self._slot.is_closed:
            annotated = self._slot.take(_UPDATE_S)
            if annotated is not None:
                self._add(annotated)
            if self._last is not None and self._is_new and self._clock() - self._shown_s >= _UPDATE_S:
                self._update(self._last)

    def _add(self, annotated: AnnotatedFrame) -> None:
        frame = annotated.analysis.frame
        if annotated.epoch != self._epoch:
            self._epoch, self._base = annotated.epoch, self._highest
            is_still = self._last is not None and self._last.is_still
            with self._lock:
                self._gatherer.leave(0.0 if is_still else _LEAST_S)
            self._timeline.skip()
        time_s = self._timeline.place(frame.time_s, self._clock())
        timed = replace(frame, time_s=time_s, is_still=False)  # a session has a length
        people = [person for person in annotated.analysis.people if person.confirmed]
        if self._base:
            people = [replace(person, track_id=self._base + person.track_id) for person in people]
        self._highest = max(self._highest, *(person.track_id for person in people), 0)
        with self._lock:
            self._gatherer.add(timed, people, is_repeat=annotated.is_repeat)
        for listener in self._listeners:
            listener.observe(timed, people)
        colours = {} if annotated.layout is None else annotated.layout.colours
        self._last, self._is_new = _LastFrame(annotated.people, colours, frame.is_still), True

    def _update(self, last: _LastFrame) -> None:
        with self._lock:
            in_view = []
            for person in last.people:
                seen = self._gatherer.seen(self._base + person.track_id) if person.confirmed else None
                if seen is not None:
                    colour = last.colours.get(person.track_id, default_colour(person.track_id))
                    number = self._base + person.track_id
                    in_view.append(PersonInView(number, person.estimate, seen.seen_s, seen.crop_jpeg, colour))
            self._state = PeopleState(
                tuple(sorted(in_view, key=lambda one: one.number)),
                self._gatherer.number,
                self._gatherer.ages(),
                self._gatherer.count(),
                last.is_still,
            )
        self._is_new, self._shown_s = False, self._clock()
        self._on_change()
