"""Room on disks: how much there is, and when to stop writing before there is none."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agecam.errors import DiskFullError
from agecam.files import whole_path

GROWING: Final = ".part"
"""Before the suffix of a file that grows under a name that can be seen."""


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """What a disk holds, in bytes; ``free`` is what this user may still write."""

    free: int
    total: int


@dataclass(frozen=True, slots=True)
class DiskConfig:
    """When the room on a disk is too small, in seconds and bytes."""

    check_every_s: float = 0.25
    """How often the system is asked, which takes microseconds."""
    least_s: float = 3.0
    """A recording begins only where there is room for so much of it."""
    usual_bytes_a_pixel: float = 0.4
    """What a pixel takes a second: 0.35 MB for 1280 x 720 at 30 frames a second, of people at a desk."""
    finish_bytes: int = 200_000
    """What finishing a file may take; besides, what was written in twice ``check_every_s``, and the index."""
    index_bytes_a_frame: int = 64
    """What a frame takes in the index of an MP4: 20 to 40 bytes, measured."""
    keep_free_bytes: int = 0
    """What other programs are left, so that a desktop goes on working."""
    keep_free_share: float = 0.0
    """The same as a share of the disk; the smaller of the two holds."""


BATCH_DISK: Final = DiskConfig()
"""For outputs that somebody waits for: all of the disk may be used."""
RECORDING_DISK: Final = DiskConfig(keep_free_bytes=50_000_000, keep_free_share=0.01)
"""For recordings that may go on for hours."""


def disk_space(folder: Path) -> DiskSpace:
    """The room on the disk of a folder; raises :class:`OSError`."""
    usage = shutil.disk_usage(folder)
    return DiskSpace(usage.free, usage.total)


def mount_point(path: Path) -> Path:
    """Where the disk that holds ``path``, which need not be there, is mounted."""
    at = Path(os.path.realpath(path))
    while not os.path.ismount(at) and at != at.parent:
        at = at.parent
    return at


def final_path(path: Path) -> Path:
    """What a file in the making at ``path`` is to be called, for sentences about it."""
    path = whole_path(path)
    return path.with_stem(path.stem.removesuffix(GROWING)) if path.stem != GROWING else path


def disk_full(path: Path, seconds: float | None = None) -> DiskFullError:
    """The sentence for a disk without room for ``path``, or for more than its first ``seconds``."""
    path = final_path(path)
    kept = f"no room is left for {path}" if seconds is None else f"{seconds:.1f} s were saved in {path}"
    return DiskFullError(
        f"The disk is full: {kept}; free some space on {mount_point(path.parent)}, or write to another disk."
    )


class DiskGuard:
    """Watches the disk of files that grow in one folder, so that they end while they can be finished.

    Where the system does not tell, nothing is watched. ``clock`` is a steady one, in seconds.
    """

    def __init__(
        self,
        config: DiskConfig = BATCH_DISK,
        *,
        space: Callable[[Path], DiskSpace] = disk_space,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._space = space
        self._clock = clock
        self._due_s = 0.0
        self._last_free: int | None = None
        self._most_taken = 0
        self._room_bytes: int | None = None

    @property
    def room_bytes(self) -> int | None:
        """What may still be written, as of the last :meth:`check`; ``None`` where that is unknown."""
        return self._room_bytes

    def check_before(self, paths: Sequence[Path], width: int, height: int) -> None:
        """Raise :class:`DiskFullError` where videos of that size in pixels could not even begin."""
        config, space = self._config, self._ask(paths[0].parent)
        least = config.finish_bytes + config.usual_bytes_a_pixel * width * height * config.least_s
        if space is not None and space.free < self._kept_free(space) + least * len(paths):
            raise disk_full(paths[0])

    def is_due(self) -> bool:
        """Whether :meth:`check` should be called: true once in ``check_every_s``."""
        now_s = self._clock()
        if now_s < self._due_s:
            return False
        self._due_s = now_s + self._config.check_every_s
        return True

    def check(self, paths: Sequence[Path], frames: int) -> None:
        """Raise :class:`DiskFullError` where files of so many frames had better be finished now."""
        config, space = self._config, self._ask(paths[0].parent)
        if space is None:
            return
        self._room_bytes = max(0, round(space.free - self._kept_free(space)))
        if self._last_free is not None:
            self._most_taken = max(self._most_taken, self._last_free - space.free)
        self._last_free = space.free
        to_finish = (config.finish_bytes + config.index_bytes_a_frame * frames) * len(paths)
        if space.free < self._kept_free(space) + to_finish + 2 * self._most_taken:
            raise disk_full(paths[0])

    def _kept_free(self, space: DiskSpace) -> float:
        return min(self._config.keep_free_bytes, self._config.keep_free_share * space.total)

    def _ask(self, folder: Path) -> DiskSpace | None:
        try:
            return self._space(folder)
        except OSError:
            return None
