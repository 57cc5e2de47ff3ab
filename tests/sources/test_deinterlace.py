"""Interlaced video comes as whole frames, one for one, with its times; other video is left as it is."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.filter import Graph
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agecam.sources.selection import FrameSelection
from agecam.sources.video import VideoFileSource
from tests.sources.clips import encode_with_sound, read_all

Image = NDArray[np.uint8]

_COUNT = 16


@pytest.fixture
def views(astronaut_bgr: Image) -> list[Image]:
    """Two moments a frame of a camera that moves over one photograph, ``(240, 320, 3)``."""
    return [np.ascontiguousarray(astronaut_bgr[100:340, 4 * i : 4 * i + 320]) for i in range(2 * _COUNT)]


def weave(views: list[Image], top_first: bool) -> list[Image]:
    frames = []
    for first, second in zip(views[::2], views[1::2], strict=True):
        frame = second.copy()
        frame[0 if top_first else 1 :: 2] = first[0 if top_first else 1 :: 2]
        frames.append(frame)
    return frames


def encode_interlaced(path: Path, frames: list[Image], encoder: str, *, top_first: bool) -> Path:
    graph = Graph()
    source = graph.add_buffer(
        width=320, height=240, format=av.VideoFormat("yuv420p"), time_base=Fraction(1, 25)
    )
    order = graph.add("setfield", mode="tff" if top_first else "bff")
    sink = graph.add("buffersink")
    source.link_to(order)
    order.link_to(sink)
    graph.configure()
    with av.open(path, "w") as container:
        options = {"flags": "+ildct+ilme", "g": "5", "b": "6M", "preset": "ultrafast", "bf": "0"}
        stream = container.add_stream(encoder, rate=25, options=options)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width, stream.pix_fmt = 240, 320, "yuv420p"
        for index, image in enumerate(frames):
            # Rows of colour belong to one moment too.
            frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            graph.vpush(frame)
            container.mux(stream.encode(graph.vpull()))
        container.mux(stream.encode())
    return path


def luma(image: Image) -> NDArray[np.float64]:
    return np.asarray(image @ (0.114, 0.587, 0.299), np.float64)


def combing(image: Image) -> float:
    """How much neighbouring rows differ."""
    return float(np.abs(np.diff(luma(image), axis=0)).mean())


@pytest.mark.parametrize("top_first", [True, False])
@pytest.mark.parametrize(
    ("suffix", "encoder"), [(".mpg", "mpeg2video"), (".ts", "libx264"), (".mp4", "libx264")]
)
def test_shows_the_first_moment_of_each_frame_whole(
    tmp_path: Path, views: list[Image], suffix: str, encoder: str, top_first: bool
) -> None:
    woven = weave(views, top_first)
    path = encode_interlaced(tmp_path / f"interlaced{suffix}", woven, encoder, top_first=top_first)
    frames = read_all(VideoFileSource(path))
    assert [frame.time_s for frame in frames] == pytest.approx([i / 25 for i in range(_COUNT)], abs=1e-3)
    assert [frame.index for frame in frames] == list(range(_COUNT))
    assert frames[-1].duration_s == pytest.approx(1 / 25, abs=1e-3)
    for frame, mixed, view, later in zip(frames[2:], woven[2:], views[4::2], views[5::2], strict=True):
        assert combing(frame.image_bgr) < 1.1 * combing(view) < 0.6 * combing(mixed)
        to_view, to_later = (np.abs(luma(frame.image_bgr) - luma(one)).mean() for one in (view, later))
        assert to_view < to_later / 2


def test_a_selection_is_deinterlaced_as_the_whole_is(tmp_path: Path, views: list[Image]) -> None:
    path = encode_interlaced(tmp_path / "clip.mp4", weave(views, True), "libx264", top_first=True)
    everything = read_all(VideoFileSource(path))
    for start in (9, 10, 11):
        frames = read_all(VideoFileSource(path, FrameSelection(everything[start].time_s)))
        assert [frame.index for frame in frames] == list(range(start, _COUNT))
        for frame, whole in zip(frames, everything[start:], strict=True):
            assert np.array_equal(frame.image_bgr, whole.image_bgr)


def test_leaves_progressive_frames_as_they_are(tmp_path: Path, views: list[Image]) -> None:
    path = encode_with_sound(
        tmp_path / "clip.mp4", views[:8], [i / 10 for i in range(8)], codecs=("libx264", None)
    )
    with av.open(path) as container:
        plain = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    frames = read_all(VideoFileSource(path))
    for frame, expected in zip(frames, plain, strict=True):
        assert np.array_equal(frame.image_bgr, expected)
    assert all(a.image_bgr.base is not b.image_bgr.base for a, b in pairwise(frames))
