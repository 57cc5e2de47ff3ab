"""Video files of many kinds: every frame, its true time, and what damage does."""

import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image as Pillow

from agecam.errors import SourceError
from agecam.opencv import cv2
from agecam.sources.video import VideoFileSource
from tests.sources.clips import read_all

Image = NDArray[np.uint8]


def encode(
    path: Path,
    images: list[Image],
    times_s: list[float] | None = None,
    *,
    codec: tuple[str, str] = ("libx264", "yuv420p"),
    rotation: float | None = None,
    aspect: Fraction | None = None,
    **options: str,
) -> Path:
    """A video of ``images`` (BGR) by PyAV itself, 10 a second where ``times_s`` does not say otherwise.

    ``codec`` is FFmpeg's name of an encoder and of a pixel format.
    """
    encoder, pixels = codec
    with av.open(path, "w", options=options) as container:
        stream = container.add_stream(encoder, rate=10, options={"g": "5"} if encoder == "libx264" else {})
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = pixels
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if times_s is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if rotation is not None:
            stream.set_display_rotation(rotation)
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            if times_s is not None:
                frame.time_base = Fraction(1, 1000)
                frame.pts = round(times_s[index] * 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def images(astronaut_bgr: Image) -> list[Image]:
    """20 different views of one photograph, ``(240, 320, 3)``."""
    return [np.ascontiguousarray(astronaut_bgr[4 * i : 4 * i + 240, 4 * i : 4 * i + 320]) for i in range(20)]


def assert_alike(image: Image, expected: Image, tolerance: float = 6.0) -> None:
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < tolerance


def test_gives_every_frame_with_its_time(demo_clip: Path) -> None:
    source = VideoFileSource(demo_clip)
    source.open()
    assert source.name == "demo.mp4"
    assert not source.is_live
    assert source.fps is not None
    fps, count = source.fps, source.frame_count
    indices, times_s = zip(*((frame.index, frame.time_s) for frame in iter(source.read, None)), strict=True)
    source.close()
    assert len(indices) == count
    assert list(indices) == list(range(len(indices)))
    assert list(times_s) == pytest.approx([index / fps for index in indices], abs=2e-3)
    assert source.damage is None


def test_frames_are_read_only_and_contiguous(tmp_path: Path, astronaut_bgr: Image) -> None:
    frame = read_all(VideoFileSource(encode(tmp_path / "odd.mp4", [astronaut_bgr[:202, :302]])))[0]
    assert frame.image_bgr.dtype == np.uint8
    assert frame.image_bgr.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        frame.image_bgr[0, 0] = 0


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_keeps_a_varying_frame_rate(tmp_path: Path, images: list[Image], suffix: str) -> None:
    times_s = [5.0, 5.04, 5.5, 5.51, 7.0]
    frames = read_all(VideoFileSource(encode(tmp_path / f"varying{suffix}", images[:5], times_s)))
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.04, 0.5, 0.51, 2.0], abs=2e-3)


@pytest.mark.parametrize(
    ("suffix", "codec", "pixels", "tolerance"),
    [
        (".mp4", "libx264", "yuv444p", 6),
        (".mkv", "libx264", "yuv420p10le", 6),
        (".mkv", "ffv1", "bgr0", 2),
        (".avi", "mjpeg", "yuvj420p", 8),
        (".mov", "png", "rgb24", 2),
        (".mkv", "ffv1", "gray16le", 80),
    ],
)
def test_decodes_any_pixel_format(
    tmp_path: Path, images: list[Image], suffix: str, codec: str, pixels: str, tolerance: float
) -> None:
    path = encode(tmp_path / f"clip{suffix}", images, codec=(codec, pixels))
    frames = read_all(VideoFileSource(path))
    assert len(frames) == len(images)
    for frame, image in zip(frames, images, strict=True):
        assert_alike(frame.image_bgr, image, tolerance)


@pytest.mark.parametrize(
    ("rotation", "code"),
    [
        (90, cv2.ROTATE_90_COUNTERCLOCKWISE),
        (-90, cv2.ROTATE_90_CLOCKWISE),
        (180, cv2.ROTATE_180),
    ],
)
def test_rotates_a_phone_video_upright(
    tmp_path: Path, images: list[Image], rotation: float, code: int
) -> None:
    path = encode(tmp_path / "phone.mp4", images[:3], rotation=rotation)
    assert_alike(read_all(VideoFileSource(path))[0].image_bgr, cv2.rotate(images[0], code))


def test_gives_square_pixels(tmp_path: Path, images: list[Image]) -> None:
    path = encode(tmp_path / "wide.mkv", images[:3], aspect=Fraction(4, 3))
    expected = cv2.resize(images[0], (427, 240), interpolation=cv2.INTER_LINEAR)
    assert_alike(read_all(VideoFileSource(path))[0].image_bgr, expected)


def test_plays_an_animated_gif_at_its_own_pace(tmp_path: Path, images: list[Image]) -> None:
    stills = [Pillow.fromarray(image[:, :, ::-1]) for image in images[:4]]
    path = tmp_path / "moving.gif"
    stills[0].save(path, save_all=True, append_images=stills[1:], duration=[100, 300, 50, 50])
    frames = read_all(VideoFileSource(path))
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.4, 0.45])
    assert_alike(frames[0].image_bgr, images[0], 20)


def test_times_go_on_where_joined_recordings_start_again(tmp_path: Path, images: list[Image]) -> None:
    part = encode(tmp_path / "part.ts", images)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(part.read_bytes() * 2)
    times_s = [frame.time_s for frame in read_all(VideoFileSource(joined))]
    assert times_s == pytest.approx([i / 10 for i in range(2 * len(images))], abs=0.05)


def test_times_are_invented_where_the_file_has_none(tmp_path: Path, images: list[Image]) -> None:
    times_s = [frame.time_s for frame in read_all(VideoFileSource(encode(tmp_path / "bare.h264", images)))]
    assert len(times_s) == len(images)
    assert np.all(np.diff(times_s) > 0)


def test_can_be_opened_again(tmp_path: Path, images: list[Image]) -> None:
    source = VideoFileSource(encode(tmp_path / "clip.mp4", images))
    first = read_all(source)
    second = read_all(source)
    assert [frame.index for frame in first] == [frame.index for frame in second]
    source.close()
    assert source.read() is None


@pytest.mark.parametrize("name", ["a:b.mp4", "Grüße 日本.mp4", "100%.mp4", "what?#.mp4"])
def test_reads_a_file_whatever_it_is_called(tmp_path: Path, demo_clip: Path, name: str) -> None:
    shutil.copy(demo_clip, tmp_path / name)
    source = VideoFileSource(tmp_path / name)
    source.open()
    assert source.read() is not None
    source.close()


@pytest.mark.expects_log("is damaged: .*it ends after")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_gives_what_is_left_of_a_cut_off_video(tmp_path: Path, images: list[Image], suffix: str) -> None:
    path = encode(tmp_path / f"cut{suffix}", images * 2, movflags="faststart")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    source = VideoFileSource(path)
    frames = read_all(source)
    assert 15 < len(frames) < 40
    assert_alike(frames[10].image_bgr, images[10])
    assert source.damage is not None
    assert "is damaged" in source.damage


@pytest.mark.expects_log("parts of it could not be decoded")
def test_reads_on_past_damage_in_the_middle(tmp_path: Path, images: list[Image]) -> None:
    path = encode(tmp_path / "scratched.mkv", images)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(0).bytes(3000)
    path.write_bytes(data)
    source = VideoFileSource(path)
    frames = read_all(source)
    assert frames[-1].time_s > 1.5
    assert_alike(frames[-1].image_bgr, images[-1])
    assert source.damage is not None


def test_does_not_call_a_broadcast_damaged_that_was_recorded_from_its_middle(
    tmp_path: Path, images: list[Image]
) -> None:
    data = encode(tmp_path / "whole.ts", images * 3).read_bytes()
    (tmp_path / "late.ts").write_bytes(data[len(data) // 3 // 188 * 188 :])
    source = VideoFileSource(tmp_path / "late.ts")
    assert read_all(source)
    assert source.damage is None


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("notes.mp4", b"just some text\n" * 50, "damaged or not a video"),
        ("notes.txt", b"just some text\n" * 50, "holds no moving pictures"),
        ("empty.mp4", b"", "is empty"),
        ("noise.avi", bytes(range(256)) * 40, "damaged or not a video"),
    ],
)
def test_says_what_is_wrong_with_a_file_that_is_no_video(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    with pytest.raises(SourceError, match=sentence) as caught:
        VideoFileSource(write(tmp_path / name, content)).open()
    assert str(caught.value).count(". ") == 0


def test_says_that_a_video_cut_off_before_its_index_is_damaged(tmp_path: Path, images: list[Image]) -> None:
    data = encode(tmp_path / "clip.mp4", images).read_bytes()
    with pytest.raises(SourceError, match="damaged or not a video"):
        VideoFileSource(write(tmp_path / "cut.mp4", data[: len(data) // 2])).open()


def test_says_that_a_sound_file_holds_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), layout="mono")
        sound.rate = 8000
        container.mux(stream.encode(sound))
    with pytest.raises(SourceError, match="holds no moving pictures"):
        VideoFileSource(path).open()


def test_says_that_a_video_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There is no file"):
        VideoFileSource(tmp_path / "absent.mp4").open()


def test_says_that_a_folder_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a folder"):
        VideoFileSource(tmp_path).open()


def test_closing_before_opening_does_no_harm(tmp_path: Path) -> None:
    source = VideoFileSource(tmp_path / "absent.mp4")
    source.close()
    assert source.read() is None
    assert source.fps is None
    assert source.frame_count is None
