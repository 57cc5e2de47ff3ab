"""Image files of all kinds, whole and damaged."""

import io
import os
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from agecam.errors import SourceError
from agecam.opencv import cv2
from agecam.sources import is_image, is_video, open_source, read_image
from agecam.sources.image import ImageSource, is_animated
from agecam.sources.video import VideoFileSource

Image = NDArray[np.uint8]


@pytest.fixture
def photo(astronaut_bgr: Image) -> Image:
    """A photograph that is not square, so that rotating it shows."""
    return astronaut_bgr[:400]


def save(path: Path, photo: Image, mode: str = "RGB", **options: Any) -> Path:
    Pillow.fromarray(photo[:, :, ::-1]).convert(mode).save(path, **options)
    return path


def assert_same(image: Image, photo: Image, tolerance: float = 4.0) -> None:
    assert image.shape == photo.shape
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - photo).mean() < tolerance


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif", ".webp", ".avif", ".ppm", ".jp2"])
def test_reads_the_usual_kinds(tmp_path: Path, photo: Image, suffix: str) -> None:
    assert_same(read_image(save(tmp_path / f"photo{suffix}", photo)), photo)


def test_reads_a_name_that_is_not_ascii(tmp_path: Path, photo: Image) -> None:
    assert_same(read_image(save(tmp_path / "Grüße 日本.png", photo)), photo, 0.1)


def test_rotates_a_photograph_upright_by_its_exif_orientation(tmp_path: Path, photo: Image) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # the camera was held turned to the left
    path = save(tmp_path / "turned.jpg", photo, exif=exif, quality=95)
    assert_same(read_image(path), cv2.rotate(photo, cv2.ROTATE_90_CLOCKWISE))


@pytest.mark.parametrize(
    ("mode", "suffix"), [("L", ".png"), ("LA", ".png"), ("1", ".png"), ("P", ".png"), ("L", ".jpg")]
)
def test_gives_three_channels_for_gray_and_palette(
    tmp_path: Path, photo: Image, mode: str, suffix: str
) -> None:
    image = read_image(save(tmp_path / f"photo{suffix}", photo, mode))
    gray = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    # Dithering, of one bit and of a palette, is right on the average of many pixels.
    assert_same(cv2.blur(image, (9, 9)), cv2.blur(photo if mode == "P" else gray, (9, 9)), 8)


def test_reduces_16_bits_to_8(tmp_path: Path, photo: Image) -> None:
    path = tmp_path / "deep.png"
    path.write_bytes(cv2.imencode(".png", photo.astype(np.uint16) * 257)[1].tobytes())
    assert_same(read_image(path), photo, 0.6)


def test_converts_cmyk(tmp_path: Path, photo: Image) -> None:
    assert_same(read_image(save(tmp_path / "print.jpg", photo, "CMYK", quality=95)), photo)


def test_drops_transparency(tmp_path: Path, photo: Image) -> None:
    transparent = Pillow.fromarray(photo[:, :, ::-1])
    transparent.putalpha(0)
    transparent.save(tmp_path / "clear.png")
    assert_same(read_image(tmp_path / "clear.png"), photo, 0.1)


def test_reads_a_single_pixel(tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    Pillow.new("RGB", (1, 1), (10, 20, 30)).save(path)
    assert read_image(path).tolist() == [[[30, 20, 10]]]


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_takes_the_first_frame_of_an_animation(tmp_path: Path, photo: Image, suffix: str) -> None:
    first = Pillow.fromarray(photo[:, :, ::-1])
    first.save(tmp_path / f"moving{suffix}", save_all=True, append_images=[Pillow.new("RGB", first.size)])
    assert_same(read_image(tmp_path / f"moving{suffix}"), photo, 20)


def encoded(photo: Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    Pillow.fromarray(photo[:, :, ::-1]).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF"])
def test_says_that_a_cut_off_image_is_damaged(
    tmp_path: Path, photo: Image, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    data = encoded(photo, kind)
    path = tmp_path / f"cut.{kind.lower()}"
    path.write_bytes(data[: len(data) // 3])
    with pytest.raises(SourceError, match=r"cut\.\w+ is damaged or not a picture"):
        read_image(path)
    assert capfd.readouterr().err == ""


def test_says_that_a_png_with_changed_bytes_is_damaged(
    tmp_path: Path, photo: Image, capfd: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(encoded(photo, "PNG"))
    data[5000:5050] = bytes(50)
    (tmp_path / "changed.png").write_bytes(data)
    with pytest.raises(SourceError, match="damaged"):
        read_image(tmp_path / "changed.png")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [("notes.jpg", b"not a picture", "damaged or not a picture"), ("nothing.png", b"", "is empty")],
)
def test_says_what_is_wrong_with_a_file_that_is_no_image(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        read_image(tmp_path / name)


def test_says_that_a_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There is no file"):
        read_image(tmp_path / "absent.jpg")


def test_says_that_a_folder_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a folder"):
        read_image(tmp_path)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user who may not read all"
)
def test_says_that_a_file_may_not_be_read(tmp_path: Path, photo: Image) -> None:
    path = save(tmp_path / "secret.png", photo)
    path.chmod(0)
    with pytest.raises(SourceError, match="may not be read"):
        read_image(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")
def test_does_not_wait_for_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(SourceError, match="no ordinary file"):
        read_image(tmp_path / "pipe.png")


@pytest.mark.parametrize("side", [17_000, 300_000])
def test_refuses_an_image_that_would_fill_the_memory(tmp_path: Path, side: int) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    with pytest.raises(SourceError, match="too many pixels"):
        read_image(tmp_path / "bomb.png")


def test_source_gives_the_photograph_once_and_says_that_it_is_one(tmp_path: Path, photo: Image) -> None:
    source = ImageSource(save(tmp_path / "photo.png", photo))
    source.open()
    frame = source.read()
    assert frame is not None
    assert (frame.time_s, frame.index, frame.is_still) == (0.0, 0, True)
    assert not frame.image_bgr.flags.writeable
    assert_same(frame.image_bgr, photo, 0.1)
    assert source.read() is None
    source.close()
    source.close()
    assert (source.is_live, source.fps, source.frame_count) == (False, None, 1)


def test_content_tells_an_image_rather_than_the_name(tmp_path: Path, photo: Image, demo_clip: Path) -> None:
    disguised = save(tmp_path / "photo.png", photo).rename(tmp_path / "photo.mp4")
    clip = tmp_path / "clip.jpg"
    clip.write_bytes(demo_clip.read_bytes())
    assert is_image(disguised)
    assert not is_video(disguised)
    assert is_video(clip)
    assert isinstance(open_source(str(disguised)), ImageSource)
    assert isinstance(open_source(str(clip)), VideoFileSource)


def test_suffix_tells_an_image_where_the_content_does_not(tmp_path: Path) -> None:
    (tmp_path / "broken.JPG").write_bytes(b"???")
    assert is_image(tmp_path / "broken.JPG")
    assert not is_image(tmp_path / "notes.txt")


def test_a_gif_that_moves_is_a_video_and_one_that_does_not_an_image(tmp_path: Path, photo: Image) -> None:
    still = Pillow.fromarray(photo[:, :, ::-1])
    still.save(tmp_path / "still.gif")
    still.save(tmp_path / "moving.gif", save_all=True, append_images=[Pillow.new("RGB", still.size)])
    assert not is_animated(tmp_path / "still.gif")
    assert is_animated(tmp_path / "moving.gif")
    assert isinstance(open_source(str(tmp_path / "still.gif")), ImageSource)
    assert isinstance(open_source(str(tmp_path / "moving.gif")), VideoFileSource)
