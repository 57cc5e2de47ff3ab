"""Single images, kept."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.files import whole_path
from agecam.messages import Frame, Person
from agecam.opencv import cv2
from agecam.output.files import claim_file, write_error
from agecam.output.sink import DEFAULT_CONFIG, QueuedSink, SinkConfig, WhenFull

_ENCODE_OPTIONS: Final = {
    # Level 1 of 9: a fifth of the time of the highest, for a few per cent more bytes.
    ".png": (cv2.IMWRITE_PNG_COMPRESSION, 1),
    ".jpg": (cv2.IMWRITE_JPEG_QUALITY, 95),
    ".jpeg": (cv2.IMWRITE_JPEG_QUALITY, 95),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 95),
}


IMAGE_OUTPUTS: Final = tuple(_ENCODE_OPTIONS)
"""Suffixes of the image files that can be written."""


def write_image(image_bgr: NDArray[np.uint8], path: Path | str) -> None:
    """Writes ``image_bgr``, ``(height, width, 3)`` uint8, as ``path`` says: PNG, JPEG or WebP.

    An existing file is overwritten. Raises :class:`agecam.errors.OutputError`.
    """
    path = Path(path)
    name = whole_path(path).name
    if path.suffix.lower() not in _ENCODE_OPTIONS:
        kinds = ", ".join(_ENCODE_OPTIONS)
        raise OutputError(
            f"{name} is not a kind of picture that AgeCam writes; end its name in one of {kinds}."
        )
    data = _encode(image_bgr, path.suffix.lower(), name)
    try:
        path.write_bytes(data)  # cv2.imwrite cannot open every name on Windows
    except OSError as error:
        raise write_error(path, error) from error


class ImageSink(QueuedSink):
    """Writes a frame as :func:`write_image` does; each further one replaces it."""

    needs_drawing = True

    def __init__(
        self,
        path: Path,
        *,
        when_full: WhenFull = WhenFull.DROP,
        on_finished: Callable[[Self], None] | None = None,
        config: SinkConfig = DEFAULT_CONFIG,
    ) -> None:
        self._target = path
        super().__init__(
            "image", when_full=when_full, capacity_bytes=config.frames_bytes, on_finished=on_finished
        )

    def consume(self, frame: Frame, _people: Sequence[Person]) -> None:
        write_image(frame.image_bgr, self._target)
        self._path = self._target


class SnapshotSink(QueuedSink):
    """Saves each frame without loss as a new PNG file, named after the time, in one folder.

    Each :meth:`write` is answered by one call of ``on_saved``, with the file's path, or ``on_failed``, and
    after a failure the next frame is tried all the same. The calls come from the sink's thread; ``on_failed``
    comes from the thread of :meth:`write` where the frame is not even queued. :meth:`status` has the path of
    the latest file.
    """

    needs_drawing = True

    def __init__(
        self,
        folder: Path,
        on_saved: Callable[[Path], None],
        on_failed: Callable[[OutputError], None],
        *,
        config: SinkConfig = DEFAULT_CONFIG,
    ) -> None:
        self._folder = folder
        self._on_saved = on_saved
        self._on_failed = on_failed
        super().__init__("snapshot", when_full=WhenFull.DROP, capacity_bytes=config.frames_bytes)

    def write(self, frame: Frame, people: Sequence[Person]) -> None:
        if not self._offer(frame, people):
            error = OutputError(
                "The snapshot was not saved, because the disk is busy with earlier ones; try again."
            )
            self._call_back(lambda: self._on_failed(error))

    def consume(self, frame: Frame, _people: Sequence[Person]) -> None:
        path = _save_snapshot(frame.image_bgr, self._folder)
        self._path = path
        self._call_back(lambda: self._on_saved(path))

    def frame_failed(self, error: OutputError) -> None:
        self._call_back(lambda: self._on_failed(error))


def _save_snapshot(image_bgr: NDArray[np.uint8], folder: Path) -> Path:
    data = _encode(image_bgr, ".png", "the snapshot")
    path = claim_file(folder, ".png")
    try:
        path.write_bytes(data)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise write_error(path, error) from error
    return path


def _encode(image_bgr: NDArray[np.uint8], suffix: str, name: str) -> bytes:
    try:
        encoded, data = cv2.imencode(suffix, image_bgr, _ENCODE_OPTIONS[suffix])
    except cv2.error:
        encoded = False
    if not encoded:  # a format's limit: JPEG ends at 65,500 pixels a side, WebP at 16,383
        raise OutputError(f"The picture is too large for {name}; choose another kind, such as .png.")
    return bytes(data.tobytes())
