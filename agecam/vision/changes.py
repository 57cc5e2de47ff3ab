"""Where a still camera's frames have changed: on thumbnails, but around those who are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ChangeConfig:
    """Settings of :class:`Changes`."""

    levels: int = 10
    """Gray levels (of 255) by which a pixel of a thumbnail has changed; sensor noise is averaged away."""
    beside_sizes: float = 1.25
    """How far head and shoulders of who is known may move about: beside a face, in its sizes, ..."""
    above_sizes: float = 1.25
    """... above it ..."""
    below_sizes: float = 2.5
    """... and below it. Chosen."""


class Changes:
    """What may have changed in one frame of (width, height) pixels, seen in its thumbnail ``(h, w)`` uint8.

    ``known`` are boxes xywh of people, in pixels of the frame: that they move means nothing.
    """

    def __init__(
        self,
        thumbnail_gray: NDArray[np.uint8],
        size_wh: tuple[int, int],
        known: Sequence[Box],
        config: ChangeConfig = ChangeConfig(),
    ) -> None:
        self.thumbnail_gray = thumbnail_gray
        self._size_wh = size_wh
        self._levels = config.levels
        self._is_free = np.ones(thumbnail_gray.shape, np.uint8)
        for x, y, width, height in known:
            around = (
                x - config.beside_sizes * width,
                y - config.above_sizes * height,
                (1 + 2 * config.beside_sizes) * width,
                (1 + config.above_sizes + config.below_sizes) * height,
            )
            self._is_free[self._place(around)] = 0

    def since(self, before_gray: NDArray[np.uint8], box: Sequence[float] | None = None) -> bool:
        """Whether anything has since an earlier thumbnail, in a box xywh alone if one is given."""
        place = (slice(None), slice(None)) if box is None else self._place(box)
        now_gray, is_free = self.thumbnail_gray[place], self._is_free[place]
        return cv2.norm(now_gray, before_gray[place], cv2.NORM_INF, is_free) > self._levels

    def _place(self, box: Sequence[float]) -> tuple[slice, slice]:
        x, y, width, height = box
        rows, columns = self.thumbnail_gray.shape
        across, down = columns / self._size_wh[0], rows / self._size_wh[1]
        return (
            slice(max(0, int(y * down)), max(0, int((y + height) * down) + 1)),
            slice(max(0, int(x * across)), max(0, int((x + width) * across) + 1)),
        )
