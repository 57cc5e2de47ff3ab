"""Labels from the first frame on: whoever is confirmed later has been there before.

It takes some frames until a face is confirmed. Of a film nobody waits for the next frame, so its first frames
can be held back until then, and everybody filled in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace

from agecam.errors import AgeCamError
from agecam.messages import Analysis, Person


@dataclass(frozen=True, slots=True)
class LookBackConfig:
    """Bounds of :class:`LookBack`."""

    span_s: float = 0.6
    """A tentative track is waited for so long. Chosen, not measured: far faces, found on tiles that take
    half a second to go over the frame, should be confirmed by then."""
    most_frames: int = 16
    """So many frames are held at most: half a second at 30 frames a second. 0 holds none."""
    most_bytes: int = 100_000_000
    """Their images take so many bytes at most: 16 frames of 1920 x 1080."""


class LookBack:
    """Fills in people in the frames before they were confirmed."""

    def __init__(self, config: LookBackConfig = LookBackConfig()) -> None:
        self._config = config
        self._held: deque[Analysis] = deque()
        self._first_s: dict[int, float] = {}
        """When each track was first there."""
        self._confirmed: set[int] = set()
        """Tracks that have been confirmed while they were there."""

    def fill(self, analyses: Iterable[Analysis]) -> Generator[Analysis, None, None]:
        """The analyses in their order, those held back for somebody who has just come once it is known.

        People filled in have the estimate of the frame that confirmed them. An :class:`AgeCamError` that
        ``analyses`` raises comes after all that were held.
        """
        try:
            for analysis in analyses:
                self._add(analysis)
                while self._held and not self._is_awaited():
                    yield self._held.popleft()
        except AgeCamError:
            yield from self._held
            raise
        yield from self._held

    def _add(self, analysis: Analysis) -> None:
        if analysis.frame.is_still:
            # Its people are numbered for themselves, and nobody of a film is among them.
            self._first_s, self._confirmed = {}, set()
            self._held.append(analysis)
            return
        before, known = self._first_s, self._confirmed
        time_s = analysis.frame.time_s
        self._first_s = {one.track_id: before.get(one.track_id, time_s) for one in analysis.people}
        self._confirmed = {one.track_id for one in analysis.people if one.confirmed or one.track_id in known}
        self._held.append(analysis)
        for person in analysis.people:
            # Where it was in doubt who somebody known is, it stays so.
            if person.confirmed and (person.track_id not in known or person.tentative_id is not None):
                self._fill_in(person)

    def _fill_in(self, person: Person) -> None:
        number = person.track_id if person.tentative_id is None else person.tentative_id
        for index, analysis in enumerate(self._held):
            there = {one.track_id: one.confirmed for one in analysis.people}
            is_apart = number == person.track_id or person.track_id not in there
            if is_apart and not there.get(number, True):
                people = tuple(
                    replace(one, track_id=person.track_id, confirmed=True, estimate=person.estimate)
                    if one.track_id == number
                    else one
                    for one in analysis.people
                )
                self._held[index] = replace(analysis, people=people)

    def _is_awaited(self) -> bool:
        """Whether somebody in the first held frame may still be confirmed, within the bounds."""
        config, first, last = self._config, self._held[0], self._held[-1]
        if (
            len(self._held) > config.most_frames
            or len(self._held) * first.frame.image_bgr.nbytes > config.most_bytes
        ):
            return False
        tentative = {one.track_id for one in first.people if not one.confirmed}
        return any(
            last.frame.time_s - self._first_s[track_id] < config.span_s
            for track_id in tentative & self._first_s.keys()
        )
