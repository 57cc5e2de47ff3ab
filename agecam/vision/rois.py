"""What of a frame gets a closer view: tiles for far faces that are new, the places of those that are known.

Seen whole, a picture of 1280 x 720 pixels leaves 9 pixels of a face of 60, too few for any of the detectors.
Views of parts of it find such faces; spread over frames they cost a fixed number of views a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agecam.messages import Detection
from agecam.vision.boxes import intersection_over_smaller
from agecam.vision.pyramid import Roi, tiles

_TILES_PER_S: Final = 16.0
_MOST_TILES: Final = 2
_TILE_PARTS: Final = 3
# Tiles overlap by more than the largest face that the whole picture may not show, a twelfth of it.
_TILE_STRIDE: Final = 0.72

_FOLLOWS_PER_S: Final = 17.0
_MOST_FOLLOWS: Final = 2
_FOLLOW_SIDES: Final = 5.0
_SMALLEST_FOLLOW_PX: Final = 96
_SEEN_OVERLAP: Final = 0.3

_NEAR_PAUSE_S: Final = 0.2
_NEAR_SIZE: Final = 0.12
"""Of the picture's longer side: smaller faces are not for the short-range network."""


class TokenBucket:
    """So many a second and at most so many at once, whatever the frame rate."""

    def __init__(self, per_s: float, most: int) -> None:
        self._per_s, self._most = per_s, most
        self._credit = 0.0
        self._time_s: float | None = None

    def earn(self, time_s: float) -> None:
        elapsed_s = 1.0 if self._time_s is None else time_s - self._time_s
        self._time_s = time_s
        self._credit = min(self._most, self._credit + self._per_s * elapsed_s)

    def spend(self) -> bool:
        if self._credit < 1:
            return False
        self._credit -= 1
        return True


class TileScheduler:
    """Goes over the picture tile by tile, in half a second at 16:9, whoever is known already."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: the source changed."""
        self._size = (0, 0)
        self._tiles: list[Roi] = []
        self._next_tile = 0
        self._allowance = TokenBucket(_TILES_PER_S, _MOST_TILES)

    def areas(self, size: tuple[int, int], time_s: float) -> list[Roi]:
        """The tiles ``(x, y, width, height)``, pixels, to view in this frame of ``size`` (width, height)."""
        self._allowance.earn(time_s)
        if size != self._size:
            self._size, self._next_tile = size, 0
            self._tiles = tiles(*size, _TILE_PARTS, _TILE_STRIDE)
        chosen: list[Roi] = []
        while self._tiles and self._allowance.spend():
            chosen.append(self._tiles[self._next_tile])
            self._next_tile = (self._next_tile + 1) % len(self._tiles)
        return chosen


@dataclass(frozen=True, slots=True)
class RoiRequest:
    """What to do for known faces that a glance at a frame has not shown.

    ``areas`` are places to view closely; ``near`` says whether to run the short-range network.
    """

    areas: list[Roi]
    near: bool


class RoiScheduler:
    """Keeps up with known faces that are too far, or too near, for a glance at the whole picture."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: the source changed."""
        self._allowance = TokenBucket(_FOLLOWS_PER_S, _MOST_FOLLOWS)
        self._near_s: float | None = None

    def pursuit(
        self, size: tuple[int, int], expected: Sequence[Detection], found: Sequence[Detection], time_s: float
    ) -> RoiRequest:
        """What to do in a frame of ``size`` (width, height) where a glance has shown ``found``.

        ``expected`` are the places of known faces, the longest unseen first.
        """
        self._allowance.earn(time_s)
        missed = [
            face
            for face in expected
            if all(intersection_over_smaller(face.box, other.box) <= _SEEN_OVERLAP for other in found)
        ]
        # Now and then in any case: new faces may be near, too.
        near = self._near_s is None or time_s - self._near_s >= _NEAR_PAUSE_S
        near |= any(max(face.box[2:]) >= _NEAR_SIZE * max(size) for face in missed)
        if near:
            self._near_s = time_s
        areas: list[Roi] = []
        for face in missed:
            if any(_holds(area, face.box) for area in areas):
                continue
            if not self._allowance.spend():
                break
            areas.append(_area_about(face, size))
        return RoiRequest(areas, near)


def _holds(area: Roi, box: Sequence[float]) -> bool:
    x, y, width, height = area
    return x <= box[0] and y <= box[1] and box[0] + box[2] <= x + width and box[1] + box[3] <= y + height


def _area_about(face: Detection, size: tuple[int, int]) -> Roi:
    """A square round a face in which it is as large as the full-range network likes it."""
    side = round(max(_SMALLEST_FOLLOW_PX, _FOLLOW_SIDES * max(face.box[2:])))
    side = min(side, *size)
    x, y = (
        min(max(0, round(centre - side / 2)), limit - side)
        for centre, limit in zip(face.centre, size, strict=True)
    )
    return x, y, side, side
