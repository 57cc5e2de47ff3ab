"""A selection of a source's frames: exact, wherever decoding begins."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from agecam.errors import SourceError, UsageError
from agecam.messages import Frame
from agecam.sources import open_source
from agecam.sources.base import Source
from agecam.sources.prefetch import each_frame
from agecam.sources.selection import FrameSelection, select_frames
from agecam.sources.video import VideoFileSource
from tests.sources.clips import encode_with_sound

Image = NDArray[np.uint8]

_VARYING_S = [round(float(time_s), 3) for time_s in np.cumsum([0.02, 0.3, 0.05, 0.13, 0.1] * 12)]
_CODECS = {
    ".mkv": ("libx264", "aac"),
    ".webm": ("libvpx", "libopus"),
    ".avi": ("mpeg4", "libmp3lame"),
    ".ts": ("libx264", "aac"),
    ".mpg": ("mpeg2video", "mp2"),
    ".mp4": ("libx264", "aac"),
    ".mov": ("libx264", "aac"),
    ".flv": ("libx264", "aac"),
    ".wmv": ("msmpeg4v3", "libmp3lame"),
}


@pytest.fixture
def images(astronaut_bgr: Image) -> list[Image]:
    """60 views of one photograph, ``(64, 96, 3)``."""
    return [np.ascontiguousarray(astronaut_bgr[4 * i : 4 * i + 64, 4 * i : 4 * i + 96]) for i in range(60)]


@pytest.fixture
def clip(tmp_path: Path, images: list[Image]) -> Path:
    return encode_with_sound(tmp_path / "clip.mp4", images, _VARYING_S)


def read(source: Source) -> list[Frame]:
    source.open()
    try:
        return list(each_frame(source))
    finally:
        source.close()


def expected(frames: list[Frame], selection: FrameSelection) -> list[Frame]:
    end_s = selection.end_s or np.inf
    return [frame for frame in frames if selection.start_s <= frame.time_s < end_s][:: selection.every]


def assert_same(frames: list[Frame], wanted: list[Frame]) -> None:
    assert [(frame.index, frame.time_s) for frame in frames] == [
        (frame.index, frame.time_s) for frame in wanted
    ]
    for frame, other in zip(frames, wanted, strict=True):
        assert np.array_equal(frame.image_bgr, other.image_bgr)


@pytest.mark.parametrize("suffix", sorted(_CODECS))
def test_gives_exactly_the_frames_between_two_times(tmp_path: Path, images: list[Image], suffix: str) -> None:
    times_s = [i / 25 for i in range(60)] if suffix == ".mpg" else _VARYING_S
    path = encode_with_sound(tmp_path / f"clip{suffix}", images, times_s, codecs=_CODECS[suffix])
    everything = read(VideoFileSource(path))
    middle_s = everything[33].time_s
    for selection in (
        FrameSelection(start_s=middle_s),
        FrameSelection(start_s=middle_s + 1e-4),
        FrameSelection(end_s=middle_s),
        FrameSelection(middle_s - 0.3, middle_s + 0.2),
        FrameSelection(everything[-1].time_s),
        FrameSelection(start_s=everything[7].time_s, every=4),
        FrameSelection(every=7),
    ):
        frames = read(select_frames(VideoFileSource(path), selection))
        assert_same(frames, expected(everything, selection))


def test_a_whole_selection_is_the_source_itself(clip: Path) -> None:
    source = VideoFileSource(clip)
    assert select_frames(source, FrameSelection()) is source


def test_each_frame_stands_until_the_next_one_and_the_last_to_the_end(clip: Path) -> None:
    frames = read(select_frames(VideoFileSource(clip), FrameSelection(1.0, 4.0, every=3)))
    ends_s = [*(frame.time_s for frame in frames[1:]), 4.0]
    for frame, end_s in zip(frames, ends_s, strict=True):
        assert frame.duration_s == pytest.approx(end_s - frame.time_s)


def test_says_when_a_video_ends_before_the_start(clip: Path) -> None:
    source = select_frames(VideoFileSource(clip), FrameSelection(start_s=100))
    with pytest.raises(SourceError, match=r"clip.mp4 ends after 7\.\d s; choose a start before 100 s\.$"):
        source.open()


def test_says_when_no_frame_lies_between_two_times(clip: Path) -> None:
    source = select_frames(VideoFileSource(clip), FrameSelection(_VARYING_S[5] + 0.01, _VARYING_S[5] + 0.02))
    with pytest.raises(SourceError, match="has no frame from"):
        source.open()


def test_hints_at_the_number_and_rate_of_the_selected_frames(demo_clip: Path) -> None:
    source = select_frames(VideoFileSource(demo_clip), FrameSelection(1.0, 3.0, every=2))
    source.open()
    count, fps = source.frame_count, source.fps
    source.close()
    assert count == len(read(source))
    plain = VideoFileSource(demo_clip)
    plain.open()
    assert plain.fps is not None
    assert fps == pytest.approx(plain.fps / 2)
    plain.close()


def test_selects_of_an_animation(tmp_path: Path, images: list[Image]) -> None:
    stills = [Pillow.fromarray(image[:, :, ::-1]) for image in images[:8]]
    for suffix in (".webp", ".gif"):
        path = tmp_path / f"moving{suffix}"
        stills[0].save(
            path, save_all=True, append_images=stills[1:], duration=[100, 300, 50, 50, 70, 90, 40, 60]
        )
        everything = read(open_source(str(path)))
        selection = FrameSelection(0.42, 0.65, every=2)
        frames = read(select_frames(open_source(str(path)), selection))
        assert [frame.index for frame in frames] == [3, 5]
        assert_same(frames, expected(everything, selection))
        assert frames[-1].duration_s == pytest.approx(0.65 - 0.57)


def test_a_photograph_is_given_whatever_the_times(tmp_path: Path, images: list[Image]) -> None:
    still = tmp_path / "still.png"
    Pillow.fromarray(images[0]).save(still)
    one_frame = encode_with_sound(tmp_path / "one.mp4", images[:1], [0.0], codecs=("libx264", None))
    for path in (still, one_frame):
        (frame,) = read(select_frames(open_source(str(path)), FrameSelection(5.0, 6.0, every=3)))
        assert frame.is_still


class _Counting:
    """A source of gray frames, 10 a second."""

    name = "counting"
    is_camera = False
    fps = 10.0

    def __init__(self, *, is_live: bool, count: int = 30) -> None:
        self.is_live = is_live
        self.frame_count: int | None = None if is_live else count
        self.is_open = False
        self._count = count
        self._frames: Iterator[Frame] = iter(())

    def open(self) -> None:
        self.is_open = True
        image = np.full((8, 8, 3), 128, np.uint8)
        self._frames = (Frame(image, i / 10, i, duration_s=0.1) for i in range(self._count))

    def read(self) -> Frame | None:
        return next(self._frames, None)

    def close(self) -> None:
        self.is_open = False


def test_each_nth_frame_of_a_live_source_comes_at_once() -> None:
    source = _Counting(is_live=True)
    selected = select_frames(source, FrameSelection(every=5))
    selected.open()
    first = selected.read()
    assert first is not None
    assert first.index == 0
    following = source.read()
    assert following is not None
    assert following.index == 1
    assert [frame.index for frame in each_frame(selected)] == [6, 11, 16, 21, 26]
    selected.close()


@pytest.mark.parametrize("selection", [FrameSelection(start_s=2), FrameSelection(end_s=2)])
def test_a_live_source_cannot_begin_or_end_at_a_time(selection: FrameSelection) -> None:
    source = _Counting(is_live=True)
    with pytest.raises(SourceError, match="counting is live and has neither start nor end"):
        select_frames(source, selection).open()
    assert not source.is_open


def test_selects_of_any_source_that_ends() -> None:
    selected = select_frames(_Counting(is_live=False), FrameSelection(0.5, 2.0, every=4))
    frames = read(selected)
    assert [(frame.index, frame.time_s) for frame in frames] == [(5, 0.5), (9, 0.9), (13, 1.3), (17, 1.7)]
    assert [frame.duration_s for frame in frames] == pytest.approx([0.4, 0.4, 0.4, 0.3])
    assert selected.frame_count == 4
    assert replace(frames[0], duration_s=None).duration_s is None


def test_says_when_any_source_ends_before_the_start() -> None:
    source = _Counting(is_live=False)
    with pytest.raises(SourceError, match=r"counting ends after 3\.0 s"):
        select_frames(source, FrameSelection(start_s=3.5)).open()
    assert not source.is_open


@pytest.mark.parametrize(
    ("start_s", "end_s", "every"), [(-1.0, None, 1), (2.0, 2.0, 1), (float("nan"), None, 1), (0.0, None, 0)]
)
def test_refuses_what_selects_nothing(start_s: float, end_s: float | None, every: int) -> None:
    with pytest.raises(UsageError):
        FrameSelection(start_s, end_s, every)
