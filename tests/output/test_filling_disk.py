"""Disks that fill: files end while they can be finished, play, and are told with disk and length."""

import contextlib
import errno
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import DiskFullError
from agecam.messages import Detection, Frame, Person
from agecam.output import (
    CsvSink,
    RecordedFrame,
    RecordingOptions,
    RecordingSink,
    VideoOptions,
    VideoSink,
    VideoWriter,
    WhenFull,
)
from agecam.output.disk import BATCH_DISK, RECORDING_DISK, DiskGuard, DiskSpace, mount_point
from agecam.output.files import write_error
from tests.output.helpers import FakeDisk, HookedWriter, times_s

MakeFrame = Callable[..., Frame]
Image = NDArray[np.uint8]

SENTENCE = (
    r"The disk is full: {seconds} s were saved in {path}; free some space on {disk}, or write .* disk\."
)


def sentence(path: Path, seconds: str, disk: Path) -> str:
    return SENTENCE.format(path=re.escape(str(path)), seconds=seconds, disk=re.escape(str(disk)))


def noise(index: int) -> Image:
    return np.random.default_rng(index).integers(0, 255, (240, 320, 3), np.uint8)


def filling(disk: FakeDisk, after: int) -> type[VideoWriter]:
    """Writers that find another program to have filled the disk after so many frames."""

    class Filling(HookedWriter):
        def after_write(self) -> None:
            if self.frames == after:
                disk.free = 30_000

    return Filling


def test_a_recording_begins_only_where_there_is_room(tmp_path: Path, frame: MakeFrame) -> None:
    disk = FakeDisk(free=10_000_000 + 250_000)  # of which a hundredth of the disk is left to others
    with RecordingSink(tmp_path / "out.mp4", guard=disk.guard(RECORDING_DISK)) as sink:
        sink.write(frame(), ())
    assert isinstance(sink.status().error, DiskFullError)
    assert str(sink.status().error).startswith(f"The disk is full: no room is left for {tmp_path}/out.mp4;")
    assert list(tmp_path.iterdir()) == []
    assert (sink.status().written, sink.status().dropped) == (0, 1)


def test_a_small_output_on_a_small_disk_is_not_refused(tmp_path: Path, frame: MakeFrame) -> None:
    disk = FakeDisk(free=250_000)
    with VideoSink(tmp_path / "out.mp4", guard=disk.guard(BATCH_DISK)) as sink:
        for index in range(10):
            sink.write(frame(index), ())
    assert sink.status().error is None
    assert disk.checks == 10
    assert len(times_s(tmp_path / "out.mp4")) == 10


def test_a_recording_ends_whole_before_its_disk_is_full(tmp_path: Path, frame: MakeFrame) -> None:
    disk = FakeDisk()
    sink = RecordingSink(
        tmp_path / "out.mp4",
        options=RecordingOptions(content="both"),
        make_writer=filling(disk, after=12),
        guard=disk.guard(RECORDING_DISK),
    )
    for index in range(20):
        plain = frame(index)
        sink.write(RecordedFrame(plain.image_bgr, plain.time_s, index, original_bgr=plain.image_bgr), ())
    sink.close()
    path = tmp_path / "out.mp4"
    assert re.fullmatch(sentence(path, r"1\.1", mount_point(tmp_path)), str(sink.status().error))
    assert isinstance(sink.status().error, DiskFullError)
    assert (sink.status().written, sink.status().dropped) == (12, 8)
    assert sink.paths() == (path, tmp_path / "out original.mp4")
    assert [len(times_s(one)) for one in sink.paths()] == [12, 12]


def test_an_output_for_a_batch_ends_whole_before_its_disk_is_full(tmp_path: Path, frame: MakeFrame) -> None:
    disk, path = FakeDisk(), tmp_path / "out.mp4"
    sink = VideoSink(path, make_writer=filling(disk, after=12), guard=disk.guard(BATCH_DISK))
    for index in range(20):
        sink.write(frame(index), ())
    sink.close()
    assert re.fullmatch(sentence(path, r"1\.1", mount_point(tmp_path)), str(sink.status().error))
    with pytest.raises(DiskFullError):
        sink.raise_error()
    assert len(times_s(path)) == 12


def test_a_disk_of_which_nothing_is_known_is_written_to(tmp_path: Path, frame: MakeFrame) -> None:
    def unknown(folder: Path) -> DiskSpace:
        raise OSError(errno.ENOSYS, "not here")

    with RecordingSink(tmp_path / "out.mp4", guard=DiskGuard(RECORDING_DISK, space=unknown)) as sink:
        sink.write(frame(), ())
    assert sink.status().error is None
    assert sink.status().written == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disks_and_quotas_are_told_with_the_disk(tmp_path: Path, number: int) -> None:
    error = write_error(tmp_path / "log.csv", OSError(number, "full"))
    assert isinstance(error, DiskFullError)
    assert str(mount_point(tmp_path)) in str(error)
    assert f"{tmp_path}/log.csv" in str(error)


def unguarded() -> DiskGuard:
    """Believes every disk to be large, so that the system itself has to say that it is full."""
    return DiskGuard(space=lambda _folder: DiskSpace(10**12, 10**12))


def fill(sink: VideoSink | RecordingSink) -> None:
    """Write until the disk is full."""
    for index in range(1000):
        with contextlib.suppress(DiskFullError):
            sink.write(Frame(noise(index), index / 25, index), ())
        if sink.status().error is not None:
            break
    sink.close()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("is_watched", [True, False])
def test_a_batch_on_a_small_disk_leaves_a_file_that_plays(
    small_disk: Path, suffix: str, is_watched: bool
) -> None:
    path = small_disk / f"out{suffix}"
    guard = DiskGuard() if is_watched else unguarded()
    sink = VideoSink(path, when_full=WhenFull.WAIT, guard=guard)
    fill(sink)
    seconds = times_s(path)[-1]
    assert seconds > 0.2
    assert re.fullmatch(sentence(path, f"{seconds:.1f}", small_disk), str(sink.status().error))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("is_watched", [True, False])
def test_a_recording_on_a_small_disk_leaves_a_file_that_plays(
    small_disk: Path, suffix: str, is_watched: bool
) -> None:
    path = small_disk / f"out{suffix}"
    path.write_bytes(b"before")
    sink = RecordingSink(path, guard=None if is_watched else unguarded())
    fill(sink)
    assert path.read_bytes() == b"before"
    (kept,) = sink.paths()
    assert kept == small_disk / f"out (2){suffix}"
    seconds = times_s(kept)[-1]
    assert seconds > 0.2
    assert re.fullmatch(sentence(kept, f"{seconds:.1f}", small_disk), str(sink.status().error))


def test_a_disk_that_others_fill_before_the_end_leaves_what_was_written(
    small_disk: Path, image: Image
) -> None:
    class Late(VideoWriter):
        def close(self, *, whole: bool = True) -> None:
            with (small_disk / "others").open("wb", buffering=0) as others, contextlib.suppress(OSError):
                while True:
                    others.write(b"\0" * 4096)
            super().close(whole=whole)

    def make_writer(path: Path, width: int, height: int, options: VideoOptions) -> VideoWriter:
        return Late(path, width, height, options)

    with VideoSink(small_disk / "out.mp4", make_writer=make_writer, guard=unguarded()) as sink:
        for index in range(30):
            sink.write(Frame(image, index / 25, index), ())
    seconds = times_s(small_disk / "out.mp4")[-1]
    assert seconds >= 0.5
    assert re.fullmatch(
        sentence(small_disk / "out.mp4", f"{seconds:.1f}", small_disk), str(sink.status().error)
    )


def test_a_table_on_a_small_disk_ends_with_a_whole_row(small_disk: Path, frame: MakeFrame) -> None:
    face = Detection((10, 20, 30, 40), 0.9, np.zeros((4, 2), np.float32))
    crowd = [Person(track, face, None, None) for track in range(100)]
    path = small_disk / "log.csv"
    with CsvSink(path, when_full=WhenFull.WAIT) as sink, contextlib.suppress(DiskFullError):
        for index in range(100_000):
            sink.write(frame(index), crowd)
    content = path.read_bytes()
    assert content.endswith(b"\n")
    assert len(content) > 1_900_000
    assert re.fullmatch(sentence(path, r"\d+\.\d", small_disk), str(sink.status().error))
