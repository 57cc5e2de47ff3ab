"""Image files beyond plain JPEG and PNG: HEIF, AVIF, orientation, damage that decoders remark on, size."""

import io
import os
import socket
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps

from agecam.errors import SourceError
from agecam.opencv import cv2
from agecam.sources import IMAGE_SUFFIXES, is_image, is_video, open_source, read_image
from agecam.sources.header import ImageConfig, read_header
from agecam.sources.image import ImageSource, image_damage, pages_left_out
from agecam.sources.selection import FrameSelection, select_frames
from agecam.sources.stderr import decoder_remarks
from agecam.sources.video import VideoFileSource

Image = NDArray[np.uint8]


@pytest.fixture
def photo(astronaut_bgr: Image) -> Image:
    """A photograph that is not square, so that rotating it shows."""
    return np.ascontiguousarray(astronaut_bgr[:200, 100:420])


def encode(photo: Image, kind: str, mode: str = "RGB", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Pillow.fromarray(photo[:, :, ::-1]).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def exif(orientation: int) -> Pillow.Exif:
    tags = Pillow.Exif()
    tags[0x0112] = orientation
    return tags


def upright(photo: Image, orientation: int) -> Image:
    """``photo`` as a viewer shows it, by Pillow."""
    image = Pillow.fromarray(photo[:, :, ::-1])
    image.getexif()[0x0112] = orientation
    return np.asarray(ImageOps.exif_transpose(image))[:, :, ::-1]


def assert_alike(image: Image, expected: Image, tolerance: float = 4.0) -> None:
    assert image.shape == expected.shape
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - expected).mean() < tolerance


@pytest.fixture
def heic(photo: Image) -> bytes:
    buffer = io.BytesIO()
    image = Pillow.fromarray(photo[:, :, ::-1])
    pillow_heif.from_pillow(image).save(buffer, quality=90)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["IMG_0001.HEIC", "photo.heif", "photo.hif", "disguised.jpg"])
def test_reads_heic_whatever_it_is_called(tmp_path: Path, photo: Image, heic: bytes, name: str) -> None:
    path = write(tmp_path / name, heic)
    assert is_image(path)
    assert not is_video(path)
    assert isinstance(open_source(str(path)), ImageSource)
    image = read_image(path)
    assert_alike(image, photo)
    assert image.flags.c_contiguous


@pytest.mark.parametrize("orientation", range(2, 9))
def test_rotates_heic_upright(tmp_path: Path, photo: Image, orientation: int) -> None:
    path = tmp_path / "turned.heic"
    pillow_heif.from_pillow(Pillow.fromarray(photo[:, :, ::-1])).save(
        path, quality=90, exif=exif(orientation).tobytes()
    )
    assert_alike(read_image(path), upright(photo, orientation))


@pytest.mark.parametrize(("mode", "bits"), [("L", 8), ("RGBA", 8), ("RGB;16", 16)])
def test_reads_gray_transparent_and_deep_heic(tmp_path: Path, photo: Image, mode: str, bits: int) -> None:
    rgb = np.ascontiguousarray(photo[:, :, ::-1])
    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    pixels = {
        "L": gray,
        "RGBA": np.dstack([rgb, np.full(gray.shape, 128, np.uint8)]),
        "RGB;16": rgb.astype(np.uint16) * 257,
    }[mode]
    height, width = gray.shape
    path = tmp_path / "photo.heic"
    pillow_heif.from_bytes(mode, (width, height), pixels.tobytes()).save(path, quality=90)
    assert_alike(read_image(path), cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR) if mode == "L" else photo)


def test_says_that_a_cut_off_heic_is_damaged(tmp_path: Path, heic: bytes) -> None:
    path = write(tmp_path / "cut.heic", heic[: len(heic) * 2 // 3])
    with pytest.raises(SourceError, match=r"cut\.heic is damaged or not a picture"):
        read_image(path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_rotates_upright_in_every_format(tmp_path: Path, photo: Image, kind: str, orientation: int) -> None:
    path = write(tmp_path / "turned", encode(photo, kind, exif=exif(orientation)))
    assert_alike(read_image(path), upright(photo, orientation))


@pytest.mark.parametrize("suffix", [".jfif", ".JFIF", ".jpe", ".jif", ".pjpeg"])
def test_knows_jpeg_by_each_of_its_suffixes(tmp_path: Path, photo: Image, suffix: str) -> None:
    assert suffix.lower() in IMAGE_SUFFIXES
    assert_alike(read_image(write(tmp_path / f"photo{suffix}", encode(photo, "JPEG"))), photo, 5)


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("JPEG", "RGB", {"progressive": True}),
        ("JPEG", "L", {}),
        ("JPEG", "CMYK", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "P", {}),
        ("PNG", "LA", {}),
        ("TIFF", "CMYK", {}),
        ("WEBP", "RGBA", {}),
    ],
)
def test_pixels_are_those_of_opencv(
    tmp_path: Path, photo: Image, kind: str, mode: str, options: dict[str, Any]
) -> None:
    data = encode(photo, kind, mode, **options)
    expected = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
    assert np.array_equal(read_image(write(tmp_path / "photo", data)), expected)


def test_an_unreadable_part_of_a_jpeg_makes_it_damaged(
    tmp_path: Path, photo: Image, capfd: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(encode(photo, "JPEG"))
    data[4000:4002] = b"\xff\xd9"  # the marker of the end
    with pytest.raises(SourceError, match="is damaged"):
        read_image(write(tmp_path / "scratched.jpg", bytes(data)))
    assert capfd.readouterr().err == ""


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_bytes_that_cost_no_pixel_are_passed_over_in_silence(
    tmp_path: Path, photo: Image, capfd: pytest.CaptureFixture[str]
) -> None:
    jpeg = encode(photo, "JPEG", restart_marker_rows=1)
    marker = jpeg.rindex(b"\xff\xd3")
    padded = write(tmp_path / "padded.jpg", jpeg[:marker] + bytes(3) + jpeg[marker:])
    png = encode(photo, "PNG")
    profile = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(b"too short"))
    profiled = write(tmp_path / "profiled.png", png[:33] + profile + png[33:])
    assert np.array_equal(read_image(padded), read_image(write(tmp_path / "whole.jpg", jpeg)))
    assert np.array_equal(read_image(profiled), photo)
    assert capfd.readouterr().err == ""


def test_what_others_print_while_an_image_is_decoded_is_not_lost(capfd: pytest.CaptureFixture[str]) -> None:
    with decoder_remarks() as remarks:
        sys.__stderr__.write("from another thread\n")  # type: ignore[union-attr]
        sys.__stderr__.write("Corrupt JPEG data: bad Huffman code\n")  # type: ignore[union-attr]
        sys.__stderr__.flush()  # type: ignore[union-attr]
    assert remarks == ["Corrupt JPEG data: bad Huffman code"]
    assert capfd.readouterr().err == "from another thread\n"


def test_refuses_more_than_100_megapixels_by_the_header_alone(tmp_path: Path) -> None:
    def header(width: int, height: int) -> bytes:
        body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", body) + png_chunk(b"IDAT", bytes(20))

    with pytest.raises(SourceError, match=r"has too many pixels \(101 million\)") as caught:
        read_image(write(tmp_path / "huge.png", header(10_100, 10_000)))
    assert str(caught.value).count(". ") == 0
    allowed = read_header(write(tmp_path / "large.png", header(10_000, 10_000)))
    assert allowed is not None
    assert (allowed.width, allowed.height) == (10_000, 10_000)


def test_refuses_an_image_whose_decoder_needs_too_much_memory(tmp_path: Path, photo: Image) -> None:
    pixels = photo.shape[0] * photo.shape[1]
    plain = write(tmp_path / "plain.jpg", encode(photo, "JPEG"))
    full_colour = write(
        tmp_path / "progressive.jpg", encode(photo, "JPEG", progressive=True, subsampling="4:4:4")
    )
    config = ImageConfig(max_decoding_bytes=pixels * 7)
    assert read_header(plain, config) is not None
    with pytest.raises(SourceError, match="too many pixels"):
        read_header(full_colour, config)


def test_a_tiff_takes_memory_for_its_file_too(tmp_path: Path, photo: Image) -> None:
    rows = {278: 1}
    packed = write(tmp_path / "packed.tif", encode(np.zeros_like(photo), "TIFF", compression="tiff_lzw"))
    whole = write(tmp_path / "whole.tif", encode(photo, "TIFF", tiffinfo=rows, compression="raw"))
    config = ImageConfig(max_decoding_bytes=photo.shape[0] * photo.shape[1] * 7)
    assert read_header(packed, config) is not None
    with pytest.raises(SourceError, match="too many pixels"):
        read_header(whole, config)


def test_reads_the_first_page_of_a_tiff_and_says_so(tmp_path: Path, photo: Image) -> None:
    page = Pillow.fromarray(photo[:, :, ::-1])
    path = tmp_path / "scans.tif"
    page.save(path, save_all=True, append_images=[Pillow.new("RGB", (50, 60))] * 2)
    source = open_source(str(path))
    assert isinstance(source, ImageSource)
    source.open()
    frame = source.read()
    assert frame is not None
    assert np.array_equal(frame.image_bgr, photo)
    assert source.read() is None
    said = pages_left_out(path)
    assert said == f"{path} holds 3 pages, of which the first is read; save the others as files."
    page.save(tmp_path / "one.tif")
    assert pages_left_out(tmp_path / "one.tif") is None


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}])
@pytest.mark.parametrize(("share", "kept"), [(0.4, "its first page"), (0.7, "page 2"), (0.99, "page 2")])
def test_a_tiff_cut_off_behind_its_first_page_gives_that_and_is_told(
    tmp_path: Path, photo: Image, options: dict[str, Any], share: float, kept: str
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, photo.shape, dtype=np.uint8)
    buffer = io.BytesIO()
    pages = [Pillow.fromarray(noise)] * 3
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:], **options)
    whole = write(tmp_path / "whole.tif", buffer.getvalue())
    cut = write(tmp_path / "cut.tif", buffer.getvalue()[: int(share * len(buffer.getvalue()))])
    source = open_source(str(cut))
    source = select_frames(source, FrameSelection(every=2))
    assert isinstance(source, ImageSource)
    source.open()
    frame = source.read()
    assert frame is not None
    assert np.array_equal(frame.image_bgr, noise[:, :, ::-1])
    assert source.damage == (
        f"{cut} is damaged: it ends after {kept}, where more should follow; the first is read."
    )
    assert (pages_left_out(cut), image_damage(cut)) == (None, source.damage)
    assert image_damage(whole) is None
    header = read_header(cut)
    assert header is not None
    assert (header.width, header.height) == (photo.shape[1], photo.shape[0])


@pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")
@pytest.mark.parametrize("name", ["pipe", "pipe.png", "pipe.mp4"])
def test_refuses_a_pipe_without_waiting_for_it(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert is_image(tmp_path / name) == (name == "pipe.png")
    for attempt in (lambda: open_source(str(tmp_path / name)), VideoFileSource(tmp_path / name).open):
        with pytest.raises(SourceError, match="is no ordinary file") as caught:
            attempt()
        assert str(caught.value).count(". ") == 0


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs devices")
def test_refuses_a_device_that_is_no_camera() -> None:
    with pytest.raises(SourceError, match="neither a file nor a camera"):
        open_source("/dev/zero", list_cameras=lambda first=None, /: [])
    with pytest.raises(SourceError, match="is no ordinary file"):
        VideoFileSource("/dev/zero").open()
    with pytest.raises(SourceError, match="is no ordinary file"):
        read_image("/dev/zero")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("name", ["/proc/self/status", "/proc/self/mem"])
def test_refuses_files_of_the_system_that_tell_no_size(name: str) -> None:
    for attempt in (lambda: open_source(name), VideoFileSource(name).open, lambda: read_image(name)):
        with pytest.raises(SourceError, match="is empty"):
            attempt()
    assert not is_image(name)


def test_refuses_a_folder_that_is_named_like_an_image(tmp_path: Path) -> None:
    folder = tmp_path / "holiday.png"
    folder.mkdir()
    for attempt in (lambda: open_source(str(folder)), lambda: read_image(folder)):
        with pytest.raises(SourceError, match="is a folder"):
            attempt()


@pytest.mark.skipif(sys.platform == "win32", reason="needs sockets in folders")
def test_refuses_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("door.png")
        for attempt in (lambda: open_source("door.png"), lambda: read_image("door.png")):
            with pytest.raises(SourceError, match="is no ordinary file"):
                attempt()


@pytest.mark.expects_log("moving.avif")
def test_an_avif_whose_later_frame_is_damaged(tmp_path: Path, photo: Image) -> None:
    frames = [Pillow.fromarray(np.roll(photo[:, :, ::-1], 40 * i, axis=1)) for i in range(4)]
    path = tmp_path / "moving.avif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    content = bytearray(path.read_bytes())
    content[len(content) * 3 // 4 :] = bytes(len(content) - len(content) * 3 // 4)
    source = VideoFileSource(write(path, bytes(content)))
    source.open()
    while source.read() is not None:
        pass
    source.close()
    assert source.damage is not None
    assert "frames" in source.damage


def test_a_heic_without_its_main_image_is_damaged(tmp_path: Path, heic: bytes) -> None:
    for cut in range(40, len(heic), max(1, len(heic) // 40)):
        with pytest.raises(SourceError, match="is damaged or not a picture"):
            read_image(write(tmp_path / "cut.heic", heic[:cut]))
