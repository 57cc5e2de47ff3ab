"""Images as arrays, and as a source of one frame."""

from __future__ import annotations

import os
import struct
import zlib
from itertools import islice
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from agecam.errors import SourceError
from agecam.messages import Frame
from agecam.opencv import cv2
from agecam.sources.files import check_file, image_format, is_image, is_video
from agecam.sources.header import ImageConfig, check_size, read_header, too_many_pixels
from agecam.sources.selection import FrameSelection
from agecam.sources.stderr import decoder_remarks
from agecam.sources.tiff import TiffPages, tiff_pages

Image = NDArray[np.uint8]

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
# Of a JPEG whose image is whole all the same.
_HARMLESS_REMARKS: Final = ("extraneous bytes before marker", "bad ICC marker")
# By EXIF orientation: whether rows and columns change places, then OpenCV's code of the flip.
_UPRIGHT: Final = {
    2: (False, 1),
    3: (False, -1),
    4: (False, 0),
    5: (True, None),
    6: (True, 1),
    7: (True, -1),
    8: (True, 0),
}


def read_image(path: Path | str) -> Image:
    """An image file as ``(height, width, 3)`` uint8 BGR, rotated upright by its EXIF or HEIF orientation.

    Gray, 16-bit and CMYK images are converted, transparency is dropped, of an animation the first frame is
    taken, and of a TIFF the first page (see :func:`pages_left_out` and :func:`image_damage`). Raises
    :class:`agecam.errors.SourceError` where the file is missing, empty, too large (see
    :class:`agecam.sources.header.ImageConfig`), no image, or damaged: an image is read whole or not at all.
    """
    path = Path(path)
    check_file(path)
    try:
        image = _read_heif(path) if image_format(path) == "HEIF" else _read_with_opencv(path)
    except MemoryError as error:
        raise too_many_pixels(path) from error
    if image is None:
        raise SourceError(
            f"{path} is damaged or not a picture that AgeCam knows; save it again as JPEG or PNG."
        )
    return np.ascontiguousarray(image, np.uint8)


def pages_left_out(path: Path | str) -> str | None:
    """The sentence for a file of which :func:`read_image` reads one page of several; ``None`` for others."""
    path = Path(path)
    pages = _tiff_pages(path)
    if pages is None or pages.whole < 2 or pages.is_cut_off:
        return None
    return f"{path} holds {pages.whole} pages, of which the first is read; save the others as files."


def image_damage(path: Path | str) -> str | None:
    """The sentence for a file that is damaged behind what :func:`read_image` reads; ``None`` for others."""
    path = Path(path)
    pages = _tiff_pages(path)
    if pages is None or not pages.is_cut_off:
        return None
    kept = "its first page" if pages.whole < 2 else f"page {pages.whole}"
    return f"{path} is damaged: it ends after {kept}, where more should follow; the first is read."


def _tiff_pages(path: Path) -> TiffPages | None:
    """``None`` for what is no TIFF file, or cannot be read now."""
    try:
        return tiff_pages(path) if image_format(path) == "TIFF" else None
    except OSError:
        return None


def _read_with_opencv(path: Path) -> Image | None:
    header = read_header(path)
    if image_format(path) == "PNG" and not is_whole_png(path.read_bytes()):
        return None
    try:
        with decoder_remarks() as remarks:
            image = _decode(path)
    except cv2.error as error:
        if "validateInputImageSize" in str(error):
            raise too_many_pixels(path) from error
        return None
    if image is None or any(_is_damage(remark) for remark in remarks):
        return None
    if header is not None and header.format == "AVIF":
        image = _upright(image, header.orientation)
    return np.asarray(image, np.uint8)


def _decode(path: Path) -> Image | None:
    """``None`` where OpenCV cannot."""
    # On Windows imread cannot open every name, and elsewhere it crashes on one that is no UTF-8.
    # With ``dst`` it decodes into memory of NumPy's; without, it makes a copy there when it is done.
    image = cv2.imread(str(path), dst=None, flags=cv2.IMREAD_COLOR) if _is_safe_name(str(path)) else None
    if image is None:  # nor everywhere a TIFF of one large strip
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    return image


def _is_safe_name(name: str) -> bool:
    if os.name != "posix":
        return name.isascii()
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_damage(remark: str) -> bool:
    return remark.startswith(("Corrupt JPEG data", "Premature end of JPEG")) and not any(
        harmless in remark for harmless in _HARMLESS_REMARKS
    )


def _upright(image: Image, orientation: int) -> Image:
    """``image`` as it is to be seen; ``orientation`` as in EXIF."""
    transposed, flip = _UPRIGHT.get(orientation, (False, None))
    if transposed:
        image = np.asarray(cv2.transpose(image), np.uint8)
    return image if flip is None else np.asarray(cv2.flip(image, flip), np.uint8)


def _read_heif(path: Path) -> Image | None:
    """``None`` where libheif cannot read it. The file's own rotation is applied by libheif."""
    # Here, because few need it.
    import pillow_heif

    config = ImageConfig()
    try:
        heif = pillow_heif.open_heif(path, convert_hdr_to_8bit=True, bgr_mode=True)
        width, height = heif.size
        check_size(path, width * height, config.bytes_per_pixel, config)
        image = np.asarray(heif)
    except (OSError, ValueError, RuntimeError, SyntaxError, EOFError, LookupError):
        return None
    if image.ndim == 2:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    return image[:, :, :3]


def is_whole_png(content: bytes) -> bool:
    """False for what is no PNG file, and one that is cut short or changed.

    libpng may give a part of such a file, and take gigabytes for it.
    """
    if not content.startswith(_PNG_SIGNATURE):
        return False
    view = memoryview(content)
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
        self.damage: str | None = None
        """One sentence on what is wrong with the file behind the image; ``None``: nothing."""

    def selected(self, _selection: FrameSelection) -> ImageSource:
        """The same: a photograph has no times, and is given whatever is selected."""
        return self

    @property
    def name(self) -> str:
        return self._path.name

    def open(self) -> None:
        image = read_image(self._path)
        image.setflags(write=False)
        self.damage = image_damage(self._path)
        self._frame = Frame(image, time_s=0.0, index=0, is_still=True)

    def read(self) -> Frame | None:
        frame, self._frame = self._frame, None
        return frame

    def close(self) -> None:
        self._frame = None


def is_animated(path: Path | str) -> bool:
    """Whether ``path`` is an image of several frames, which plays as a video: GIF, WebP, PNG or AVIF."""
    path = Path(path)
    if image_format(path) == "GIF":
        return _count_frames(path) > 1
    return plays_as_animation(path)


def plays_as_animation(path: Path) -> bool:
    """Whether ``path`` is an animated WebP, PNG or AVIF, which Pillow plays, as FFmpeg does a GIF."""
    if image_format(path) not in ("WEBP", "PNG", "AVIF"):
        return False
    try:
        header = read_header(path)
    except SourceError:  # too large; who opens it will say so
        return False
    return header is not None and header.is_animation


def is_still(path: Path | str) -> bool:
    """Whether ``path`` gives one still frame: an image that is not animated, or a video of one frame."""
    path = Path(path)
    if is_image(path):
        return not is_animated(path)
    return is_video(path) and _count_frames(path) == 1


def _count_frames(path: Path) -> int:
    """Of a file that FFmpeg plays, up to 2; 0 where it plays nothing, or would be waited for (a pipe)."""
    try:
        if not path.is_file() or not path.stat().st_size:
            return 0
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            return sum(1 for packet in islice(container.demux(video=0), 2) if packet.size)
    except (OSError, ValueError, av.FFmpegError, IndexError):
        return 0
