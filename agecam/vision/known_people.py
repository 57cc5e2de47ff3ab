"""Whether everybody in a frame is known: then not every frame has to be searched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agecam.vision.boxes import centre_distance, intersection_over_smaller, size_px
from agecam.vision.changes import Box
from agecam.vision.track import Track


@dataclass(frozen=True, slots=True)
class KnownPeopleConfig:
    """Settings of :class:`KnownPeople`."""

    least_runs: int = 8
    """Nobody is known before the models were run on them so often: new and suspect tracks are run in every
    frame, and want a detection in each."""
    alone_sizes: float = 2.0
    """Whose centre is so many sizes of a face from everybody else's is alone."""
    awaited_s: float = 1.0
    """Who has been hidden for longer is not waited for, but still found in every second frame. On the films
    of four seeds IDF1 and switches are the same as where they are waited for as long as they last."""


class HiddenFace(NamedTuple):
    """Where somebody hidden is expected, and where they would be had they gone on: xywh, pixels.

    They may come back on all that ``way``. ``missed_s`` is the time since they were detected last.
    """

    way: tuple[Box, Box]
    missed_s: float


class KnownPeople:
    """Watches the tracks of one source from frame to frame."""

    def __init__(self, config: KnownPeopleConfig = KnownPeopleConfig()) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Begin anew: the source changed."""
        self.boxes: tuple[Box, ...] | None = None
        """What :meth:`update` said last."""
        self._ids: frozenset[int] = frozenset()

    def update(
        self, tracks: Sequence[Track], hidden: Mapping[int, HiddenFace], size_wh: tuple[int, int]
    ) -> tuple[Box, ...] | None:
        """Where those of the ``tracks`` are who are detected in a frame of (width, height): xywh, pixels.

        ``None`` where somebody is in doubt: new, or maybe somebody else, or close to another. Who is
        ``hidden`` (:meth:`agecam.vision.tracker.Tracker.hidden`) since lately and has not left the frame may
        come back at any time, and in somebody else's place: it is ``None`` unless they are alone.
        """
        ids = frozenset([track.track_id for track in tracks if track.confirmed]) | hidden.keys()
        are_same, self._ids = ids == self._ids, ids
        self.boxes = None
        if are_same and all(map(self._is_known, tracks)):
            boxes = tuple([track.face.box for track in tracks if track.detected])
            ways = [one.way for one in hidden.values() if one.missed_s <= self._config.awaited_s]
            are_alone = all(
                self._is_alone(way, [*boxes, *(other[0] for other in ways if other is not way)])
                for way in ways
                if _is_inside(way[0], size_wh)
            )
            self.boxes = boxes if are_alone and not _is_crowded(boxes) else None
        return self.boxes

    def _is_known(self, track: Track) -> bool:
        if not track.confirmed:
            return track.rejected or not track.detected
        is_doubtful = track.rival is not None or track.fusion.is_suspect
        return not is_doubtful and track.runs >= self._config.least_runs

    def _is_alone(self, way: Iterable[Box], others: Sequence[Box]) -> bool:
        return all(
            centre_distance(box, other) >= self._config.alone_sizes * max(size_px(box), size_px(other))
            for box in way
            for other in others
        )


def _is_inside(box: Box, size_wh: tuple[int, int]) -> bool:
    """Whether a face is inside a frame of (width, height) pixels, with a quarter of it on each side."""
    x, y, width, height = box
    return (
        x > width / 4 and y > height / 4 and x + 1.25 * width < size_wh[0] and y + 1.25 * height < size_wh[1]
    )


def _is_crowded(boxes: Sequence[Box]) -> bool:
    """Whether two faces overlap, so that the one may soon be taken for the other."""
    for index, one in enumerate(boxes):
        for other in boxes[:index]:
            if intersection_over_smaller(one, other) > 0:
                return True
    return False
