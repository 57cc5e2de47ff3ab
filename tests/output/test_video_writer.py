import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from agecam.errors import OutputError
from agecam.output import VideoWriter
from agecam.sources.video import VideoFileSource


def read_back(path: Path):
    source = VideoFileSource(path)
    source.open()
    try:
        return list(iter(source.read, None))
    finally:
        source.close()


def count_playable(path: Path) -> int:
    """How many frames a player shows that does not mind a cut-off last one."""
    frames = 0
    with av.open(path) as container:
        for packet in container.demux(video=0):
            with contextlib.suppress(av.InvalidDataError):
                frames += len(packet.decode())
    return frames


def difference(picture, expected) -> float:
    assert picture.shape == expected.shape
    return np.abs(picture.astype(int) - expected).mean()


@pytest.fixture
def views(astronaut_bgr):
    """Different views on one photograph, ``(240, 320, 3)``."""
    return [astronaut_bgr[3 * i : 3 * i + 240, 3 * i : 3 * i + 320] for i in range(40)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".MP4"])
def test_keeps_pictures_and_their_own_times(tmp_path, views, suffix):
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


def test_finishes_as_a_plain_mp4_that_any_player_can_seek_in(tmp_path, views):
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, 320, 240, fps_hint=20) as writer:
        for index, view in enumerate(views * 2):
            writer.write(view, index / 20)
    assert boxes(path) == [b"ftyp", b"free", b"mdat", b"moov"]  # no fragments
    with av.open(path) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.frames == len(views) * 2
        assert float(stream.duration * stream.time_base) == pytest.approx(4.0, abs=0.01)
        key_times_s = [p.pts * p.time_base for p in container.demux(stream) if p.size and p.is_keyframe]
    assert np.diff([float(t) for t in key_times_s]).max() < 1.2


def test_keeps_colours(tmp_path):
    colours = np.repeat(
        np.array([[0, 0, 255], [0, 255, 0], [255, 0, 0], [128, 128, 128]], np.uint8), 80, axis=0
    )
    picture = np.tile(colours, (240, 1, 1))
    with VideoWriter(tmp_path / "bars.mp4", 320, 240) as writer:
        writer.write(picture, 0)
    seen = read_back(tmp_path / "bars.mp4")[0].image_bgr[120, 40::80].astype(int)
    assert np.abs(seen - picture[120, 40::80]).max() < 12


def test_times_that_do_not_increase_are_moved_on(tmp_path, views):
    with VideoWriter(tmp_path / "clip.mkv", 320, 240, fps_hint=10) as writer:
        for view, time_s in zip(views, [5.0, 5.5, 5.5, 5.4, 6.0, 0.0, 0.1], strict=False):
            writer.write(view, time_s)
    times_s = [frame.time_s for frame in read_back(tmp_path / "clip.mkv")]
    assert times_s == pytest.approx([0, 0.5, 0.501, 0.502, 1.0, 1.1, 1.2], abs=2e-3)


@pytest.mark.parametrize("shape", [(241, 321), (1, 1), (240, 321)])
def test_makes_an_odd_size_even_without_losing_a_line(tmp_path, astronaut_bgr, shape):
    picture = astronaut_bgr[: shape[0], : shape[1]]
    with VideoWriter(tmp_path / "odd.mp4", shape[1], shape[0]) as writer:
        for index in range(3):
            writer.write(picture, index / 10)
    frame = read_back(tmp_path / "odd.mp4")[0]
    even = tuple(side + side % 2 for side in shape)
    assert frame.image_bgr.shape == (*even, 3)
    assert difference(frame.image_bgr[: shape[0], : shape[1]], picture) < 7


def test_fits_a_frame_of_another_size_in_with_black_bars(tmp_path, views, hopper_bgr):
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


def test_a_video_of_one_frame_can_be_played(tmp_path, views):
    with VideoWriter(tmp_path / "one.mp4", 320, 240) as writer:
        writer.write(views[0], 77)
    assert [frame.time_s for frame in read_back(tmp_path / "one.mp4")] == [0]


def test_falls_back_to_mpeg4(tmp_path, views, monkeypatch):
    monkeypatch.setattr(av, "codecs_available", {"mpeg4"})
    with VideoWriter(tmp_path / "old.mp4", 320, 240) as writer:
        for index, view in enumerate(views[:5]):
            writer.write(view, index * 0.3)
    frames = read_back(tmp_path / "old.mp4")
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.3, 0.6, 0.9, 1.2], abs=2e-3)
    assert difference(frames[-1].image_bgr, views[4]) < 8


def test_says_that_no_codec_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(av, "codecs_available", set())
    with pytest.raises(OutputError, match="can write neither"):
        VideoWriter(tmp_path / "clip.mp4", 320, 240)


_WRITES_UNTIL_KILLED = """
import sys, time
import numpy as np
from agecam.output import VideoWriter

noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
writer = VideoWriter(sys.argv[1], 160, 120, 20)
start_s = time.monotonic()
while True:
    time_s = time.monotonic() - start_s
    writer.write(np.roll(noise, int(time_s * 100), 1), time_s)
    print(time_s, flush=True)
    time.sleep(0.05)
"""


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_killed_program_leaves_all_but_the_last_second(tmp_path, suffix):
    path = tmp_path / f"killed{suffix}"
    command = [sys.executable, "-c", _WRITES_UNTIL_KILLED, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if float(line) > 2.5:
                break
        process.kill()
    with av.open(path) as container:
        times_s = [frame.time for frame in container.decode(video=0)]
    assert times_s[-1] > float(line) - 1


_WRITES_INTO_A_FULL_DISK = """
import resource, signal, sys
import numpy as np
from agecam.errors import OutputError
from agecam.output import VideoWriter

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
random = np.random.default_rng(0)
writer = VideoWriter(sys.argv[1], 160, 120, 20)
try:
    for index in range(1000):
        writer.write(random.integers(0, 255, (120, 160, 3), np.uint8), index / 20)
except OutputError as error:
    print(error)
writer.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_what_was_written_before_the_disk_was_full_can_be_played(tmp_path, suffix):
    path = tmp_path / f"full{suffix}"
    command = [sys.executable, "-c", _WRITES_INTO_A_FULL_DISK, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "has reached the largest size" in done.stdout
    assert done.stderr == ""
    assert count_playable(path) > 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_says_that_the_disk_is_full(tmp_path, views):
    (tmp_path / "full.mp4").symlink_to("/dev/full")

    def record():
        with VideoWriter(tmp_path / "full.mp4", 320, 240) as writer:
            for index, view in enumerate(views):
                writer.write(view, index / 10)

    with pytest.raises(OutputError, match="The disk is full"):
        record()


def test_does_not_write_on_after_a_failure(tmp_path, views, monkeypatch):
    writer = VideoWriter(tmp_path / "clip.mp4", 320, 240)
    writer.write(views[0], 0)

    def fail(*_):
        raise av.OSError(5, "Input/output error")

    monkeypatch.setattr(writer, "_stream", SimpleNamespace(encode=fail))
    with pytest.raises(OutputError, match=r"clip\.mp4 cannot be written \(Input/output error\)"):
        writer.write(views[1], 0.1)
    with pytest.raises(OutputError, match="is closed"):
        writer.write(views[1], 0.2)
    writer.close()
    assert len(read_back(tmp_path / "clip.mp4")) == 1


def test_says_that_the_folder_is_missing(tmp_path):
    with pytest.raises(OutputError, match=r"There is no folder .*absent; make it or choose another\."):
        VideoWriter(tmp_path / "absent" / "clip.mp4", 320, 240)


def test_says_that_the_name_is_a_folder(tmp_path):
    (tmp_path / "clip.mp4").mkdir()
    with pytest.raises(OutputError, match="is a folder; name a file"):
        VideoWriter(tmp_path / "clip.mp4", 320, 240)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_says_that_the_folder_may_not_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="may not be written"):
        VideoWriter(tmp_path / "clip.mp4", 320, 240)


@pytest.mark.parametrize("name", ["clip.avi", "clip", "clip.mp4.txt"])
def test_names_the_kinds_it_writes(tmp_path, name):
    with pytest.raises(OutputError, match=r"end its name in \.mp4 or \.mkv\."):
        VideoWriter(tmp_path / name, 320, 240)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_leaves_no_file_without_a_frame(tmp_path, suffix):
    writer = VideoWriter(tmp_path / f"empty{suffix}", 320, 240)
    writer.close()
    writer.close()
    assert list(tmp_path.iterdir()) == []


def test_encodes_faster_than_a_camera_gives(tmp_path, views):
    picture = np.ascontiguousarray(np.tile(views[0], (3, 4, 1)))  # 1280 x 720
    start_s = time.process_time()
    with VideoWriter(tmp_path / "fast.mp4", 1280, 720) as writer:
        for index in range(30):
            writer.write(picture, index / 30)
    assert time.process_time() - start_s < 2
