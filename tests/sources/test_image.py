import io
import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agecam.errors import SourceError
from agecam.opencv import cv2
from agecam.sources import is_image, is_video, open_source, read_image
from agecam.sources.image import ImageSource, is_animated
from agecam.sources.video import VideoFileSource


@pytest.fixture
def photo(astronaut_bgr):
    """A photograph that is not square, so that turning it shows."""
    return astronaut_bgr[:400]


def save(path: Path, photo: np.ndarray, mode: str = "RGB", **options) -> Path:
    Image.fromarray(photo[:, :, ::-1]).convert(mode).save(path, **options)
    return path


def assert_same(picture, photo, tolerance=4.0):
    assert picture.shape == photo.shape
    assert picture.dtype == np.uint8
    assert np.abs(picture.astype(int) - photo).mean() < tolerance


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif", ".webp", ".avif", ".ppm", ".jp2"])
def test_reads_the_usual_kinds(tmp_path, photo, suffix):
    assert_same(read_image(save(tmp_path / f"photo{suffix}", photo)), photo)


def test_reads_a_name_that_is_not_ascii(tmp_path, photo):
    assert_same(read_image(save(tmp_path / "Grüße 日本.png", photo)), photo, 0.1)


def test_turns_a_photograph_upright_by_its_exif_orientation(tmp_path, photo):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held turned to the left
    path = save(tmp_path / "turned.jpg", photo, exif=exif, quality=95)
    assert_same(read_image(path), cv2.rotate(photo, cv2.ROTATE_90_CLOCKWISE))


@pytest.mark.parametrize(
    ("mode", "suffix"), [("L", ".png"), ("LA", ".png"), ("1", ".png"), ("P", ".png"), ("L", ".jpg")]
)
def test_gives_three_channels_for_grey_and_palette(tmp_path, photo, mode, suffix):
    picture = read_image(save(tmp_path / f"photo{suffix}", photo, mode))
    assert picture.shape == photo.shape


def test_reduces_16_bits_to_8(tmp_path, photo):
    path = tmp_path / "deep.png"
    path.write_bytes(cv2.imencode(".png", photo.astype(np.uint16) * 257)[1].tobytes())
    assert_same(read_image(path), photo, 0.6)


def test_converts_cmyk(tmp_path, photo):
    assert_same(read_image(save(tmp_path / "print.jpg", photo, "CMYK", quality=95)), photo)


def test_drops_transparency(tmp_path, photo):
    picture = Image.fromarray(photo[:, :, ::-1])
    picture.putalpha(0)
    picture.save(tmp_path / "clear.png")
    assert_same(read_image(tmp_path / "clear.png"), photo, 0.1)


def test_reads_a_single_pixel(tmp_path):
    path = tmp_path / "dot.png"
    Image.new("RGB", (1, 1), (10, 20, 30)).save(path)
    assert read_image(path).tolist() == [[[30, 20, 10]]]


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_takes_the_first_picture_of_an_animation(tmp_path, photo, suffix):
    first = Image.fromarray(photo[:, :, ::-1])
    first.save(tmp_path / f"moving{suffix}", save_all=True, append_images=[Image.new("RGB", first.size)])
    assert_same(read_image(tmp_path / f"moving{suffix}"), photo, 20)


def encoded(photo, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(photo[:, :, ::-1]).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF"])
def test_says_that_a_cut_off_picture_is_damaged(tmp_path, photo, kind, capfd):
    data = encoded(photo, kind)
    path = tmp_path / f"cut.{kind.lower()}"
    path.write_bytes(data[: len(data) // 3])
    with pytest.raises(SourceError, match=r"cut\.\w+ is damaged or not a picture"):
        read_image(path)
    assert capfd.readouterr().err == ""


def test_says_that_a_png_with_changed_bytes_is_damaged(tmp_path, photo, capfd):
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
def test_says_what_is_wrong_with_a_file_that_is_no_picture(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        read_image(tmp_path / name)


def test_says_that_a_file_is_missing(tmp_path):
    with pytest.raises(SourceError, match="There is no file"):
        read_image(tmp_path / "absent.jpg")


def test_says_that_a_folder_is_no_picture(tmp_path):
    with pytest.raises(SourceError, match="is a folder"):
        read_image(tmp_path)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user who may not read all"
)
def test_says_that_a_file_may_not_be_read(tmp_path, photo):
    path = save(tmp_path / "secret.png", photo)
    path.chmod(0)
    with pytest.raises(SourceError, match="may not be read"):
        read_image(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")
@pytest.mark.timeout(10)
def test_does_not_wait_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(SourceError, match="no ordinary file"):
        read_image(tmp_path / "pipe.png")


@pytest.mark.parametrize("side", [17_000, 300_000])
def test_refuses_a_picture_that_would_fill_the_memory(tmp_path, side):
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    with pytest.raises(SourceError, match="too many pixels"):
        read_image(tmp_path / "bomb.png")


def test_source_gives_the_picture_once(tmp_path, photo):
    source = ImageSource(save(tmp_path / "photo.png", photo))
    source.open()
    frame = source.read()
    assert frame is not None
    assert (frame.time_s, frame.index) == (0.0, 0)
    assert not frame.image_bgr.flags.writeable
    assert_same(frame.image_bgr, photo, 0.1)
    assert source.read() is None
    source.close()
    source.close()
    assert (source.is_live, source.fps, source.frame_count) == (False, None, 1)


def test_content_tells_a_picture_rather_than_the_name(tmp_path, photo, demo_clip):
    disguised = save(tmp_path / "photo.png", photo).rename(tmp_path / "photo.mp4")
    clip = tmp_path / "clip.jpg"
    clip.write_bytes(demo_clip.read_bytes())
    assert is_image(disguised)
    assert not is_video(disguised)
    assert is_video(clip)
    assert isinstance(open_source(str(disguised)), ImageSource)
    assert isinstance(open_source(str(clip)), VideoFileSource)


def test_suffix_tells_a_picture_where_the_content_does_not(tmp_path):
    (tmp_path / "broken.JPG").write_bytes(b"???")
    assert is_image(tmp_path / "broken.JPG")
    assert not is_image(tmp_path / "notes.txt")


def test_a_gif_that_moves_is_a_video_and_one_that_does_not_a_picture(tmp_path, photo):
    still = Image.fromarray(photo[:, :, ::-1])
    still.save(tmp_path / "still.gif")
    still.save(tmp_path / "moving.gif", save_all=True, append_images=[Image.new("RGB", still.size)])
    assert not is_animated(tmp_path / "still.gif")
    assert is_animated(tmp_path / "moving.gif")
    assert isinstance(open_source(str(tmp_path / "still.gif")), ImageSource)
    assert isinstance(open_source(str(tmp_path / "moving.gif")), VideoFileSource)
