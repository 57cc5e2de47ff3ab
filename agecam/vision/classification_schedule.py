"""Which faces the models are run on in a frame: new ones at once, known ones a few times a second."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from agecam.vision.track import Track


@dataclass(frozen=True, slots=True)
class ClassificationScheduleConfig:
    """Settings of :class:`ClassificationSchedule`."""

    new_until_runs: int = 8
    """A track is new, and due in every frame, until the models were run on it so often: the mean has lost
    most of its noise then, since errors over 0.3 s are nearly the same error (see
    :mod:`agecam.vision.fusion`). Chosen, not measured."""
    interval_s: float = 0.25
    """Time between runs on a known track. Five a second cost a quarter more classifier time for next to no
    new evidence, for the same reason."""
    settled_runs: int = 40
    """From so many runs on, eight seconds or more, a track is settled, ..."""
    settled_interval_s: float = 0.5
    """... and this is the time between runs on it: each is one of many then. From 16 runs on it changed the
    ages of a classroom by up to a year."""
    gender_every: int = 4
    """The gender model, which costs as much as the age model, takes part in every fourth run on a known track
    whose gender is certain: it hardly changes any more, and ages do not depend on it."""
    gender_certain: float = 0.9
    """Probability from which a gender is certain. Chosen. In a classroom of seven people the model is run on
    0.47 faces a frame then, not 0.86; the largest change of a fused probability is 0.02."""
    settled_gender_every: int = 3
    """The same for a settled track whose gender is uncertain. Not a divisor of the number of views, all of
    which have their turn so."""


class ClassificationSchedule:
    """Spreads the models' work over frames, the track that has waited longest first."""

    def __init__(self, config: ClassificationScheduleConfig = ClassificationScheduleConfig()) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Begin anew: the source changed."""
        self._time_s: float | None = None

    def due(self, tracks: Sequence[Track], time_s: float) -> list[Track]:
        """The detected tracks to run the models on now, new ones first; they count as run."""
        new_until_runs = self._config.new_until_runs
        elapsed_s = math.inf if self._time_s is None else time_s - self._time_s
        self._time_s = time_s
        detected = [track for track in tracks if track.detected]
        new = [track for track in detected if track.runs < new_until_runs]
        known = [(track, self._interval_s(track)) for track in detected if track.runs >= new_until_runs]
        # So many a frame that each has its turn once an interval, and no frame has them all.
        share = math.ceil(sum([min(1.0, elapsed_s / interval_s) for _, interval_s in known]))
        # Half a frame early is nearer than half a frame late.
        early_s = elapsed_s / 2
        waiting = [one for one, interval_s in known if time_s - one.last_run_s >= interval_s - early_s]
        waiting.sort(key=lambda track: track.last_run_s)
        due = new + waiting[:share]
        for track in due:
            track.runs += 1
            track.last_run_s = time_s
        return due

    def wants_gender(self, track: Track) -> bool:
        """Whether the gender model is to run, too, on a track that is due."""
        config, fused = self._config, track.fusion.estimate()
        if fused is None or track.runs <= config.new_until_runs or track.fusion.is_suspect:
            return True
        if max(fused.female, 1 - fused.female) >= config.gender_certain:
            return track.runs % config.gender_every == 0
        return not self._is_settled(track) or track.runs % config.settled_gender_every == 0

    def _interval_s(self, track: Track) -> float:
        return self._config.settled_interval_s if self._is_settled(track) else self._config.interval_s

    def _is_settled(self, track: Track) -> bool:
        return track.runs >= self._config.settled_runs
