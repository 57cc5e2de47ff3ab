"""Image or video: told by a file's first bytes rather than by its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from agecam.errors import SourceError

IMAGE_SUFFIXES = frozenset(
    {
        ".avif",
        ".bmp",
        ".gif",
        ".jp2",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pgm",
        ".png",
        ".ppm",
        ".tif",
        ".tiff",
        ".webp",
    }
)
VIDEO_SUFFIXES = frozenset(
    {
        ".3gp",
        ".avi",
        ".flv",
        ".m2ts",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".ogv",
        ".ts",
        ".webm",
        ".wmv",
    }
)

Kind = Literal["image", "video"]

_SIGNATURE_BYTES = 16
_IMAGE_SIGNATURES = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\x00",  # TIFF
    b"MM\x00*",
    b"\x00\x00\x00\x0cjP  ",  # JPEG 2000
)
_VIDEO_SIGNATURES = (b"\x1aE\xdf\xa3", b"FLV\x01", b"OggS", b"\x00\x00\x01\xba", b"0&\xb2u\x8ef\xcf\x11")
# Image formats among the "brands" of ISO base media files, which are otherwise MP4 and MOV.
_IMAGE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1")


_RIFF_KINDS: Final[Mapping[bytes, Kind]] = {b"WEBP": "image", b"AVI ": "video"}


def check_file(path: Path) -> None:
    """Raises :class:`agecam.errors.SourceError` where ``path`` is not a file that can be opened."""
    try:
        if path.is_dir():
            raise SourceError(f"{path} is a folder; name one file in it.")
        if path.exists() and not path.is_file():
            raise SourceError(f"{path} is no ordinary file; save it as one first.")
        path.open("rb").close()
    except FileNotFoundError as error:
        raise SourceError(f"There is no file {path}; check the name.") from error
    except PermissionError as error:
        raise SourceError(f"{path} may not be read; change its permissions or copy it elsewhere.") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be opened ({error.strerror}).") from error


def is_image(path: Path | str) -> bool:
    """Whether to read ``path`` as an image: by its content where that is known, else by its suffix."""
    path = Path(path)
    return (_kind_by_content(path) or _kind_by_suffix(path)) == "image"


def is_video(path: Path | str) -> bool:
    """Whether to read ``path`` as a video: by its content where that is known, else by its suffix."""
    path = Path(path)
    return (_kind_by_content(path) or _kind_by_suffix(path)) == "video"


def _kind_by_suffix(path: Path) -> Kind | None:
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return "image"
    return "video" if suffix in VIDEO_SUFFIXES else None


def _kind_by_content(path: Path) -> Kind | None:
    try:
        with path.open("rb") as file:
            head = file.read(_SIGNATURE_BYTES)
    except OSError:
        return None
    if head.startswith(_IMAGE_SIGNATURES):
        return "image"
    if head.startswith(_VIDEO_SIGNATURES):
        return "video"
    if head[4:8] == b"ftyp":
        return "image" if head[8:12] in _IMAGE_BRANDS else "video"
    if head[:4] == b"RIFF":
        return _RIFF_KINDS.get(head[8:12])
    return None
