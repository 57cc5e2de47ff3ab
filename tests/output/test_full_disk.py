"""What is left of a video when the disk is full."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from agecam.errors import OutputError
from agecam.output import VIDEO_OUTPUTS, CarriedStreams, VideoOptions, VideoWriter
from tests.output.media import Clip, make_clip

FPS = 20


def decoded_times(path: Path) -> list[float]:
    """When the frames are. An AVI or a GIF may end in a part of one."""
    times_s: list[float] = []
    with av.open(path) as container:
        frames = container.decode(video=0)
        with (
            contextlib.suppress(av.InvalidDataError)
            if path.suffix in (".avi", ".gif")
            else contextlib.nullcontext()
        ):
            times_s.extend(float(frame.time or 0) for frame in frames)
    return times_s


def fill(path: Path, options: VideoOptions) -> VideoWriter:
    """Write noise until the disk is full."""
    writer = VideoWriter(path, 160, 120, options)

    def write_all() -> None:
        random = np.random.default_rng(0)
        for index in range(5000):
            writer.write(random.integers(0, 255, (120, 160, 3), np.uint8), index / FPS)

    with pytest.raises(OutputError, match="The disk is full"):
        write_all()
    writer.close()
    return writer


@pytest.fixture
def small_disk(mount_disk: Callable[[int], Path]) -> Path:
    """A folder with room for one megabyte."""
    return mount_disk(1)


@pytest.mark.parametrize("with_sound", [False, True])
@pytest.mark.parametrize("suffix", VIDEO_OUTPUTS)
def test_what_fits_on_a_full_disk_plays_and_is_counted(
    tmp_path: Path, small_disk: Path, suffix: str, with_sound: bool
) -> None:
    carried = CarriedStreams(make_clip(tmp_path / "source.mp4", Clip(seconds=30))) if with_sound else None
    path = small_disk / f"full{suffix}"
    writer = fill(path, VideoOptions(nominal_fps=FPS, carried=carried))
    times_s = decoded_times(path)
    assert writer.frames > 20
    # Of the last frame of an AVI, a part may be there, which players show.
    assert len(times_s) - writer.frames in ((0, 1) if suffix == ".avi" else (0,))
    assert writer.seconds == pytest.approx(times_s[writer.frames - 1], abs=0.01)


_WRITES_INTO_A_FULL_DISK = """
import resource, signal, sys
import numpy as np
from agecam.errors import OutputError
from agecam.output import VideoOptions, VideoWriter

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
random = np.random.default_rng(0)
writer = VideoWriter(sys.argv[1], 160, 120, VideoOptions(nominal_fps=20))
try:
    for index in range(1000):
        writer.write(random.integers(0, 255, (120, 160, 3), np.uint8), index / 20)
except OutputError as error:
    print(error)
writer.close()
print(writer.frames)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_what_was_written_before_a_file_grew_too_large_can_be_played(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"full{suffix}"
    command = [sys.executable, "-c", _WRITES_INTO_A_FULL_DISK, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    sentence, frames = done.stdout.splitlines()
    assert "has reached the largest size" in sentence
    assert done.stderr == ""
    assert len(decoded_times(path)) == int(frames) > 5


def test_a_disk_that_is_full_at_the_end_of_a_file_leaves_its_frames(tmp_path: Path, small_disk: Path) -> None:
    path = small_disk / "full.mp4"
    random = np.random.default_rng(0)
    writer = VideoWriter(path, 160, 120, VideoOptions(nominal_fps=FPS))
    for index in range(60):
        writer.write(random.integers(0, 255, (120, 160, 3), np.uint8), index / FPS)
    room = shutil.disk_usage(small_disk).free
    (small_disk / "other").write_bytes(bytes(room))
    with pytest.raises(OutputError, match="The disk is full"):
        writer.close()
    assert 40 < writer.frames <= 60
    assert len(decoded_times(path)) == writer.frames
