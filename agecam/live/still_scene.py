"""Frames that show what the one before showed: where nobody moves and nothing comes, few are analysed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Analysis, Frame, Person
from agecam.opencv import cv2

Sample = NDArray[np.uint8]

_SAMPLED_WH: Final = (320, 180)
"""Pixels that are looked at of a frame: enough to average noise away, a sixteenth of what 720p has."""
_SAMPLE_WH: Final = (80, 45)


@dataclass(frozen=True, slots=True)
class StillSceneConfig:
    """Settings of :class:`StillScene`; times in seconds."""

    levels: int = 8
    """Gray levels (of 255) by which a mean over 16 pixels has changed. Noise of a standard deviation of 6
    levels in each channel changes none by more than 6; a head 200 pixels high that moves sideways by one of
    1280 x 720 pixels changes one by more than 8 in four portraits of five."""
    moved_sizes: float = 0.05
    """So far a face may have moved meanwhile, or changed its size, in sizes of its own: detections of one
    that rests stay within a third of it. Chosen."""
    after_s: float = 1.0
    """For so long nothing has changed before frames are left out. Chosen."""
    tentative_after_s: float = 3.0
    """The same while somebody is tentative: whoever comes changes the image, and is confirmed in less; what
    is tentative again and again in a still scene is no face, or one that needs another image. Chosen."""
    search_s: float = 0.5
    """Where somebody tentative is found all the same, frames are analysed for so long: that confirms a face.
    One that fades in, over 40 s, was never confirmed by analyses half a second apart."""
    search_every_s: float = 5.0
    """But no sooner than so long after that began last, for what is no face. Chosen."""
    every_s: float = 0.5
    """A frame so long after the last that was analysed is analysed all the same, for what changes too little
    to be seen on samples. Chosen."""
    missed_s: float = 0.3
    """For so long somebody at rest is shown where the detectors miss him, beyond that: as long as a track
    without detection is reported, see :attr:`agecam.vision.tracker_config.TrackerConfig.max_coast_s`."""


DEFAULT_CONFIG: Final = StillSceneConfig()


class StillScene:
    """Tells which frames of one source need no analysis. One thread uses it at a time.

    The people of such a frame are those of the last that was analysed: everybody confirmed has an estimate
    and has rested for a while; and nothing has changed anywhere since that frame, them included.
    Whatever moves, comes or goes is analysed in the very frame that shows it, after the one before, so that
    cuts and tracks are what they are where every frame is analysed.
    """

    def __init__(self, config: StillSceneConfig = DEFAULT_CONFIG) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Begin anew: the source changed."""
        self._rest: _Rest | None = None
        self._last: tuple[float, Sample] | None = None
        """When that frame was that was analysed last, and how it looks; ``None`` where people move."""
        self._after_s = self._config.after_s
        self._search_s = -math.inf
        """When a search for who is tentative began last."""
        self._skipped: Frame | None = None
        """The last frame, where it was not analysed."""

    def due(self, frame: Frame) -> Sequence[Frame]:
        """The frames to analyse now that this one comes, in their order, the last of which is for
        :meth:`analysed`: none, it, or the one before, too."""
        skipped, self._skipped = self._skipped, None
        if self._rest is None or self._last is None or frame.is_still:
            return (frame,)
        last_s, sample = self._last
        is_searching = frame.time_s - self._search_s < self._config.search_s
        if is_searching or last_s - self._rest.since_s < self._after_s:
            return (frame,)
        size_wh = frame.width, frame.height
        if self._rest.size_wh != size_wh or _changed(sample, _sample(frame), self._config):
            return (frame,) if skipped is None else (skipped, frame)
        self._skipped = frame
        return ()

    def is_overdue(self, frame: Frame) -> bool:
        """Whether a frame for which nothing was due is to be analysed all the same, once it is shown."""
        return self._last is not None and frame.time_s - self._last[0] >= self._config.every_s

    def analysed(self, analysis: Analysis) -> bool:
        """Take what was seen in the next frame that was analysed; whether to go by that.

        One had better not for a moment, and repeat the last one, where somebody at rest is missing and
        nothing has changed: nobody leaves so. Frames that follow are analysed, and nearly always have him.
        """
        self._skipped = None
        frame, last, config = analysis.frame, self._last, self._config
        is_settled = all(person.confirmed for person in analysis.people)
        after_s = self._after_s
        self._after_s = config.after_s if is_settled else config.tentative_after_s
        if not is_settled and frame.time_s - self._search_s >= config.search_every_s:
            self._search_s = frame.time_s
        if self._rest is None or not self._rest.holds(analysis, config):
            if self._rest is not None and last is not None and last[0] - self._rest.since_s >= after_s:
                is_brief = frame.time_s - last[0] < config.every_s + config.missed_s
                if is_brief and self._rest.misses(analysis) and not _changed(last[1], _sample(frame), config):
                    return False
            self._rest, self._last = _Rest.of(analysis), None
            return True
        sample = _sample(frame)
        if last is not None and _changed(last[1], sample, config):
            self._rest = _Rest.of(analysis)
        self._last = frame.time_s, sample
        return True


@dataclass(frozen=True, slots=True, eq=False)
class _Rest:
    """Since when nothing has changed, and what there was then."""

    since_s: float
    size_wh: tuple[int, int]
    scene: int
    people: tuple[Person, ...]

    @classmethod
    def of(cls, analysis: Analysis) -> Self:
        frame = analysis.frame
        return cls(frame.time_s, (frame.width, frame.height), analysis.scene, _confirmed(analysis))

    def holds(self, now: Analysis, config: StillSceneConfig) -> bool:
        """Whether the same people are where they were, and it is known who they are."""
        people = _confirmed(now)
        return (
            self.scene == now.scene
            and self.size_wh == (now.frame.width, now.frame.height)
            and len(self.people) == len(people)
            and all(person.estimate is not None for person in people)
            and all(_rests(one, other, config) for one, other in zip(self.people, people, strict=True))
        )

    def misses(self, now: Analysis) -> bool:
        """Whether somebody is missing, and nobody new is there, in an image of the same size."""
        before, present = ({one.track_id for one in people} for people in (self.people, _confirmed(now)))
        return present < before and self.size_wh == (now.frame.width, now.frame.height)


def _confirmed(analysis: Analysis) -> tuple[Person, ...]:
    return tuple(person for person in analysis.people if person.confirmed)


def _rests(before: Person, now: Person, config: StillSceneConfig) -> bool:
    least = config.moved_sizes * max(before.face.box[2:])
    return before.track_id == now.track_id and all(
        abs(one - other) <= least for one, other in zip(before.face.box, now.face.box, strict=True)
    )


def _sample(frame: Frame) -> Sample:
    few = cv2.resize(
        frame.image_bgr, _SAMPLED_WH, interpolation=cv2.INTER_NEAREST
    )  # which reads no other pixel
    gray = cv2.cvtColor(few, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(gray, _SAMPLE_WH, interpolation=cv2.INTER_AREA), np.uint8)


def _changed(one: Sample, other: Sample, config: StillSceneConfig) -> bool:
    return cv2.norm(one, other, cv2.NORM_INF) > config.levels
