"""What tests of outputs share."""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from agecam.messages import CodedImage
from agecam.output import VideoWriter
from agecam.output.disk import DiskConfig, DiskGuard, DiskSpace

PATIENCE_S = 600.0
"""Far more than any of this takes, on any machine."""


def times_s(path: Path) -> list[float]:
    """The times of all frames of a video that can be decoded without an error."""
    with av.open(path) as container:
        return [float(frame.time or 0) for frame in container.decode(video=0)]


def size_wh(path: Path) -> tuple[int, int]:
    """The width and height of a video, in pixels."""
    with av.open(path) as container:
        return container.streams.video[0].width, container.streams.video[0].height


class HookedWriter(VideoWriter):
    """Writes as any, and calls what a test puts in before and after each frame."""

    def before_write(self) -> None: ...

    def after_write(self) -> None: ...

    def write(
        self,
        image_bgr: NDArray[np.uint8],
        time_s: float,
        duration_s: float | None = None,
        coded: CodedImage | None = None,
    ) -> None:
        self.before_write()
        super().write(image_bgr, time_s, duration_s, coded)
        self.after_write()


class FakeDisk:
    """A disk of a gigabyte with as much room as the test says; ``checks`` counts the questions."""

    def __init__(self, free: int = 1_000_000_000) -> None:
        self.free = free
        self.checks = 0

    def __call__(self, folder: Path) -> DiskSpace:
        self.checks += 1
        return DiskSpace(self.free, 1_000_000_000)

    def guard(self, config: DiskConfig) -> DiskGuard:
        """A guard that asks at every frame."""
        ticks = iter(range(1_000_000))
        return DiskGuard(config, space=self, clock=lambda: float(next(ticks)))


def cut_off_video(path: Path, frames: int) -> None:
    """Make a video, of ten frames a second, as a killed program leaves it: never finished."""
    image_bgr = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    growing = path.with_name(f"growing{path.suffix}")
    with VideoWriter(growing, 160, 120) as writer:
        for index in range(frames):
            writer.write(image_bgr, index / 10)
        path.write_bytes(growing.read_bytes())
    growing.unlink()
