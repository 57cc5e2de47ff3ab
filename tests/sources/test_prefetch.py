"""Prefetching gives what reading gives."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import SourceError
from agecam.messages import Frame
from agecam.sources import open_source
from agecam.sources.prefetch import PrefetchSource, each_frame
from agecam.sources.video import VideoFileSource
from tests.sources.clips import encode_with_sound


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, _astronaut: NDArray[np.uint8]) -> Path:
    """Sixty views of a photograph, ``(96, 128)`` pixels, at a varying rate."""
    views = [_astronaut[2 * i : 2 * i + 96, 2 * i : 2 * i + 128] for i in range(60)]
    times_s = [i / 25 + 0.01 * (i % 3) for i in range(60)]
    return encode_with_sound(tmp_path_factory.mktemp("clip") / "clip.mp4", views, times_s)


def test_all_frames_come_in_order_with_their_times(clip: Path) -> None:
    plain, prefetched = open_source(str(clip)), PrefetchSource(open_source(str(clip)))
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
        assert np.array_equal(frame.image_bgr, expected.image_bgr)
    assert frames == plain.frame_count == 60
    assert prefetched.read() is None
    plain.close()
    prefetched.close()


def test_it_may_be_closed_at_any_time_and_opened_again(clip: Path) -> None:
    prefetched = PrefetchSource(open_source(str(clip)))
    prefetched.close()
    for _ in range(2):
        prefetched.open()
        frame = prefetched.read()
        assert frame is not None
        assert frame.index == 0
    prefetched.close()
    assert prefetched.read() is None


def test_tells_how_long_each_read_took_the_one_that_finds_the_end_included(clip: Path) -> None:
    reads_ms: list[float] = []
    prefetched = PrefetchSource(open_source(str(clip)), on_read=reads_ms.append)
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


class _SilentSource(VideoFileSource):
    """A file on a disk that stops to answer: its second read never returns, until ``answers`` is set."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.answers = threading.Event()
        self.is_closed = False

    def read(self) -> Frame | None:
        frame = super().read()
        if frame is None or frame.index:
            self.answers.wait()
        return frame

    def close(self) -> None:
        self.is_closed = True
        super().close()


def test_closing_does_not_wait_for_a_read_that_never_returns(demo_clip: Path) -> None:
    source = _SilentSource(demo_clip)
    prefetched = PrefetchSource(source, close_s=0.1)
    prefetched.open()
    assert prefetched.read() is not None
    source.is_closed = False
    prefetched.close()
    assert not source.is_closed
    assert prefetched.read() is None
    source.answers.set()  # a thread that is left alone ends its work when it can


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_read_that_never_returns_does_not_keep_the_process_alive(demo_clip: Path) -> None:
    code = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from agecam.sources.prefetch import PrefetchSource\n"
        "from agecam.sources.video import VideoFileSource\n"
        "class Silent(VideoFileSource):\n"
        "    def read(self):\n"
        "        print('reads', flush=True)\n"
        "        threading.Event().wait()\n"
        f"source = PrefetchSource(Silent({str(demo_clip)!r}), close_s=0.1)\n"
        "source.open()\n"
        "try:\n"
        "    source.read()\n"
        "finally:\n"
        "    source.close()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"reads\n"
    for _ in range(15):
        # One that comes just before Python begins to wait for a lock is seen after that: it takes another.
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=20)
            break
    assert process.returncode == -signal.SIGINT
