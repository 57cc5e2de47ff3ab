"""Images as arrays, and as a source of one frame."""

from __future__ import annotations

import struct
import zlib
from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from agecam.errors import SourceError
from agecam.messages import Frame
from agecam.opencv import cv2
from agecam.sources.files import check_file

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read_image(path: Path | str) -> NDArray[np.uint8]:
    """An image file as ``(height, width, 3)`` uint8 BGR, rotated upright by its EXIF orientation.

    Gray, 16-bit and CMYK images are converted, transparency is dropped, and of an animation the first
    frame is taken. Raises :class:`agecam.errors.SourceError` where the file is missing, damaged, too large
    or no image.
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
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if _is_whole(data) else None
    except (cv2.error, MemoryError) as error:
        if "validateInputImageSize" in str(error) or isinstance(error, MemoryError):
            raise SourceError(f"{path} has too many pixels; make it smaller and try again.") from error
        image = None
    if image is None:
        raise SourceError(
            f"{path} is damaged or not a picture that AgeCam knows; save it again as JPEG or PNG."
        )
    return np.asarray(image, np.uint8)


def _is_whole(data: NDArray[np.uint8]) -> bool:
    """False for a PNG that is cut short or changed: libpng would report it on stderr."""
    view = data.data
    if bytes(view[: len(_PNG_SIGNATURE)]) != _PNG_SIGNATURE:
        return True
    start = len(_PNG_SIGNATURE)
    while start + 12 <= len(view):  # a chunk: length, type, body, checksum
        (length,) = struct.unpack_from(">I", view, start)
        kind = bytes(view[start + 4 : start + 8])
        end = start + 8 + length
        if end + 4 > len(view):
            return False
        is_critical = kind[:1].isupper()
        if is_critical and struct.unpack_from(">I", view, end)[0] != zlib.crc32(view[start + 4 : end]):
            return False
        if kind == b"IEND":
            return True
        start = end + 4
    return False


class ImageSource:
    """An image file as a source: one still frame at 0 s, then the end."""

    is_live = False
    is_camera = False
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
        self._frame = Frame(image, time_s=0.0, index=0, is_still=True)

    def read(self) -> Frame | None:
        frame, self._frame = self._frame, None
        return frame

    def close(self) -> None:
        self._frame = None


def is_animated(path: Path | str) -> bool:
    """Whether ``path`` is a GIF of more than one frame, which plays as a video."""
    if Path(path).suffix.lower() != ".gif":
        return False
    try:
        with av.open(f"file:{path}") as container:
            return sum(1 for packet in islice(container.demux(video=0), 2) if packet.size) > 1
    except (av.FFmpegError, IndexError):
        return False
