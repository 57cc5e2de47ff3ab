import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.messages import Frame
from agecam.output import VIDEO_OUTPUTS, VideoOptions, VideoWriter
from agecam.sources.video import VideoFileSource

Image = NDArray[np.uint8]


def read_back(path: Path) -> list[Frame]:
    source = VideoFileSource(path)
    source.open()
    try:
        return list(iter(source.read, None))
    finally:
        source.close()


def difference(image: Image, expected: Image) -> float:
    assert image.shape == expected.shape
    return float(np.abs(image.astype(int) - expected).mean())


@pytest.fixture
def views(astronaut_bgr: Image) -> list[Image]:
    """Different views on one photograph, ``(240, 320, 3)``."""
    return [astronaut_bgr[3 * i : 3 * i + 240, 3 * i : 3 * i + 320] for i in range(40)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".MP4", ".mov", ".webm"])
def test_keeps_images_and_their_own_times(tmp_path: Path, views: list[Image], suffix: str) -> None:
    times_s = [100.0, 100.033, 100.1, 101.5, 101.51, 104.0]
    path = tmp_path / f"Aufnahme 日本{suffix}"
    with VideoWriter(path, 320, 240) as writer:
        for view, time_s in zip(views, times_s, strict=False):
            writer.write(view, time_s)
        assert writer.frames == 6
        assert writer.seconds == pytest.approx(4.0)
    frames = read_back(path)
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.033, 0.1, 1.5, 1.51, 4.0], abs=1e-3)
    for frame, view in zip(frames, views, strict=False):
        assert difference(frame.image_bgr, view) < 7


def boxes(path: Path) -> list[bytes]:
    """The kinds of the outermost parts of an MP4 file."""
    data = path.read_bytes()
    kinds, start = [], 0
    while start < len(data):
        kinds.append(data[start + 4 : start + 8])
        start += int.from_bytes(data[start : start + 4], "big")
    return kinds


def test_finishes_as_a_plain_mp4_that_any_player_can_seek_in(tmp_path: Path, views: list[Image]) -> None:
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, 320, 240, VideoOptions(nominal_fps=20)) as writer:
        for index, view in enumerate(views * 2):
            writer.write(view, index / 20)
    assert boxes(path) == [b"ftyp", b"free", b"mdat", b"moov"]  # no fragments
    with av.open(path) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.frames == len(views) * 2
        assert stream.duration is not None
        assert stream.time_base is not None
        assert float(stream.duration * stream.time_base) == pytest.approx(4.0, abs=0.01)
        key_times_s = [frame.time or 0.0 for frame in container.decode(stream) if frame.key_frame]
    assert len(key_times_s) == 4
    assert np.diff(key_times_s).max() < 1.2


def test_keeps_colours(tmp_path: Path) -> None:
    colours = np.repeat(
        np.array([[0, 0, 255], [0, 255, 0], [255, 0, 0], [128, 128, 128]], np.uint8), 80, axis=0
    )
    image = np.tile(colours, (240, 1, 1))
    with VideoWriter(tmp_path / "bars.mp4", 320, 240) as writer:
        writer.write(image, 0)
    seen = read_back(tmp_path / "bars.mp4")[0].image_bgr[120, 40::80].astype(int)
    assert np.abs(seen - image[120, 40::80]).max() < 12


def test_times_that_do_not_increase_are_moved_on(tmp_path: Path, views: list[Image]) -> None:
    with VideoWriter(tmp_path / "clip.mkv", 320, 240, VideoOptions(nominal_fps=10)) as writer:
        for view, time_s in zip(views, [5.0, 5.5, 5.5, 5.4, 6.0, 0.0, 0.1], strict=False):
            writer.write(view, time_s)
    times_s = [frame.time_s for frame in read_back(tmp_path / "clip.mkv")]
    assert times_s == pytest.approx([0, 0.5, 0.501, 0.502, 1.0, 1.1, 1.2], abs=2e-3)


@pytest.mark.parametrize("shape", [(241, 321), (1, 1), (240, 321)])
def test_makes_an_odd_size_even_without_losing_a_line(
    tmp_path: Path, astronaut_bgr: Image, shape: tuple[int, int]
) -> None:
    image = astronaut_bgr[: shape[0], : shape[1]]
    with VideoWriter(tmp_path / "odd.mp4", shape[1], shape[0]) as writer:
        for index in range(3):
            writer.write(image, index / 10)
    frame = read_back(tmp_path / "odd.mp4")[0]
    even = tuple(side + side % 2 for side in shape)
    assert frame.image_bgr.shape == (*even, 3)
    assert difference(frame.image_bgr[: shape[0], : shape[1]], image) < 7


def test_fits_a_frame_of_another_size_in_with_black_bars(
    tmp_path: Path, views: list[Image], hopper_bgr: Image
) -> None:
    with VideoWriter(tmp_path / "switched.mp4", 320, 240) as writer:
        writer.write(views[0], 0)
        writer.write(hopper_bgr, 0.1)  # upright: bars at the sides
        writer.write(views[0][:100], 0.2)  # wide: bars above and below
    _, upright, wide = (frame.image_bgr for frame in read_back(tmp_path / "switched.mp4"))
    assert upright.shape == wide.shape == (240, 320, 3)
    assert upright[:, :50].max() < 40
    assert upright[:, 80:240].mean() > 40
    assert wide[:60].max() < 40
    assert wide[80:160].mean() > 40


def test_a_video_of_one_frame_can_be_played(tmp_path: Path, views: list[Image]) -> None:
    with VideoWriter(tmp_path / "one.mp4", 320, 240) as writer:
        writer.write(views[0], 77)
    assert [frame.time_s for frame in read_back(tmp_path / "one.mp4")] == [0]


def test_falls_back_to_mpeg4(tmp_path: Path, views: list[Image]) -> None:
    with VideoWriter(tmp_path / "old.mp4", 320, 240, codecs=("absent", "mpeg4")) as writer:
        for index, view in enumerate(views[:5]):
            writer.write(view, index * 0.3)
    frames = read_back(tmp_path / "old.mp4")
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.3, 0.6, 0.9, 1.2], abs=2e-3)
    assert difference(frames[-1].image_bgr, views[4]) < 8


def test_says_that_no_codec_is_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="can write neither"):
        VideoWriter(tmp_path / "clip.mp4", 320, 240, codecs=("absent",))
    assert not (tmp_path / "clip.mp4").exists()


_WRITES_UNTIL_KILLED = """
import itertools, sys
import numpy as np
from agecam.output import VideoOptions, VideoWriter

noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
writer = VideoWriter(sys.argv[1], 160, 120, VideoOptions(nominal_fps=20))
for index in itertools.count():
    writer.write(np.roll(noise, index, 1), index / 20)
    print(index / 20, flush=True)
"""


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_a_killed_program_leaves_all_but_the_last_second(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"killed{suffix}"
    command = [sys.executable, "-c", _WRITES_UNTIL_KILLED, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if float(line) > 2.5:
                break
        process.kill()
    with av.open(path) as container:
        times_s = [frame.time for frame in container.decode(video=0)]
    assert times_s[-1] > float(line) - 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_says_that_the_disk_is_full(tmp_path: Path, views: list[Image]) -> None:
    (tmp_path / "full.mp4").symlink_to("/dev/full")

    def record() -> None:
        with VideoWriter(tmp_path / "full.mp4", 320, 240) as writer:
            for index, view in enumerate(views):
                writer.write(view, index / 10)

    with pytest.raises(OutputError, match="The disk is full"):
        record()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_nothing_is_written_after_a_failure(tmp_path: Path, views: list[Image]) -> None:
    (tmp_path / "full.mkv").symlink_to("/dev/full")
    writer = VideoWriter(tmp_path / "full.mkv", 320, 240)

    def write_all() -> None:
        for index, view in enumerate(views * 10):
            writer.write(view, index / 10)

    with pytest.raises(OutputError, match="The disk is full"):
        write_all()
    frames = writer.frames
    with pytest.raises(OutputError, match="is closed"):
        writer.write(views[0], 100.0)
    writer.close()
    writer.close()
    assert writer.frames == frames


def test_says_that_the_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"There is no folder .*absent; make it or choose another\."):
        VideoWriter(tmp_path / "absent" / "clip.mp4", 320, 240)


def test_says_that_the_name_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").mkdir()
    with pytest.raises(OutputError, match="is a folder; name a file"):
        VideoWriter(tmp_path / "clip.mp4", 320, 240)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_says_that_the_folder_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="may not be written"):
        VideoWriter(tmp_path / "clip.mp4", 320, 240)


@pytest.mark.parametrize("name", ["clip.flv", "clip", "clip.mp4.txt"])
def test_names_the_kinds_it_writes(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match=r"end its name in \.mp4, \.mov, \.mkv, \.webm, \.avi or \.gif\."):
        VideoWriter(tmp_path / name, 320, 240)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("suffix", VIDEO_OUTPUTS)
def test_leaves_no_file_without_a_frame(tmp_path: Path, suffix: str) -> None:
    writer = VideoWriter(tmp_path / f"empty{suffix}", 320, 240)
    writer.close()
    writer.close()
    assert list(tmp_path.iterdir()) == []
