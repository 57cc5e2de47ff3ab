"""Which regions of a frame get a detection of their own: tiles for new far faces, ROIs of known ones.

Seen whole, a frame of 1280 x 720 pixels leaves 9 pixels of a face of 60, too few for either network.
Detection in regions finds such faces; spread over frames it costs a fixed number of network runs a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.vision.boxes import intersection_over_smaller
from agecam.vision.changes import Box, Changes
from agecam.vision.face_network import Proposals
from agecam.vision.mosaic import MOSAIC_FROM, MOSAIC_ROIS
from agecam.vision.pyramid import Roi, tiles
from agecam.vision.tile_selection import tiles_at


class TokenBucket:
    """So many tokens a second and at most so many at once, whatever the frame rate."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._tokens = 0.0
        self._time_s: float | None = None

    def refill(self, time_s: float, per_s: float) -> None:
        """Add ``per_s`` a second since the last call; the first one adds as many as after a second."""
        elapsed_s = 1.0 if self._time_s is None else time_s - self._time_s
        self._time_s = time_s
        self._tokens = min(self._capacity, self._tokens + per_s * elapsed_s)

    def take(self) -> bool:
        """Take one token; false where there is none."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass(frozen=True, slots=True)
class TileConfig:
    """Settings of :class:`TileScheduler`.

    With them 8 tiles go over a 16:9 frame in half a second, in 0.8 s while all are known. Of 259 faces on 21
    group photographs held still at 25 frames a second, tiles and ROIs label 56 % after 0.6 s and 69 % after
    2 s, for 41 % without.
    """

    per_s: float = 16.0
    """Tiles a second; each costs one run of the full-range network."""
    known_per_s: float = 10.0
    """The same while people are there and all are known. With 8 more ghosts are confirmed on made films."""
    max_per_frame: int = 2
    """Tiles in one frame at most, so that no frame takes much longer than the others."""
    per_side: int = 3
    """Tiles have a third of the frame's longer side: halves find nothing that thirds and the whole miss."""
    stride: float = 0.72
    """Of a tile's side; neighbours overlap by more than the largest face that the whole frame may not show,
    a twelfth of it."""
    open_every_s: float = 0.46
    """A tile with a place that may show a face is searched so often at most: half a second, but for half a
    frame of rounding. Otherwise the tiles without such places would only have the others searched sooner."""
    closed_every_s: float = 1.0
    """A tile without one is searched so often. Of the tiny faces that the whole frame shows by 4 pixels not
    all have a place in it."""
    still_every_s: float = 4.0
    """A tile of a still scene in which nothing has changed since it was searched is searched so often. On the
    films of four seeds everybody has the labels that they have with 2 s."""
    cut_levels: float = 25.0
    """Mean change of gray levels, of 255, from one frame to the next that is a cut, or as good as one, after
    which all tiles are searched anew: on eight clips, some of moving cameras, it is 9 at most."""


class TileScheduler:
    """Goes over the frame tile by tile, whoever is known already."""

    def __init__(self, config: TileConfig = TileConfig()) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Begin anew: the source changed."""
        self._size_wh = (0, 0)
        self._tiles: list[Roi] = []
        self._next_tile = 0
        self._tokens = TokenBucket(self._config.max_per_frame)
        self._searched: dict[Roi, tuple[float, NDArray[np.uint8]]] = {}
        """When each tile was searched last, and the thumbnail of that frame."""

    def next_tiles(
        self,
        size_wh: tuple[int, int],
        time_s: float,
        changes: Changes | None = None,
        places: Proposals | None = None,
        *,
        is_still: bool = False,
        are_known: bool = False,
        most: int | None = None,
    ) -> list[Roi]:
        """The tiles to run detection on in this frame of (width, height) pixels, ``most`` at most if given.

        Without ``changes`` anything may have changed since the frames before, and without ``places``
        (:class:`agecam.vision.detector.FrameDetections`; those of a frame just before) faces may be anywhere.
        ``is_still`` says that nothing has changed for a while but who is known: then tiles without changes
        wait, otherwise those without places. ``are_known`` says that people are there, and clear who all of
        them are.
        """
        config = self._config
        self._tokens.refill(time_s, config.known_per_s if are_known else config.per_s)
        if size_wh != self._size_wh:
            self._size_wh, self._next_tile = size_wh, 0
            self._tiles = tiles(size_wh, max(size_wh) // config.per_side, config.stride)
            self._searched = {}
        chosen: list[Roi] = []
        for _ in self._tiles:
            tile = self._tiles[self._next_tile]
            if changes is None or self._is_due(tile, time_s, changes, places, is_still=is_still):
                if len(chosen) == most or not self._tokens.take():
                    break
                chosen.append(tile)
                if changes is not None:
                    self._searched[tile] = time_s, changes.thumbnail_gray
            self._next_tile = (self._next_tile + 1) % len(self._tiles)
        return chosen

    def _is_due(
        self, tile: Roi, time_s: float, changes: Changes, places: Proposals | None, *, is_still: bool
    ) -> bool:
        searched_s, before_gray = self._searched.get(tile, (-math.inf, changes.thumbnail_gray))
        since_s, config = time_s - searched_s, self._config
        if is_still:
            return since_s >= config.still_every_s or changes.since(before_gray, tile)
        if places is None or since_s >= config.closed_every_s:
            return True
        return since_s >= config.open_every_s and bool(tiles_at([tile], places))


class ExpectedFace(NamedTuple):
    """Where somebody known would be: number of the track, predicted face, seconds since its detection."""

    track_id: int
    face: Detection
    missed_s: float


@dataclass(frozen=True, slots=True)
class RoiConfig:
    """Settings of :class:`RoiScheduler`."""

    per_s: float = 17.0
    """ROIs a second; with the tiles about the runs that two cores have time for at 25 frames a second."""
    max_per_frame: int = 2
    """ROIs of the full-range network in one frame at most, so that none takes much longer than the others."""
    sides: float = 5.0
    """Side of an ROI in sides of the face: a face a fifth of its input suits the full-range network best."""
    least_side_px: int = 96
    """Side of an ROI at least; a smaller one would be enlarged to 192 pixels more than twice."""
    near_sides: float = 2.5
    """The same for the short-range network, which takes a third of the time. It finds as many faces in such
    ROIs, but mistakes people for one another where two overlap, and sees less around them: it gets those that
    show nobody else; while somebody is in doubt, only where enough of them are missed to make a mosaic. With
    2.0 or 3.0 sides it finds no more."""
    detected_ios: float = 0.3
    """Intersection over smaller above which a detection is of an expected face. Chosen, not measured."""
    missing_after_s: float = 0.2
    """Who has not been detected for so long is hidden or has turned away, ..."""
    missing_every_s: float = 0.25
    """... and gets an ROI so often: on the classroom clip none around such people detected them, 5 of 12 did
    around those missed for 0.08 or 0.12 s, 27 of 33 around those missed just now. With 0.1 s numbers went
    over to others in a crowd."""
    short_range_every_s: float = 0.2
    """The short-range network runs so often in any case, since new faces may be near, too, ..."""
    still_short_range_every_s: float = 1.0
    """... and so often in a still scene: whoever comes near changes it."""
    near_size: float = 0.12
    """Side of a face, as a share of the frame's longer side, from which the short-range network sees it; a
    missed one of this size has it run at once."""


@dataclass(frozen=True, slots=True)
class RoiRequest:
    """What to do for known faces that :meth:`Detector.detect_frame` missed.

    ``rois`` are the regions to run the full-range network on, ``near_rois`` those for the short-range one, up
    to ``MOSAIC_ROIS`` and square; ``short_range`` says whether to run that on the whole frame, too.
    """

    rois: Sequence[Roi] = ()
    near_rois: Sequence[Roi] = ()
    short_range: bool = False


class RoiScheduler:
    """Keeps up with known faces that are too far, or too near, for detection on the whole frame."""

    def __init__(self, config: RoiConfig = RoiConfig()) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Begin anew: the source changed."""
        self._tokens = TokenBucket(self._config.max_per_frame)
        self._short_range_s: float | None = None
        self._searched_s: dict[int, float] = {}
        """When there was an ROI around each of them last, by the number of the track."""
        self._near_s: dict[int, float] = {}
        """The same for those of the short-range network."""

    def schedule(
        self,
        size_wh: tuple[int, int],
        expected: Sequence[ExpectedFace],
        detections: Sequence[Detection],
        time_s: float,
        *,
        are_known: bool = True,
        is_still: bool = False,
    ) -> RoiRequest:
        """What to do in a frame of (width, height) pixels that shows ``detections`` so far.

        ``expected`` are the predicted detections of known faces, the longest undetected first. ``are_known``
        says that nobody was in doubt in the frame before, ``is_still`` that nothing has changed for a while
        but who is known.
        """
        config = self._config
        self._tokens.refill(time_s, config.per_s)
        known = {one.track_id for one in expected}
        for times_s in (self._searched_s, self._near_s):
            for number in times_s.keys() - known:
                del times_s[number]
        missed = [
            one
            for one in expected
            if self._is_due(one, time_s)
            and all(
                intersection_over_smaller(one.face.box, other.box) <= config.detected_ios
                for other in detections
            )
        ]
        every_s = config.still_short_range_every_s if is_still else config.short_range_every_s
        near_px = config.near_size * max(size_wh)
        short_range = (
            self._short_range_s is None
            or time_s - self._short_range_s >= every_s
            or any(max(one.face.box[2:]) >= near_px for one in missed)
        )
        if short_range:
            self._short_range_s = time_s
        rois: list[Roi] = []
        near_rois: list[Roi] = []
        boxes = [one.face.box for one in expected] + [one.box for one in detections]
        alone = [self._near_roi(one, boxes, size_wh, time_s) for one in missed]
        if not are_known and len(alone) - alone.count(None) < MOSAIC_FROM:
            alone = [None] * len(missed)
        for one, near_roi in zip(missed, alone, strict=True):
            if not any(_contains(roi, one.face.box) for roi in rois):
                if not self._has_room(near_roi, near_rois):
                    if near_rois:  # another may still share their run
                        continue
                    break
                if near_roi is None:
                    rois.append(self._roi_around(one.face, config.sides, size_wh))
                else:
                    near_rois.append(near_roi)
                    self._near_s[one.track_id] = time_s
            self._searched_s[one.track_id] = time_s
        return RoiRequest(rois, near_rois, short_range)

    def _has_room(self, near_roi: Roi | None, near_rois: Sequence[Roi]) -> bool:
        """Whether one more ROI is run in this frame: up to ``MOSAIC_ROIS`` near ones count for one."""
        if near_roi is None or not near_rois:
            return self._tokens.take()
        return len(near_rois) < MOSAIC_ROIS

    def _is_due(self, expected: ExpectedFace, time_s: float) -> bool:
        if expected.missed_s < self._config.missing_after_s:
            return True
        return time_s - self._searched_s.get(expected.track_id, -math.inf) >= self._config.missing_every_s

    def _near_roi(
        self, expected: ExpectedFace, boxes: Sequence[Box], size_wh: tuple[int, int], time_s: float
    ) -> Roi | None:
        """An ROI for the short-range network; ``None`` where the other one is to search for the face.

        So it is where that ROI would show another of ``boxes``, and where the last one did not show the face.
        """
        config, face = self._config, expected.face
        is_small = config.near_sides * max(face.box[2:]) < config.least_side_px
        if is_small or expected.missed_s > time_s - self._near_s.get(expected.track_id, -math.inf):
            return None
        roi = self._roi_around(face, config.near_sides, size_wh)
        others = (box for box in boxes if box is not face.box)
        return None if any(intersection_over_smaller(roi, box) > 0 for box in others) else roi

    def _roi_around(self, face: Detection, sides: float, size_wh: tuple[int, int]) -> Roi:
        side = round(max(self._config.least_side_px, sides * max(face.box[2:])))
        side = min(side, *size_wh)
        x, y = (
            min(max(0, round(centre - side / 2)), limit - side)
            for centre, limit in zip(face.centre, size_wh, strict=True)
        )
        return x, y, side, side


def _contains(roi: Roi, box: Sequence[float]) -> bool:
    x, y, width, height = roi
    return x <= box[0] and y <= box[1] and box[0] + box[2] <= x + width and box[1] + box[3] <= y + height
