"""What the header of an image says, read by Pillow before a pixel is decoded."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agecam.errors import SourceError

_EXIF_ORIENTATION: Final = 0x0112
_TIFF_ROWS: Final = 257
_TIFF_STRIP_ROWS: Final = 278
_TIFF_TILE_ROWS: Final = 323
_ANIMATIONS: Final = frozenset({"AVIF", "PNG", "WEBP"})


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """Which images are too large to be read."""

    max_pixels: int = 100_000_000
    """Larger than the sensor of nearly every camera; the header alone is read of an image above it."""

    max_decoding_bytes: int = 610_000_000
    """Memory that decoding may take: that of 100 megapixels of 6 bytes, 700 MB with the program itself."""

    bytes_per_pixel: float = 6.0
    """Peak memory of OpenCV's ``imread`` of an image that it rotates, and so holds twice. Measured on 95
    megapixels of JPEG, PNG, WebP and BMP; others take half as much."""

    bytes_per_pixel_of: Mapping[str, float] = field(
        default_factory=lambda: {"AVIF": 19.0, "GIF": 8.1, "JPEG2000": 16.0}
    )
    """The same of formats that need more, by Pillow's name; measured on 20 to 95 megapixels."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The header of one image file; ``width`` and ``height`` in pixels, as stored."""

    format: str
    """Pillow's name of it."""

    width: int
    height: int
    orientation: int
    """Of AVIF, as in EXIF, 1 (upright) to 8; else 1, because OpenCV sees to it."""

    frames: int
    """Frames of an animation; of a TIFF see :mod:`agecam.sources.tiff`."""

    bytes_per_pixel: float
    """Peak memory of decoding it."""

    @property
    def is_animation(self) -> bool:
        return self.format in _ANIMATIONS and self.frames > 1


def read_header(path: Path, config: ImageConfig | None = None) -> ImageHeader | None:
    """The header of an image; ``None`` where Pillow knows none.

    Raises :class:`agecam.errors.SourceError` where it says more pixels than ``config`` allows.
    """
    config = config or ImageConfig()
    # Here, because a camera needs no Pillow and is to be shown soon.
    from PIL import Image

    # Pillow warns of odd metadata, and of images that are large but allowed.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as image:
                header = ImageHeader(
                    image.format or "",
                    image.width,
                    image.height,
                    orientation=_orientation(image),
                    frames=_frames(image),
                    bytes_per_pixel=_bytes_per_pixel(path, image, config),
                )
        except Image.DecompressionBombError:
            raise too_many_pixels(path) from None
        except Exception:  # noqa: BLE001 - a damaged header raises anything; who decodes the file will tell
            return None
    check_size(path, header.width * header.height, header.bytes_per_pixel, config)
    return header


def check_size(path: Path, pixels: int, bytes_per_pixel: float, config: ImageConfig) -> None:
    """Raises :class:`agecam.errors.SourceError` for an image that ``config`` does not allow."""
    if pixels > config.max_pixels or pixels * bytes_per_pixel > config.max_decoding_bytes:
        raise too_many_pixels(path, pixels)


def too_many_pixels(path: Path, pixels: int | None = None) -> SourceError:
    """The error that says so; ``pixels`` where the number is known."""
    number = "" if pixels is None else f" ({pixels / 1e6:.0f} million)"
    return SourceError(f"{path} has too many pixels{number}; make it smaller and try again.")


def _frames(image: Any) -> int:
    # Not of a TIFF: Pillow reads all its pages, and fails where they are cut off.
    return int(getattr(image, "n_frames", 1)) if image.format in _ANIMATIONS else 1


def _orientation(image: Any) -> int:
    # Not of others: for the tags of a PNG Pillow decodes all of it.
    return int(image.getexif().get(_EXIF_ORIENTATION, 1)) if image.format == "AVIF" else 1


def _bytes_per_pixel(path: Path, image: Any, config: ImageConfig) -> float:
    usual = float(config.bytes_per_pixel_of.get(image.format, config.bytes_per_pixel))
    if image.format in ("JPEG", "MPO") and image.info.get("progressive"):
        # The decoder holds all coefficients, two bytes each, beside one image.
        blocks: list[int] = [across * down for _, across, down, _ in image.layer]
        return max(usual, 3.0 + 2.0 * sum(blocks) / max(blocks))
    if image.format == "TIFF":
        tags, height = image.tag_v2, max(image.size)
        rows = tags.get(_TIFF_TILE_ROWS) or tags.get(_TIFF_STRIP_ROWS, height)
        if rows >= tags.get(_TIFF_ROWS, height):
            # One strip is decoded as a whole, from a copy of the file.
            return usual + 8
        # The file is mapped, half of it buffered besides; measured on 99 megapixels with LZW.
        file_bytes = path.stat().st_size / max(1, int(image.width) * int(image.height))
        return max(usual, 3.0 + 1.5 * file_bytes)
    return usual
