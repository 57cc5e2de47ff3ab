"""A file that ends early is told, whatever its container; a whole one never is."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image as Pillow

from agecam.messages import Frame
from agecam.sources.selection import FrameSelection
from agecam.sources.structure import is_cut_off
from agecam.sources.video import VideoFileSource
from tests.sources.clips import encode_with_sound

Image = NDArray[np.uint8]

_TIMES_S = [i / 10 for i in range(50)]
_VARYING_S = list(np.cumsum([0.02, 0.3, 0.05, 0.13, 0.1] * 10))
_CODECS = {
    ".mkv": ("libx264", "aac"),
    ".webm": ("libvpx", "libopus"),
    ".avi": ("mpeg4", "libmp3lame"),
    ".ts": ("libx264", "aac"),
    ".m2ts": ("libx264", "aac"),
    ".mp4": ("libx264", "aac"),
    ".mov": ("libx264", "aac"),
    ".flv": ("libx264", "aac"),
    ".wmv": ("msmpeg4v3", "libmp3lame"),
}
_PACKETS_ALONE = {".mpg": ("mpeg2video", "mp2"), ".ogv": ("libvpx", "libopus")}
"""Containers whose headers say no duration."""


@pytest.fixture
def images(astronaut_bgr: Image) -> list[Image]:
    """50 views of one photograph, ``(64, 96, 3)``."""
    return [np.ascontiguousarray(astronaut_bgr[4 * i : 4 * i + 64, 4 * i : 4 * i + 96]) for i in range(50)]


def clip(
    path: Path, images: list[Image], times_s: list[float], *, sound_s: tuple[float, float] | None = None
) -> Path:
    options = {"movflags": "faststart"} if path.suffix in (".mp4", ".mov") else {}
    codecs = _CODECS[path.suffix]
    return encode_with_sound(path, images, times_s, codecs=codecs, sound_s=sound_s, options=options)


def silent(path: Path, images: list[Image], times_s: list[float]) -> Path:
    options = {"movflags": "faststart"} if path.suffix in (".mp4", ".mov") else {}
    return encode_with_sound(path, images, times_s, codecs=(_CODECS[path.suffix][0], None), options=options)


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share) | 1])  # odd: within a packet of a transport stream
    return path


def read_all(path: Path) -> tuple[list[Frame], str | None]:
    source = VideoFileSource(path)
    source.open()
    try:
        return list(iter(source.read, None)), source.damage
    finally:
        source.close()


@pytest.mark.expects_log("is damaged: .*it ends after")
@pytest.mark.parametrize(("with_sound", "share"), [(True, 0.5), (True, 0.88), (False, 0.6)])
@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mp4", ".mov", ".wmv"])
def test_tells_of_a_file_that_ends_early_and_gives_what_is_left(
    tmp_path: Path, images: list[Image], suffix: str, with_sound: bool, share: float
) -> None:
    make = clip if with_sound else silent
    frames, damage = read_all(cut(make(tmp_path / f"cut{suffix}", images, _TIMES_S), share))
    assert 8 < len(frames) <= 50  # AVI and WMV end with an index
    assert damage is not None
    assert f"cut{suffix} is damaged: " in damage
    assert f"it ends after {frames[-1].time_s:.1f} s" in damage


@pytest.mark.expects_log("is damaged: .*it ends after")
@pytest.mark.parametrize("share", [0.5, 0.88])
@pytest.mark.parametrize("with_sound", [True, False])
@pytest.mark.parametrize("suffix", sorted(_PACKETS_ALONE))
def test_tells_of_a_file_without_a_duration_that_ends_within_a_packet(
    tmp_path: Path, images: list[Image], suffix: str, with_sound: bool, share: float
) -> None:
    video, sound = _PACKETS_ALONE[suffix]
    times_s = [i / 25 for i in range(50)]
    path = encode_with_sound(
        tmp_path / f"cut{suffix}", images, times_s, codecs=(video, sound if with_sound else None)
    )
    frames, damage = read_all(path)
    assert (len(frames), damage) == (50, None)
    assert not is_cut_off(path)
    frames, damage = read_all(cut(path, share))
    assert 8 < len(frames) <= 50
    assert damage is not None


@pytest.mark.expects_log("is damaged: .*it ends after")
@pytest.mark.parametrize("share", [0.5, 0.88])
@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".avi", ".ts", ".mp4", ".mov", ".wmv"])
def test_tells_of_the_end_also_where_frames_are_read_from_a_late_start(
    tmp_path: Path, images: list[Image], suffix: str, share: float
) -> None:
    path = cut(clip(tmp_path / f"cut{suffix}", images, _TIMES_S), share)
    everything, damage = read_all(path)
    source = VideoFileSource(path, FrameSelection(start_s=1.0))
    source.open()
    late = list(iter(source.read, None))
    source.close()
    assert [frame.index for frame in late] == [frame.index for frame in everything if frame.time_s >= 1]
    assert source.damage == damage
    assert damage is not None


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_last_frame_that_stands_for_long_is_no_damage(
    tmp_path: Path, images: list[Image], suffix: str
) -> None:
    path = tmp_path / f"slides{suffix}"
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=1, options={"preset": "ultrafast", "threads": "1"})
        assert isinstance(stream, VideoStream)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        packets = []
        for image in images[:4]:
            packets += stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24"))
        packets += stream.encode()
        packets[-1].duration = round(8 / packets[-1].time_base)
        for packet in packets:
            container.mux(packet)
    frames, damage = read_all(path)
    assert damage is None
    assert [frame.duration_s for frame in frames] == pytest.approx([1, 1, 1, 8])


@pytest.mark.expects_log("is damaged: ")
@pytest.mark.parametrize("share", [0.5, 0.88])
def test_tells_of_a_flash_video_that_ends_early(tmp_path: Path, images: list[Image], share: float) -> None:
    frames, damage = read_all(cut(clip(tmp_path / "cut.flv", images, _TIMES_S), share))
    assert 8 < len(frames) < 50
    assert damage is not None


@pytest.mark.parametrize("suffix", sorted(_CODECS))
def test_whole_files_are_not_called_damaged(tmp_path: Path, images: list[Image], suffix: str) -> None:
    begun_late_s = [time_s + 7 for time_s in _TIMES_S]
    for path in (
        clip(tmp_path / f"sound{suffix}", images, _TIMES_S),
        silent(tmp_path / f"silent{suffix}", images, _TIMES_S),
        clip(tmp_path / f"varying{suffix}", images, _VARYING_S),
        clip(tmp_path / f"offset{suffix}", images, begun_late_s),
        clip(tmp_path / f"long_sound{suffix}", images, _TIMES_S, sound_s=(0.0, 5.5)),
        clip(tmp_path / f"longest_sound{suffix}", images, _TIMES_S, sound_s=(0.0, 9.0)),
        clip(tmp_path / f"short_sound{suffix}", images, _TIMES_S, sound_s=(0.0, 1.5)),
        clip(tmp_path / f"late_video{suffix}", images, begun_late_s, sound_s=(0.0, 12.0)),
    ):
        frames, damage = read_all(path)
        assert damage is None, path.name
        assert len(frames) == len(images), path.name
        assert not is_cut_off(path), path.name


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_bytes_behind_the_end_are_no_damage(tmp_path: Path, images: list[Image], suffix: str) -> None:
    path = silent(tmp_path / f"padded{suffix}", images, _TIMES_S)
    path.write_bytes(path.read_bytes() + b"\x7fnot a box nor a chunk" * 50)
    assert not is_cut_off(path)


def boundary_within_a_frame(data: bytes) -> int:
    """Where, in the middle of a transport stream, a packet goes on with a frame that the one before began."""
    for position in range(len(data) // 2 // 188 * 188, len(data), 188):
        before, after = data[position - 188 : position], data[position : position + 188]
        if (
            before[1] & 0x40
            and not after[1] & 0x40
            and before[1] & 0x1F == after[1]
            and before[2] == after[2]
        ):
            return position
    raise AssertionError


@pytest.mark.expects_log("is damaged: .*it ends after")
@pytest.mark.parametrize("make", [clip, silent])
def test_tells_of_a_transport_stream_that_ends_between_two_packets_of_one_frame(
    tmp_path: Path, images: list[Image], make: Callable[..., Path]
) -> None:
    path = make(tmp_path / "cut.ts", images, _TIMES_S)
    data = path.read_bytes()
    path.write_bytes(data[: boundary_within_a_frame(data)])
    frames, damage = read_all(path)
    assert 20 < len(frames) < 50
    assert damage is not None


def test_a_broadcast_recorded_from_its_middle_may_end_anywhere(tmp_path: Path, images: list[Image]) -> None:
    path = silent(tmp_path / "late.ts", images, _TIMES_S)
    data = path.read_bytes()
    path.write_bytes(data[len(data) // 4 // 188 * 188 : boundary_within_a_frame(data)])
    assert not is_cut_off(path)


@pytest.mark.expects_log("is damaged: .*it ends after")
def test_tells_of_a_live_recording_whose_last_cluster_is_not_whole(
    tmp_path: Path, images: list[Image]
) -> None:
    path = encode_with_sound(
        tmp_path / "live.mkv", images, _TIMES_S, options={"live": "1", "cluster_time_limit": "500"}
    )
    assert not is_cut_off(path)
    frames, damage = read_all(cut(path, 0.7))
    assert 20 < len(frames) < 50
    assert damage is not None


@pytest.mark.expects_log("is damaged: .*it ends after")
def test_tells_of_a_gif_that_ends_early(tmp_path: Path, images: list[Image]) -> None:
    stills = [Pillow.fromarray(image[:, :, ::-1]) for image in images[:10]]
    path = tmp_path / "cut.gif"
    stills[0].save(path, save_all=True, append_images=stills[1:], duration=100)
    assert read_all(path)[1] is None
    frames, damage = read_all(cut(path, 0.7))
    assert 3 < len(frames) < 10
    assert damage is not None
