"""Far faces in live pictures: a few closer views a frame instead of all of them at once.

Seen whole, a picture of 1280 x 720 pixels leaves 9 pixels of a face of 60, too few for any of the detectors.
Views of parts of it find such faces; spread over frames they cost a fixed number of views a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agecam.messages import Face
from agecam.vision.boxes import overlap
from agecam.vision.detect import TILE_PARTS, Area, tiles

_VIEWS_PER_S: Final = 25.0
_MOST_PER_FRAME: Final = 3
_FOLLOW_SHARE: Final = 0.7
"""Of the views, at most so many go to following known faces: new ones must still be found."""
_FOLLOW_SIDES: Final = 5.0
_SMALLEST_FOLLOW_PX: Final = 96
_SEEN_OVERLAP: Final = 0.3


class Survey:
    """Chooses which parts of a frame get a closer view: places of known faces first, then tile after tile."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: the source changed."""
        self._size = (0, 0)
        self._tiles: list[Area] = []
        self._next_tile = 0
        self._credit = 0.0
        self._follow_credit = 0.0
        self._time_s: float | None = None

    def areas(
        self, size: tuple[int, int], expected: Sequence[Face], found: Sequence[Face], time_s: float
    ) -> list[Area]:
        """The parts ``(x, y, width, height)``, pixels, to view in this frame of ``size`` (width, height).

        ``expected`` are the places of known faces, the longest unseen first; those among ``found``, which
        the view of the whole picture has given, need no closer view.
        """
        self._earn(time_s)
        if size != self._size:
            self._size, self._next_tile = size, 0
            self._tiles = [tile for parts in TILE_PARTS for tile in tiles(*size, parts)]
        chosen: list[Area] = []
        for face in expected:
            if self._follow_credit < 1:
                break
            seen = any(overlap(face.box, other.box) > _SEEN_OVERLAP for other in found)
            if not seen and not any(_holds(area, face.box) for area in chosen):
                chosen.append(_area_about(face, size))
                self._credit -= 1
                self._follow_credit -= 1
        while self._credit >= 1 and self._tiles:
            chosen.append(self._tiles[self._next_tile])
            self._next_tile = (self._next_tile + 1) % len(self._tiles)
            self._credit -= 1
        return chosen

    def _earn(self, time_s: float) -> None:
        elapsed_s = 1.0 if self._time_s is None else time_s - self._time_s
        self._time_s = time_s
        self._credit = min(_MOST_PER_FRAME, self._credit + _VIEWS_PER_S * elapsed_s)
        earned = _FOLLOW_SHARE * _VIEWS_PER_S * elapsed_s
        self._follow_credit = min(self._credit, self._follow_credit + earned)


def _holds(area: Area, box: Sequence[float]) -> bool:
    x, y, width, height = area
    return x <= box[0] and y <= box[1] and box[0] + box[2] <= x + width and box[1] + box[3] <= y + height


def _area_about(face: Face, size: tuple[int, int]) -> Area:
    """A square round a face in which it is as large as the full-range network likes it."""
    side = round(max(_SMALLEST_FOLLOW_PX, _FOLLOW_SIDES * max(face.box[2:])))
    side = min(side, *size)
    x, y = (
        min(max(0, round(centre - side / 2)), limit - side)
        for centre, limit in zip(face.centre, size, strict=True)
    )
    return x, y, side, side
