"""Recordings of a live picture: names, parts and originals."""

import re
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.messages import Frame
from agecam.output import RecordedFrame, RecordingOptions, RecordingSink, VideoOptions, VideoWriter
from agecam.output.disk import RECORDING_DISK, DiskConfig
from agecam.output.split import SplitRule
from tests.output.helpers import FakeDisk, HookedWriter, size_wh, times_s

Image = NDArray[np.uint8]
MakeFrame = Callable[..., Frame]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_noise(sink: RecordingSink, frames: int, size: int = 64) -> None:
    """Frames that compress badly, ten a second."""
    noise = np.random.default_rng(0)
    for index in range(frames):
        sink.write(Frame(noise.integers(0, 255, (size, size, 3), np.uint8), index / 10, index), ())


def test_a_new_file_is_named_after_the_time_in_a_folder_made_for_it(tmp_path: Path, frame: MakeFrame) -> None:
    folder = tmp_path / "Videos 日本" / "AgeCam"
    with RecordingSink(folder, is_folder=True) as sink:
        sink.write(frame(), ())
    (path,) = folder.iterdir()
    assert re.fullmatch(r"AgeCam \d{4}-\d\d-\d\d \d\d-\d\d-\d\d\.mp4", path.name)
    assert sink.status().path == path
    assert sink.paths() == (path,)
    assert times_s(path) == [0.0]


def test_sinks_of_one_moment_and_folder_have_a_file_each(tmp_path: Path, frame: MakeFrame) -> None:
    sinks = [RecordingSink(tmp_path, is_folder=True) for _ in range(4)]
    for count, sink in enumerate(sinks, 1):
        for index in range(count):
            sink.write(frame(index), ())
    for sink in sinks:
        sink.close()
    paths = [path for sink in sinks for path in sink.paths()]
    assert set(paths) == set(tmp_path.iterdir())
    assert [len(times_s(path)) for path in paths] == [1, 2, 3, 4]


@pytest.mark.parametrize("is_folder", [True, False])
def test_without_a_frame_nothing_is_made_and_nothing_replaced(tmp_path: Path, is_folder: bool) -> None:
    path = tmp_path / "there.mp4"
    path.write_bytes(b"something else")
    sink = RecordingSink(tmp_path / "new" if is_folder else path, is_folder=is_folder)
    sink.close()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"something else"
    assert (sink.status().path, sink.status().error, sink.paths()) == (None, None, ())


def test_of_a_recording_that_fails_at_once_no_file_is_left(tmp_path: Path, frame: MakeFrame) -> None:
    def no_codec(path: Path, width: int, height: int, options: VideoOptions) -> VideoWriter:
        return VideoWriter(path, width, height, options, codecs=())

    with RecordingSink(tmp_path, is_folder=True, make_writer=no_codec) as sink:
        sink.write(frame(), ())
    assert list(tmp_path.iterdir()) == []
    assert "can write neither" in str(sink.status().error)


def test_a_folder_that_cannot_be_made_is_an_error_of_the_sink(tmp_path: Path, frame: MakeFrame) -> None:
    (tmp_path / "file").touch()
    with RecordingSink(tmp_path / "file" / "inside", is_folder=True) as sink:
        sink.write(frame(), ())
    assert re.fullmatch(
        r"The folder .*inside cannot be made \(.*\); choose another\.", str(sink.status().error)
    )


def test_a_change_of_size_begins_a_new_part_and_no_frame_is_lost(
    tmp_path: Path, frame: MakeFrame, image: Image
) -> None:
    small = np.ascontiguousarray(image[:120, :160])
    with RecordingSink(tmp_path / "out.mp4") as sink:
        for index in range(12):
            sink.write(frame(index, image_bgr=image if index < 5 or index >= 9 else small), ())
        sink.close()
        assert sink.part == 3
    parts = [tmp_path / name for name in ("out.mp4", "out part 2.mp4", "out part 3.mp4")]
    assert sink.paths() == tuple(parts)
    assert [size_wh(path) for path in parts] == [(320, 240), (160, 120), (320, 240)]
    assert [len(times_s(path)) for path in parts] == [5, 4, 3]
    assert sink.status().seconds == pytest.approx(1.1)


def test_parts_of_a_length_join_without_losing_a_frame(tmp_path: Path, frame: MakeFrame) -> None:
    options = RecordingOptions(split=SplitRule(seconds=1.0))
    with RecordingSink(tmp_path / "out.mkv", options=options) as sink:
        for index in range(25):
            sink.write(frame(index), ())
    assert [path.name for path in sink.paths()] == ["out.mkv", "out part 2.mkv", "out part 3.mkv"]
    tenths = [pytest.approx([index / 10 for index in range(count)], abs=2e-3) for count in (10, 10, 5)]
    assert [times_s(path) for path in sink.paths()] == tenths


def test_no_part_is_larger_than_asked_for(tmp_path: Path) -> None:
    limit = 150_000
    options = RecordingOptions(split=SplitRule(size_bytes=limit))
    guard = FakeDisk().guard(DiskConfig())
    with RecordingSink(tmp_path / "out.mp4", options=options, guard=guard) as sink:
        write_noise(sink, 120)
    sizes = [path.stat().st_size for path in sink.paths()]
    assert len(sizes) > 2
    assert max(sizes) <= limit
    assert min(sizes[:-1]) > limit / 4, "and no more parts than there must be"
    assert sum(len(times_s(path)) for path in sink.paths()) == sink.status().written == 120


def test_the_original_has_the_same_times_and_no_drawing(tmp_path: Path, image: Image) -> None:
    drawn = image.copy()
    drawn[:, :100] = (0, 0, 255)
    options = RecordingOptions(content="both", split=SplitRule(seconds=1.0))
    steps_s = [0.0, 0.04, 0.1, 0.5, 0.52, 1.0, 1.3, 1.31]
    with RecordingSink(tmp_path / "out.mp4", options=options) as sink:
        for index, time_s in enumerate(steps_s):
            sink.write(RecordedFrame(drawn, time_s, index, original_bgr=image), ())
    assert names(tmp_path) == ["out original.mp4", "out part 2 original.mp4", "out part 2.mp4", "out.mp4"]
    for part in ("out", "out part 2"):
        both = tmp_path / f"{part}.mp4", tmp_path / f"{part} original.mp4"
        assert times_s(both[0]) == times_s(both[1])
        assert [_red(path) for path in both] == [pytest.approx(100 / 320, abs=0.02), 0]
    assert len(times_s(tmp_path / "out original.mp4")) == 5


def test_the_original_alone_is_one_file_without_drawing(tmp_path: Path, image: Image) -> None:
    drawn = np.full_like(image, (0, 0, 255))
    with RecordingSink(tmp_path / "out.mp4", options=RecordingOptions(content="original")) as sink:
        for index in range(5):
            sink.write(RecordedFrame(drawn, index / 25, index, original_bgr=image), ())
    assert names(tmp_path) == ["out.mp4"]
    assert len(times_s(tmp_path / "out.mp4")) == 5
    assert _red(tmp_path / "out.mp4") == 0


def test_the_size_of_all_files_and_the_room_for_more_are_known(tmp_path: Path, image: Image) -> None:
    disk = FakeDisk(free=500_000_000)
    options = RecordingOptions(content="both", split=SplitRule(seconds=1.0))
    sink = RecordingSink(tmp_path / "out.mp4", options=options, guard=disk.guard(RECORDING_DISK))
    for index in range(40):
        sink.write(RecordedFrame(image, index / 25, index, original_bgr=image), ())
    sink.close()
    assert sink.size_bytes == sum(path.stat().st_size for path in tmp_path.iterdir()) > 0
    assert sink.room_bytes is not None
    assert 400_000_000 < sink.room_bytes < 500_000_000, "some is left to other programs"


def _red(path: Path) -> float:
    """The share of pixels of the first frame that are as red as the drawing."""
    with av.open(path) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    return float(((frame[..., 0] > 200) & (frame[..., 1:].max(axis=2) < 60)).mean())


def test_further_files_never_replace_what_is_there(tmp_path: Path, frame: MakeFrame) -> None:
    for name in ("out original.mp4", "out part 2.mp4"):
        (tmp_path / name).write_bytes(b"something else")
    options = RecordingOptions(content="both", split=SplitRule(seconds=1.0))
    with RecordingSink(tmp_path / "out.mp4", options=options) as sink:
        for index in range(15):
            sink.write(frame(index), ())
    assert (tmp_path / "out original.mp4").read_bytes() == b"something else"
    assert (tmp_path / "out part 2.mp4").read_bytes() == b"something else"
    assert [path.name for path in sink.paths()] == [
        *("out.mp4", "out original (2).mp4"),
        *("out part 2 (2).mp4", "out part 2 (2) original.mp4"),
    ]


def test_the_quality_chooses_how_large_files_are(tmp_path: Path, frame: MakeFrame) -> None:
    asked: list[str] = []

    def make_writer(path: Path, width: int, height: int, options: VideoOptions) -> VideoWriter:
        asked.append(options.quality)
        return VideoWriter(path, width, height, options)

    options = RecordingOptions(quality="small", content="both")
    with RecordingSink(tmp_path / "out.mp4", options=options, make_writer=make_writer) as sink:
        sink.write(frame(), ())
    assert asked == ["small", "small"]


def test_a_file_that_is_removed_while_it_grows_ends_the_recording_and_is_told(
    tmp_path: Path, frame: MakeFrame
) -> None:
    class Moved(HookedWriter):
        def after_write(self) -> None:
            if self.frames == 2:
                (tmp_path / "out.part.mp4").rename(tmp_path / "moved.mp4")

    guard = FakeDisk().guard(DiskConfig())
    with RecordingSink(tmp_path / "out.mp4", make_writer=Moved, guard=guard) as sink:
        for index in range(5):
            sink.write(frame(index), ())
    assert "out.mp4 is gone: it was moved or removed" in str(sink.status().error)
    assert names(tmp_path) == ["moved.mp4"]
    assert len(times_s(tmp_path / "moved.mp4")) == 2, "what was moved away is whole"


def test_a_recording_that_fails_keeps_what_it_has_beside_what_was_there(
    tmp_path: Path, frame: MakeFrame
) -> None:
    class Failing(HookedWriter):
        def before_write(self) -> None:
            if self.frames == 20:
                raise OutputError("The disk has gone.")

    (tmp_path / "out.mp4").write_bytes(b"before")
    with RecordingSink(tmp_path / "out.mp4", make_writer=Failing) as sink:
        for index in range(25):
            sink.write(frame(index), ())
    assert str(sink.status().error) == "The disk has gone."
    assert (tmp_path / "out.mp4").read_bytes() == b"before"
    assert sink.paths() == (tmp_path / "out (2).mp4",)
    assert len(times_s(tmp_path / "out (2).mp4")) == 20
