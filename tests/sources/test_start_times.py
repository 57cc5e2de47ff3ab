"""Times count from where the file begins, and the stream that players show is read."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.stream import Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agecam.sources.selection import FrameSelection
from agecam.sources.video import VideoFileSource
from tests.sources.clips import encode_with_sound, read_all

Image = NDArray[np.uint8]


@pytest.fixture
def images(astronaut_bgr: Image) -> list[Image]:
    """30 views of one photograph, ``(96, 128, 3)``."""
    return [np.ascontiguousarray(astronaut_bgr[4 * i : 4 * i + 96, 4 * i : 4 * i + 128]) for i in range(30)]


@pytest.mark.parametrize(
    ("suffix", "codecs"),
    [
        (".mp4", ("libx264", "aac")),
        (".mov", ("libx264", "aac")),
        (".mkv", ("libx264", "libopus")),
        (".webm", ("libvpx", "libopus")),
        (".ts", ("libx264", "mp2")),
        (".flv", ("libx264", "aac")),
    ],
)
def test_a_video_that_begins_after_its_sound_has_a_first_frame_above_0(
    tmp_path: Path, images: list[Image], suffix: str, codecs: tuple[str, str]
) -> None:
    times_s = [0.5 + i / 10 for i in range(30)]
    path = encode_with_sound(tmp_path / f"late{suffix}", images, times_s, codecs=codecs, sound_s=(0.0, 3.5))
    frames = read_all(VideoFileSource(path))
    # Sound is delayed or begins early by what its encoder needs.
    assert [frame.time_s for frame in frames] == pytest.approx(times_s, abs=0.03)
    source = VideoFileSource(path, FrameSelection(start_s=1.45))
    assert [frame.time_s for frame in read_all(source)] == [
        frame.time_s for frame in frames if frame.time_s >= 1.45
    ]
    assert source.damage is None


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_video_alone_begins_at_0_wherever_its_clock_does(
    tmp_path: Path, images: list[Image], suffix: str
) -> None:
    times_s = [12 + i / 10 for i in range(30)]
    path = encode_with_sound(tmp_path / f"clip{suffix}", images, times_s, codecs=("libx264", None))
    frames = read_all(VideoFileSource(path))
    assert [frame.time_s for frame in frames] == pytest.approx([i / 10 for i in range(30)], abs=1e-3)


def two_streams(path: Path, images: list[Image], default: int) -> Path:
    """A stream of the images upside down, then one of the images; ``default``: which is marked."""
    with av.open(path, "w") as container:
        streams = []
        for index in range(2):
            stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
            assert isinstance(stream, VideoStream)
            stream.height, stream.width, stream.pix_fmt = 96, 128, "yuv420p"
            stream.disposition = Disposition.default if index == default else Disposition(0)
            streams.append(stream)
        for image in images:
            for stream, one in zip(streams, (image[::-1], image), strict=True):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(one), format="bgr24")
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode())
    return path


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("default", [0, 1])
def test_reads_the_stream_that_is_marked_as_the_default(
    tmp_path: Path, images: list[Image], suffix: str, default: int
) -> None:
    frames = read_all(VideoFileSource(two_streams(tmp_path / f"two{suffix}", images, default)))
    assert len(frames) == 30
    expected = images[5] if default else images[5][::-1]
    assert np.abs(frames[5].image_bgr.astype(int) - expected).mean() < 8


def test_reads_the_last_frames_also_of_a_stream_that_is_not_the_first(
    tmp_path: Path, images: list[Image]
) -> None:
    path = tmp_path / "sound_first.mkv"
    with av.open(path, "w") as container:
        sound = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        video = container.add_stream("libx264", rate=10, options={"bf": "3", "threads": "1"})
        assert isinstance(sound, AudioStream)
        assert isinstance(video, VideoStream)
        video.height, video.width, video.pix_fmt = 96, 128, "yuv420p"
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 24_000), np.int16), layout="mono")
        tone.rate = 8000
        container.mux(sound.encode(tone))
        for image in images:
            container.mux(video.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(video.encode())
        container.mux(sound.encode())
    assert [frame.index for frame in read_all(VideoFileSource(path))] == list(range(30))


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_the_last_frame_stands_as_long_as_the_file_says(
    tmp_path: Path, images: list[Image], suffix: str
) -> None:
    path = tmp_path / f"clip{suffix}"
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast", "threads": "1"})
        assert isinstance(stream, VideoStream)
        stream.height, stream.width, stream.pix_fmt = 96, 128, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        packets = []
        for index, image in enumerate(images[:10]):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base, frame.duration = 100 * index, Fraction(1, 1000), 100
            packets += stream.encode(frame)
        packets += stream.encode()
        packets[-1].duration = round(Fraction(7, 10) / packets[-1].time_base)
        for packet in packets:
            container.mux(packet)
    source = VideoFileSource(path)
    frames = read_all(source)
    assert [frame.duration_s for frame in frames[:-1]] == pytest.approx([0.1] * 9, abs=2e-3)
    assert frames[-1].duration_s == pytest.approx(0.7, abs=2e-3)
    assert source.damage is None


@pytest.mark.expects_log("parts of it could not be decoded")
def test_damage_before_the_start_does_not_matter_and_is_not_decoded(
    tmp_path: Path, images: list[Image]
) -> None:
    times_s = [i / 10 for i in range(30)]
    path = encode_with_sound(tmp_path / "scratched.mkv", images, times_s, codecs=("libx264", None))
    with av.open(path) as container:
        positions = [(packet.pos or 0, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    start, size = positions[5][0] + 60, positions[5][1] - 80  # of a key frame
    data[start : start + size] = np.random.default_rng(0).bytes(size)
    path.write_bytes(data)
    whole = VideoFileSource(path)
    read_all(whole)
    assert whole.damage is not None
    late = VideoFileSource(path, FrameSelection(start_s=2.0))
    frames = read_all(late)
    assert [frame.index for frame in frames] == list(range(20, 30))
    assert late.damage is None


@pytest.mark.expects_log("is damaged: .*it ends after")
def test_a_file_cut_off_is_told_also_from_a_late_start_but_not_before_it(
    tmp_path: Path, images: list[Image]
) -> None:
    times_s = [i / 10 for i in range(30)]
    path = encode_with_sound(tmp_path / "cut.mkv", images, times_s)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    late = VideoFileSource(path, FrameSelection(start_s=1.0))
    assert len(read_all(late)) > 3
    assert late.damage is not None
    early = VideoFileSource(path, FrameSelection(end_s=1.0))
    assert len(read_all(early)) == 10
    assert early.damage is None
