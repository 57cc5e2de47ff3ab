"""Prefetching gives what reading gives."""

from pathlib import Path

import numpy as np
import pytest

from agecam.errors import SourceError
from agecam.sources import open_source
from agecam.sources.prefetch import PrefetchSource, each_frame


def test_all_frames_come_in_order_with_their_times(demo_clip: Path) -> None:
    plain, prefetched = open_source(str(demo_clip)), PrefetchSource(open_source(str(demo_clip)))
    plain.open()
    prefetched.open()
    assert (prefetched.name, prefetched.is_live, prefetched.fps, prefetched.frame_count) == (
        plain.name,
        plain.is_live,
        plain.fps,
        plain.frame_count,
    )
    frames = 0
    for expected, frame in zip(each_frame(plain), each_frame(prefetched), strict=True):
        frames += 1
        assert (frame.index, frame.time_s) == (expected.index, expected.time_s)
        if frame.index % 50 == 0:
            assert np.array_equal(frame.image_bgr, expected.image_bgr)
    assert frames == plain.frame_count
    assert prefetched.read() is None
    plain.close()
    prefetched.close()


def test_it_may_be_closed_at_any_time_and_opened_again(demo_clip: Path) -> None:
    prefetched = PrefetchSource(open_source(str(demo_clip)))
    prefetched.close()
    for _ in range(2):
        prefetched.open()
        frame = prefetched.read()
        assert frame is not None
        assert frame.index == 0
    prefetched.close()
    assert prefetched.read() is None


def test_tells_how_long_each_read_took_the_one_that_finds_the_end_included(demo_clip: Path) -> None:
    reads_ms: list[float] = []
    prefetched = PrefetchSource(open_source(str(demo_clip)), on_read=reads_ms.append)
    prefetched.open()
    frames = sum(1 for _ in each_frame(prefetched))
    prefetched.close()
    assert len(reads_ms) > frames
    assert all(read_ms >= 0 for read_ms in reads_ms)


def test_what_cannot_be_opened_is_told_at_once_and_leaves_no_thread(tmp_path: Path) -> None:
    path = tmp_path / "no.mp4"
    path.write_bytes(b"not a video")
    with pytest.raises(SourceError, match="damaged or not a video"):
        PrefetchSource(open_source(str(path))).open()
