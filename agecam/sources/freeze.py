"""Notices a camera that repeats its last image for ever, as some drivers do when it is unplugged."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from agecam.messages import Frame


@dataclass(frozen=True, slots=True)
class FreezeConfig:
    """When a camera counts as frozen."""

    frozen_s: float = 3.0
    """Seconds of identical images; the limit of :class:`agecam.sources.camera.CameraConfig` for a camera
    that gives none at all."""

    min_changes: int = 30
    """Changes that must have been seen before, about a second of live video: a virtual camera that shows a
    still image never changes."""

    flat_std: float = 3.0
    """Standard deviation, in levels of 255, up to which an image is flat: a covered lens clips to one black
    without noise."""

    stride: int = 4
    """Every so many rows and columns are compared. One pixel in 16 holds plenty of sensor noise and costs
    0.1 ms at 1280 x 720."""


class FreezeDetector:
    """Compares the frames of one camera.

    Sensor noise makes any two images differ, so the very same bytes for ``frozen_s`` seconds mean that
    nothing is being captured, unless the image is flat or the camera has never shown a change.
    """

    def __init__(self, config: FreezeConfig | None = None) -> None:
        self._config = config or FreezeConfig()
        self._digest: int | None = None
        self._since_s = 0.0
        self._changes = 0

    def is_frozen(self, frame: Frame) -> bool:
        """Whether ``frame`` repeats what the camera gave ``frozen_s`` seconds ago and ever since."""
        config = self._config
        sample = frame.image_bgr[:: config.stride, :: config.stride].tobytes()
        digest = zlib.crc32(sample)
        if digest != self._digest:
            self._changes += self._digest is not None
            self._digest = digest
            self._since_s = frame.time_s
            return False
        if frame.time_s - self._since_s < config.frozen_s or self._changes < config.min_changes:
            return False
        return float(np.frombuffer(sample, np.uint8).std()) > config.flat_std
