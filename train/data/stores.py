"""Image files in a folder or a zip, read in place."""

from __future__ import annotations

import lzma
import struct
import tempfile
import threading
import zipfile
import zlib
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from agecam.errors import SourceError
from agecam.opencv import cv2
from agecam.sources.image import is_whole_png, read_image
from agecam.sources.stderr import decoder_remarks
from train.errors import DataError

_MAX_BYTES: Final = 500_000_000
"""Of one file in a zip, unpacked: some pack gigabytes of zeros into little."""
_LOCKED: Final = 1
"""The bit of a file's flags in a zip that says it is encrypted."""
_HEIF_BOX: Final = b"ftyp"
"""At byte 4 of HEIC and AVIF files."""
_ZIP_ERRORS: Final = (
    *(EOFError, LookupError, OSError, RuntimeError, ValueError),
    *(struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""What :mod:`zipfile` raises of damaged, encrypted and unknown archives."""


class ImageStore(Protocol):
    """Files in a folder or zip under names with forward slashes."""

    def names(self) -> list[str]:
        """All files, sorted."""
        ...

    def read(self, name: str) -> bytes:
        """The bytes of one file. Raises :class:`DataError` when it cannot be read."""
        ...


class FolderStore:
    """A folder and all below it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """As :meth:`ImageStore.names` says."""
        files = (path for path in self._folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(self._folder).as_posix() for path in files)

    def read(self, name: str) -> bytes:
        """As :meth:`ImageStore.read` says."""
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise DataError(f"{self._folder / name} cannot be read: {error.strerror}.") from error


class ZipStore:
    """A zip archive. Raises :class:`DataError` when it cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            self._archive = zipfile.ZipFile(path)
            self._infos = {info.filename: info for info in self._archive.infolist() if not info.is_dir()}
        except _ZIP_ERRORS as error:
            raise DataError(f"{path} is not a readable zip file.") from error
        if any(info.flag_bits & _LOCKED for info in self._infos.values()):
            raise DataError(f"{path} is locked by a password: unpack it into a folder, and give that.")

    def names(self) -> list[str]:
        """As :meth:`ImageStore.names` says."""
        return sorted(self._infos)

    def read(self, name: str) -> bytes:
        """As :meth:`ImageStore.read` says."""
        try:
            if self._infos[name].file_size > _MAX_BYTES:
                raise OSError("too large")
            with self._lock:
                return self._archive.read(name)
        except _ZIP_ERRORS as error:
            raise DataError(f"{name} in {self._path} cannot be read.") from error


def open_store(path: Path) -> ImageStore:
    """Open a folder or a zip. Raises :class:`DataError` when it is neither."""
    if path.is_dir():
        return FolderStore(path)
    if path.is_file():
        return ZipStore(path)
    raise DataError(f"{path} does not exist: give a folder or a zip of labelled images.")


def dataset_name(path: Path) -> str:
    """What the images of a folder or zip are called together."""
    path = path.absolute()  # "." has no name
    return path.stem if path.is_file() else path.name


def decode(encoded: bytes) -> NDArray[np.uint8] | None:
    """An image file as ``(h, w, 3)`` uint8 BGR, upright; ``None`` where it is damaged or no image."""
    if not encoded or (encoded.startswith(b"\x89PNG") and not is_whole_png(encoded)):
        return None
    if encoded[4:8] == _HEIF_BOX:
        return _decode_heif(encoded)
    try:
        with decoder_remarks():
            image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # more pixels than OpenCV takes
        return None
    return None if image is None else np.asarray(image, np.uint8)


def _decode_heif(encoded: bytes) -> NDArray[np.uint8] | None:
    """HEIC and AVIF, by the program's own reader of files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.heic"
        path.write_bytes(encoded)
        try:
            return read_image(path)
        except SourceError:
            return None
