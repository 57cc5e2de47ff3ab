"""Still pictures as arrays, and as a source of one frame."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from agecam.errors import SourceError
from agecam.messages import Frame
from agecam.opencv import cv2
from agecam.sources.files import check_file

_MAX_PIXELS = 2**28  # A larger picture needs more than 800 MB as an array; the largest phone sensor has 2e8.


def read_image(path: Path | str) -> NDArray[np.uint8]:
    """A picture file as ``(height, width, 3)`` uint8 BGR, turned upright by its EXIF orientation.

    Grey, 16-bit and CMYK pictures are converted, transparency is dropped, and of an animation the first
    picture is taken. Raises :class:`agecam.errors.SourceError` where the file is missing, damaged, too
    large or no picture.
    """
    path = Path(path)
    check_file(path)
    try:
        data = np.fromfile(path, np.uint8)  # cv2.imread cannot open every name on Windows
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}).") from error
    if not data.size:
        raise SourceError(f"{path} is empty; choose another picture.")
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except (cv2.error, MemoryError) as error:
        if "validateInputImageSize" in str(error) or isinstance(error, MemoryError):
            raise SourceError(f"{path} has too many pixels; make it smaller and try again.") from error
        image = None
    if image is None:
        raise SourceError(
            f"{path} is damaged or not a picture that AgeCam knows; save it again as JPEG or PNG."
        )
    return np.asarray(image, np.uint8)


class ImageSource:
    """A picture file as a source: one frame at 0 s, then the end."""

    is_live = False
    fps: float | None = None
    frame_count: int | None = 1

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._frame: Frame | None = None

    @property
    def name(self) -> str:
        return self._path.name

    def open(self) -> None:
        image = read_image(self._path)
        image.setflags(write=False)
        self._frame = Frame(image, time_s=0.0, index=0)

    def read(self) -> Frame | None:
        frame, self._frame = self._frame, None
        return frame

    def close(self) -> None:
        self._frame = None


def is_animated(path: Path | str) -> bool:
    """Whether ``path`` is a GIF of more than one picture, which plays as a video."""
    if Path(path).suffix.lower() != ".gif":
        return False
    try:
        with av.open(f"file:{path}") as container:
            return sum(1 for packet in islice(container.demux(video=0), 2) if packet.size) > 1
    except (av.FFmpegError, IndexError):
        return False
