"""Images of several frames play as videos, and a video of one frame is a still image."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from agecam.errors import SourceError
from agecam.sources import open_source
from agecam.sources.image import ImageSource, is_animated, is_still
from agecam.sources.video import VideoFileSource
from tests.sources.clips import encode_with_sound, read_all

Image = NDArray[np.uint8]


@pytest.fixture
def images(astronaut_bgr: Image) -> list[Image]:
    """5 views of one photograph, ``(120, 160, 3)``."""
    return [np.ascontiguousarray(astronaut_bgr[9 * i : 9 * i + 120, 9 * i : 9 * i + 160]) for i in range(5)]


def pillow(images: list[Image]) -> list[Pillow.Image]:
    return [Pillow.fromarray(image[:, :, ::-1]) for image in images]


def save(path: Path, images: list[Image], duration_ms: list[int] | int, **options: Any) -> Path:
    first, *rest = pillow(images)
    first.save(path, save_all=True, append_images=rest, duration=duration_ms, **options)
    return path


def open_video(path: Path) -> VideoFileSource:
    source = open_source(str(path))
    assert isinstance(source, VideoFileSource)
    return source


@pytest.mark.parametrize("suffix", [".webp", ".png", ".apng", ".avif", ".gif"])
def test_gives_every_frame_of_an_animation_at_its_own_pace(
    tmp_path: Path, images: list[Image], suffix: str
) -> None:
    path = save(tmp_path / f"moving{suffix}", images, [100, 300, 50, 50, 70])
    assert is_animated(path)
    source = open_video(path)
    frames = read_all(source)
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.4, 0.45, 0.5])
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    for frame, image in zip(frames, images, strict=True):
        assert frame.image_bgr.shape == image.shape
        assert np.abs(frame.image_bgr.astype(int) - image).mean() < (20 if suffix == ".gif" else 6)
        assert not frame.image_bgr.flags.writeable
        assert not frame.is_still
    assert source.damage is None
    assert [frame.time_s for frame in read_all(source)] == [frame.time_s for frame in frames]


def test_knows_the_number_of_frames_and_a_rate_while_it_plays(tmp_path: Path, images: list[Image]) -> None:
    source = open_video(save(tmp_path / "moving.webp", images, 40))
    source.open()
    assert source.frame_count == 5
    assert source.fps == pytest.approx(25)
    source.close()


def test_a_frame_without_a_duration_is_shown_as_in_a_browser(tmp_path: Path, images: list[Image]) -> None:
    frames = read_all(open_video(save(tmp_path / "hasty.webp", images[:3], [0, 20, 0])))
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.12])


def test_leaves_out_what_a_png_shows_where_it_cannot_move(tmp_path: Path, images: list[Image]) -> None:
    frames = read_all(open_video(save(tmp_path / "moving.png", images, 100, default_image=True)))
    assert len(frames) == 4
    assert np.array_equal(frames[0].image_bgr, images[1])


@pytest.mark.expects_log(r"is damaged: it ends after \d of 5 frames")
def test_tells_of_an_animation_that_ends_early(tmp_path: Path, images: list[Image]) -> None:
    path = save(tmp_path / "cut.png", images, 100)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4])
    source = open_video(path)
    assert 2 <= len(read_all(source)) < 5
    assert source.damage is not None


@pytest.mark.parametrize("suffix", [".webp", ".png", ".gif", ".avif", ".jpg"])
def test_an_image_of_one_frame_is_an_image(tmp_path: Path, images: list[Image], suffix: str) -> None:
    path = tmp_path / f"still{suffix}"
    pillow(images)[0].save(path)
    assert not is_animated(path)
    assert is_still(path)
    assert isinstance(open_source(str(path)), ImageSource)


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "libx264"), (".mkv", "libx264"), (".avi", "mpeg4")])
def test_a_video_of_one_frame_is_a_still_image(
    tmp_path: Path, images: list[Image], suffix: str, codec: str
) -> None:
    path = encode_with_sound(tmp_path / f"one{suffix}", images[:1], [0.0], codecs=(codec, None))
    assert is_still(path)
    (frame,) = read_all(VideoFileSource(path))
    assert frame.is_still
    assert np.abs(frame.image_bgr.astype(int) - images[0]).mean() < 8


def test_a_video_of_two_frames_is_none(tmp_path: Path, images: list[Image]) -> None:
    path = encode_with_sound(tmp_path / "two.mp4", images[:2], [0.0, 0.1])
    assert not is_still(path)
    assert [frame.is_still for frame in read_all(VideoFileSource(path))] == [False, False]


def test_reads_a_video_whose_metadata_is_not_utf_8(tmp_path: Path, images: list[Image]) -> None:
    path = tmp_path / "latin.mkv"
    encode_with_sound(path, images, [i / 10 for i in range(5)], metadata={"title": "Gruesse aus Koeln"})
    data = path.read_bytes()
    assert b"Gruesse" in data
    path.write_bytes(data.replace(b"Gruesse", b"Gr\xfc\xdfe  "))
    assert len(read_all(VideoFileSource(path))) == 5
    assert not is_still(path)


def test_refuses_an_animation_whose_frames_are_too_large(tmp_path: Path, images: list[Image]) -> None:
    data = bytearray(save(tmp_path / "small.png", images, 100).read_bytes())
    header = slice(12, 29)  # type and body of the first chunk
    data[16:24] = struct.pack(">II", 8200, 4500)
    data[29:33] = struct.pack(">I", zlib.crc32(data[header]))
    path = tmp_path / "huge.png"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"huge\.png is too large to be read: 8200 x 4500 pixels"):
        VideoFileSource(path).open()


def test_each_frame_of_an_animation_stands_as_long_as_it_says(tmp_path: Path, images: list[Image]) -> None:
    for suffix in (".webp", ".png", ".gif"):
        frames = read_all(open_video(save(tmp_path / f"moving{suffix}", images, [100, 300, 50, 50, 700])))
        assert [frame.duration_s for frame in frames] == pytest.approx([0.1, 0.3, 0.05, 0.05, 0.7])
