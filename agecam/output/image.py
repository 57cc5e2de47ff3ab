"""Single pictures, kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.opencv import cv2
from agecam.output.files import unique_path, write_error

_ENCODE_OPTIONS = {
    # Level 1 of 9: a fifth of the time of the highest, for a few per cent more bytes.
    ".png": (cv2.IMWRITE_PNG_COMPRESSION, 1),
    ".jpg": (cv2.IMWRITE_JPEG_QUALITY, 95),
    ".jpeg": (cv2.IMWRITE_JPEG_QUALITY, 95),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 95),
}


def save_snapshot(image_bgr: NDArray[np.uint8], folder: Path | str) -> Path:
    """Saves ``image_bgr``, ``(height, width, 3)`` uint8, without loss as a new PNG file in ``folder``.

    The file is named after the time, the folder made where it is missing. Gives the path.
    Raises :class:`agecam.errors.OutputError` where that is not possible.
    """
    path = unique_path(folder, ".png")
    _write(image_bgr, path, mode="xb")
    return path


def write_image(image_bgr: NDArray[np.uint8], path: Path | str) -> None:
    """Writes ``image_bgr``, ``(height, width, 3)`` uint8, as ``path`` says: PNG, JPEG or WebP.

    An existing file is overwritten. Raises :class:`agecam.errors.OutputError`.
    """
    path = Path(path)
    if path.suffix.lower() not in _ENCODE_OPTIONS:
        kinds = ", ".join(_ENCODE_OPTIONS)
        raise OutputError(
            f"{path.name} is not a kind of picture that AgeCam writes; end its name in one of {kinds}."
        )
    _write(image_bgr, path, mode="wb")


def _write(image_bgr: NDArray[np.uint8], path: Path, mode: str) -> None:
    suffix = path.suffix.lower()
    try:
        encoded, data = cv2.imencode(suffix, image_bgr, _ENCODE_OPTIONS[suffix])
    except cv2.error:
        encoded = False
    if not encoded:  # a format's limit: JPEG ends at 65,500 pixels a side, WebP at 16,383
        raise OutputError(f"The picture is too large for {path.name}; choose another kind, such as .png.")
    try:
        with path.open(mode) as file:  # cv2.imwrite cannot open every name on Windows
            file.write(data.tobytes())
    except OSError as error:
        raise write_error(path, error) from error
