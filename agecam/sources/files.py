"""What a file on disk is: a picture or a video, told by its first bytes rather than by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

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

_HEAD_BYTES = 16
_IMAGE_HEADS = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\x00",  # TIFF
    b"MM\x00*",
    b"\x00\x00\x00\x0cjP  ",  # JPEG 2000
)
_VIDEO_HEADS = (b"\x1aE\xdf\xa3", b"FLV\x01", b"OggS", b"\x00\x00\x01\xba", b"0&\xb2u\x8ef\xcf\x11")
# Kinds of picture among the "brands" of ISO base media files, which are otherwise MP4 and MOV.
_IMAGE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1")


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
    """Whether to read ``path`` as a picture: by its content where that is known, else by its suffix."""
    path = Path(path)
    return (_kind_by_content(path) or _kind_by_suffix(path)) == "image"


def is_video(path: Path | str) -> bool:
    """Whether to read ``path`` as a video: by its content where that is known, else by its suffix."""
    path = Path(path)
    return (_kind_by_content(path) or _kind_by_suffix(path)) == "video"


def _kind_by_suffix(path: Path) -> Literal["image", "video"] | None:
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return "image"
    return "video" if suffix in VIDEO_SUFFIXES else None


def _kind_by_content(path: Path) -> Literal["image", "video"] | None:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return None
    if head.startswith(_IMAGE_HEADS):
        return "image"
    if head.startswith(_VIDEO_HEADS):
        return "video"
    if head[4:8] == b"ftyp":
        return "image" if head[8:12] in _IMAGE_BRANDS else "video"
    if head[:4] == b"RIFF":
        return {b"WEBP": "image", b"AVI ": "video"}.get(head[8:12])  # type: ignore[return-value]
    return None
