"""Reading ahead gives what reading gives."""

from pathlib import Path

import numpy as np
import pytest

from agecam.errors import SourceError
from agecam.sources import open_source
from agecam.sources.prefetch import PrefetchSource, each_frame


def test_all_frames_come_in_order_with_their_times(demo_clip: Path) -> None:
    plain, ahead = open_source(str(demo_clip)), PrefetchSource(open_source(str(demo_clip)))
    plain.open()
    ahead.open()
    assert (ahead.name, ahead.is_live, ahead.fps, ahead.frame_count) == (
        plain.name,
        plain.is_live,
        plain.fps,
        plain.frame_count,
    )
    frames = 0
    for expected, frame in zip(each_frame(plain), each_frame(ahead), strict=True):
        frames += 1
        assert (frame.index, frame.time_s) == (expected.index, expected.time_s)
        if frame.index % 50 == 0:
            assert np.array_equal(frame.image_bgr, expected.image_bgr)
    assert frames == plain.frame_count
    assert ahead.read() is None
    plain.close()
    ahead.close()


def test_it_may_be_closed_at_any_time_and_opened_again(demo_clip: Path) -> None:
    ahead = PrefetchSource(open_source(str(demo_clip)))
    ahead.close()
    for _ in range(2):
        ahead.open()
        frame = ahead.read()
        assert frame is not None
        assert frame.index == 0
    ahead.close()
    assert ahead.read() is None


def test_what_cannot_be_opened_is_told_at_once_and_leaves_no_thread(tmp_path: Path) -> None:
    path = tmp_path / "no.mp4"
    path.write_bytes(b"not a video")
    with pytest.raises(SourceError, match="damaged or not a video"):
        PrefetchSource(open_source(str(path))).open()
