"""The last recordings and snapshots, and small images of them; nothing of Qt."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.errors import SourceError
from agecam.opencv import cv2
from agecam.sources.files import exists
from agecam.ui.status_text import time_text

log = logging.getLogger(__name__)

_RECORDING: Final = ".mp4"
_OURS: Final = (f"AgeCam *{_RECORDING}", "AgeCam *.png")
"""What AgeCam calls recordings and snapshots itself: a folder that a user chose may hold much else."""
_GROWING: Final = ".part"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A recording or snapshot; ``modified_s`` is when it was written, by the system's clock."""

    path: Path
    modified_s: float

    @property
    def is_recording(self) -> bool:
        """Whether it is a video, by its name."""
        return self.path.suffix == _RECORDING


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """A small image of a file, ``(height, width, 3)`` uint8 BGR; ``length`` of a recording as a text."""

    file: KeptFile
    image_bgr: NDArray[np.uint8] | None
    """``None`` where the file cannot be read."""
    length: str = ""


def latest_files(folders: Iterable[Path], most: int) -> list[KeptFile]:
    """The last files that AgeCam has written to these folders, the latest first."""
    found: dict[Path, float] = {}
    for folder in filter(exists, folders):
        for pattern in _OURS:
            for path in folder.glob(pattern):
                if not path.stem.endswith(_GROWING):
                    try:
                        found[path] = path.stat().st_mtime
                    except OSError:  # it has gone meanwhile
                        continue
    newest = sorted(found.items(), key=lambda item: (item[1], item[0].name), reverse=True)
    return [KeptFile(path, modified_s) for path, modified_s in newest[:most]]


def make_thumbnail(file: KeptFile, height_px: int) -> Thumbnail:
    """Read a file and shrink its first image; takes its time."""
    try:
        image_bgr, length = _read(file)
    except SourceError as error:
        log.info("no thumbnail of %s: %s", file.path, error)
        return Thumbnail(file, None)
    height, width = image_bgr.shape[:2]
    size = (max(1, round(width * height_px / height)), height_px)
    small = cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA)
    return Thumbnail(file, np.ascontiguousarray(small, np.uint8), length)


def _read(file: KeptFile) -> tuple[NDArray[np.uint8], str]:
    """Its first image, and its length; raises :class:`SourceError`."""
    from agecam.sources.image import read_image
    from agecam.sources.video import VideoFileSource

    if not file.is_recording:
        return read_image(file.path), ""
    source = VideoFileSource(file.path)
    try:
        source.open()
        frame = source.read()
        if frame is None:
            raise SourceError(f"{file.path} holds no picture.")
        return frame.image_bgr, "" if source.duration_s is None else time_text(source.duration_s)
    finally:
        source.close()
