"""The part of an analysis that needs no earlier frame's people: detection in the whole frame and in tiles."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection, Frame
from agecam.opencv import use_threads_for
from agecam.vision.changes import Box, Changes
from agecam.vision.detector import FrameDetections
from agecam.vision.face_network import Proposals
from agecam.vision.frame_schedule import FrameSchedule, FrameScheduleConfig
from agecam.vision.pyramid import Pyramid, Roi
from agecam.vision.rois import TileConfig, TileScheduler
from agecam.vision.scene_cut import mean_difference, thumbnail


class DetectFrame(Protocol):
    """As :meth:`agecam.vision.detector.Detector.detect_frame_concurrently`."""

    def __call__(
        self, pyramid: Pyramid, rois: Callable[[], Sequence[Roi]], *, whole: bool = True
    ) -> FrameDetections: ...


@dataclass(frozen=True, slots=True)
class SearchedFrame:
    """A frame and what is detected in it without knowing who was there before.

    ``detections`` is ``None`` where its whole was not searched, and ``on_tiles`` are those of tiles that were
    searched all the same; ``thumbnail_gray`` is ``(36, 64)`` uint8. ``is_still`` says that nothing has
    changed for a while but who is known.
    """

    frame: Frame
    pyramid: Pyramid
    thumbnail_gray: NDArray[np.uint8]
    detections: list[Detection] | None
    on_tiles: list[Detection]
    is_still: bool
    took_ms: float


class FrameSearch:
    """Searches those frames of one source, given in their order, that are due. One thread at a time."""

    def __init__(self, frames: FrameScheduleConfig, tiles: TileConfig) -> None:
        self._schedule = FrameSchedule(frames)
        self._tiles = TileScheduler(tiles)
        self._cut_levels = tiles.cut_levels
        self.reset()

    def reset(self) -> None:
        """Begin anew: the source changed."""
        self._before_gray: NDArray[np.uint8] | None = None
        """The thumbnail of the frame before."""
        self._places: Proposals | None = None
        """Of the last frame that was searched."""
        self._was_searched = False
        """Whether the frame before was."""
        self._schedule.reset()
        self._tiles.reset()

    def search(
        self, detect: DetectFrame, frame: Frame, known: Callable[[], Sequence[Box] | None]
    ) -> SearchedFrame:
        """What ``detect`` finds, if the frame is due.

        ``known`` gives the boxes xywh of all who were there lately, in pixels of the frame; ``None`` where of
        somebody it is not clear yet who they are. It may have to wait for them, which counts as no time that
        the search took: what does not depend on them is done before.
        """
        started_s, waited_s = time.perf_counter(), 0.0
        size_wh, time_s = (frame.width, frame.height), frame.time_s
        use_threads_for(size_wh)
        pyramid = Pyramid(frame.image_bgr)
        thumbnail_gray = thumbnail(frame.image_bgr)
        self._forget_other_shot(thumbnail_gray)

        def decide() -> tuple[bool, list[Roi]]:
            """Whether the whole is due, and the tiles to search."""
            nonlocal waited_s
            asked_s = time.perf_counter()
            boxes = known()
            waited_s += time.perf_counter() - asked_s
            changes = Changes(thumbnail_gray, size_wh, boxes or ())
            is_due = self._schedule.is_due(changes, time_s, are_known=boxes is not None)
            if not self._has_tiles(is_due):
                return is_due, []
            tiles = self._tiles.next_tiles(
                size_wh,
                time_s,
                changes,
                self._places,
                is_still=self._schedule.is_still,
                are_known=bool(boxes),
                most=1 if self._schedule.is_quick and not is_due else None,
            )
            return is_due, tiles

        detections, on_tiles = None, list[Detection]()
        if self._schedule.is_surely_due(time_s):
            detections, self._places = detect(pyramid, lambda: decide()[1])
        else:
            is_due, tiles = decide()
            if is_due:
                detections, self._places = detect(pyramid, lambda: tiles)
            elif tiles:
                on_tiles = detect(pyramid, lambda: tiles, whole=False).faces
        took_ms = (time.perf_counter() - started_s - waited_s) * 1000
        is_still = self._schedule.is_still
        return SearchedFrame(frame, pyramid, thumbnail_gray, detections, on_tiles, is_still, took_ms)

    def _has_tiles(self, is_due: bool) -> bool:
        """Whether tiles are searched in the next frame, the whole of which is due or not.

        Of a still scene the frames in between have them, one each where there are many: so none takes two
        runs of the network.
        """
        was_searched, self._was_searched = self._was_searched, is_due
        return not is_due or was_searched if self._schedule.is_still else is_due

    def _forget_other_shot(self, thumbnail_gray: NDArray[np.uint8]) -> None:
        """Search all tiles at once after a cut: where faces may be was of the shot before."""
        before, self._before_gray = self._before_gray, thumbnail_gray
        if before is not None and mean_difference(before, thumbnail_gray) >= self._cut_levels:
            self._tiles.reset()
            self._places = None
