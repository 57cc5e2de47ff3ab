"""Image or video: told by a file's first bytes rather than by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from agecam.errors import AddressError, SourceError
from agecam.sources.address import is_mistyped_address

IMAGE_SUFFIXES = frozenset(
    {
        ".apng",
        ".avif",
        ".avifs",
        ".bmp",
        ".gif",
        ".heic",
        ".heif",
        ".hif",
        ".jfi",
        ".jfif",
        ".jif",
        ".jp2",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pgm",
        ".pjp",
        ".pjpeg",
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

MISTYPED: Final = (
    "What was given looks like an address, and is no file; the window and annotate take addresses such as "
    "rtsp://user:password@host/path."
)
"""What :class:`agecam.errors.AddressError` says; it shows nothing of the address."""

Kind = Literal["image", "video"]

_HEAD_BYTES: Final = 64
"""Bytes of a file that tell its kind: the longest signature has 12, and a box ``ftyp`` of this length names
twelve compatible brands; those of photographs and clips name fewer, as a rule."""
# Formats by Pillow's names.
_IMAGE_SIGNATURES: Final = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"\x00\x00\x00\x0cjP  ": "JPEG2000",
}
_VIDEO_SIGNATURES: Final = (
    b"\x1aE\xdf\xa3",
    b"FLV\x01",
    b"OggS",
    b"\x00\x00\x01\xba",
    b"0&\xb2u\x8ef\xcf\x11",
)
# "Brands" of ISO base media files, which are otherwise MP4 and MOV. "mif1" and "msf1" are both formats'.
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)


def input_file(spec: str) -> Path | None:
    """The file or folder that an input may be: a path, also as a ``file://`` address.

    ``None`` for an address of the network. Whether there is such a file is not checked, but for what looks
    like an address that was mistyped: where there is none, :class:`agecam.errors.AddressError` is raised.
    """
    spec = without_margins(spec)
    if spec.casefold().startswith("file://"):
        # Here, because few need it, and it loads all that it takes to ask servers.
        from urllib.request import url2pathname

        return Path(url2pathname(_path_of(spec)))
    if "://" in spec:
        return None
    try:
        path = Path(spec).expanduser()
    except RuntimeError:  # ~somebody who has no home here
        path = Path(spec)
    if is_mistyped_address(spec) and not exists(path):
        raise AddressError(MISTYPED)
    return path


def without_margins(spec: str) -> str:
    """``spec`` without the blanks around it, which come along where it is copied, but for a file's own."""
    return spec if spec.strip() and exists(Path(spec)) else spec.strip()


def exists(path: Path) -> bool:
    """Whether there is a file or folder; false also for what cannot be looked for."""
    try:
        return path.exists()
    except (OSError, ValueError):  # too long for a file name, or no text that could be one
        return False


def _path_of(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:  # brackets that hold no IPv6 address
        return address[len("file://") :]


def check_file(path: Path) -> None:
    """Raises :class:`agecam.errors.SourceError` where ``path`` is not a file that can be opened."""
    try:
        if path.is_dir():
            raise SourceError(f"{path} is a folder; name one file in it.")
        if path.exists() and not path.is_file():
            raise SourceError(f"{path} is no ordinary file; save it as one first.")
        path.open("rb").close()
        if path.exists() and not path.stat().st_size:  # /proc has such that would be waited for
            raise SourceError(f"{path} is empty; choose another file.")
    except FileNotFoundError as error:
        if is_mistyped_address(str(path)):
            raise AddressError(MISTYPED) from None
        raise SourceError(f"There is no file {path}; check the name.") from error
    except PermissionError as error:
        raise SourceError(f"{path} may not be read; change its permissions or copy it elsewhere.") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be opened ({error.strerror}).") from error
    except ValueError as error:
        raise SourceError(f"{path} is no name of a file; check it.") from error


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


def image_format(path: Path) -> str | None:
    """The format that the first bytes of ``path`` show, by Pillow's name; ``None`` for no known image."""
    head = _head(path)
    for signature, name in _IMAGE_SIGNATURES.items():
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        major, *compatible = _brands(head)
        if major in _AVIF_BRANDS or (major in _HEIF_BRANDS and not _AVIF_BRANDS.isdisjoint(compatible)):
            return "AVIF"
        return "HEIF" if major in _HEIF_BRANDS else None
    return None


def _kind_by_content(path: Path) -> Kind | None:
    if image_format(path) is not None:
        return "image"
    head = _head(path)
    if head.startswith(_VIDEO_SIGNATURES) or head[4:8] == b"ftyp":
        return "video"
    return "video" if head[:4] == b"RIFF" and head[8:12] == b"AVI " else None


def _head(path: Path) -> bytes:
    """The first bytes of a file; none of what cannot be read, or would be waited for (a pipe, a device)."""
    try:
        # Files that say they are empty may have something to wait for, as some of Linux's /proc.
        if not path.is_file() or not path.stat().st_size:
            return b""
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError:
        return b""


def _brands(head: bytes) -> list[bytes]:
    """The major brand, then the compatible ones, of the box ``ftyp``; between them stands a version."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[i : i + 4] for i in range(16, end, 4))]
