"""Pixels of any shape come out square, and large frames take bounded memory or are refused."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agecam.errors import SourceError
from agecam.opencv import cv2
from agecam.sources.video import VideoFileSource
from tests.sources.clips import read_all

Image = NDArray[np.uint8]


def encode(
    path: Path, image: Image, *, aspect: Fraction | None = None, in_codec: Fraction | None = None
) -> Path:
    """Three frames of ``image``; the shape of a pixel as the container says, and as the codec does."""
    with av.open(path, "w") as container:
        options = {"preset": "ultrafast", "qp": "10", "threads": "1"}
        stream = container.add_stream("libx264", rate=10, options=options)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "yuv420p"
        shape = in_codec or aspect
        if shape is not None:
            stream.codec_context.sample_aspect_ratio = shape
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    if in_codec is not None and aspect is not None:
        _change_aspect(path, in_codec, aspect)
    return path


def _change_aspect(path: Path, old: Fraction, new: Fraction) -> None:
    """In the box "pasp" of an MP4 file."""
    data = path.read_bytes()
    box = b"pasp" + old.numerator.to_bytes(4, "big") + old.denominator.to_bytes(4, "big")
    assert data.count(box) == 1
    changed = b"pasp" + new.numerator.to_bytes(4, "big") + new.denominator.to_bytes(4, "big")
    path.write_bytes(data.replace(box, changed))


@pytest.mark.parametrize(
    ("aspect", "width"),
    [
        (Fraction(16, 11), 233),
        (Fraction(5), 800),
        (Fraction(10), 1600),
        (Fraction(16), 2560),
        (Fraction(1, 5), 32),
        (Fraction(1, 16), 10),
        (Fraction(40), 160),
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_squares_pixels_of_any_shape_that_can_be_meant(
    tmp_path: Path, astronaut_bgr: Image, suffix: str, aspect: Fraction, width: int
) -> None:
    stored = np.ascontiguousarray(astronaut_bgr[:120, 150:310])
    frames = read_all(VideoFileSource(encode(tmp_path / f"clip{suffix}", stored, aspect=aspect)))
    image = frames[0].image_bgr
    assert image.shape == (120, width, 3)
    assert image.flags.c_contiguous
    expected = cv2.resize(stored, (width, 120), interpolation=cv2.INTER_AREA)
    assert np.abs(image.astype(int) - expected).mean() < 8


def test_believes_the_container_rather_than_the_codec(tmp_path: Path, astronaut_bgr: Image) -> None:
    stored = np.ascontiguousarray(astronaut_bgr[:120, 150:310])
    path = encode(tmp_path / "clip.mp4", stored, in_codec=Fraction(3, 2), aspect=Fraction(2, 1))
    assert read_all(VideoFileSource(path))[0].image_bgr.shape == (120, 320, 3)


def test_a_frame_that_would_become_too_wide_keeps_its_shape(tmp_path: Path, astronaut_bgr: Image) -> None:
    stored = cv2.resize(astronaut_bgr, (2048, 128))
    path = encode(tmp_path / "clip.mkv", np.asarray(stored, np.uint8), aspect=Fraction(12))
    assert read_all(VideoFileSource(path))[0].image_bgr.shape == (85, 16_384, 3)


def test_refuses_frames_of_more_pixels_than_any_codec_has_a_level_for(tmp_path: Path) -> None:
    path = encode(tmp_path / "huge.mp4", np.full((4500, 8200, 3), 128, np.uint8))
    with pytest.raises(SourceError, match=r"huge\.mp4 is too large to be read: 8200 x 4500 pixels; make"):
        VideoFileSource(path).open()


_READ_ALL = """
import sys
from pathlib import Path
from agecam.sources.prefetch import PrefetchSource, each_frame
from agecam.sources.video import VideoFileSource

source = PrefetchSource(VideoFileSource(sys.argv[1]))
source.open()
shapes = [frame.image_bgr.shape for frame in each_frame(source)]
source.close()
assert shapes == [(2000, 16000, 3)] * 3, shapes
status = Path("/proc/self/status").read_text()
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a peak in /proc")
def test_a_video_16000_pixels_wide_is_read_in_under_700_mb(tmp_path: Path) -> None:
    path = encode(tmp_path / "wide.mp4", np.full((2000, 16_000, 3), 128, np.uint8))
    done = subprocess.run(
        [sys.executable, "-c", _READ_ALL, str(path)], check=True, capture_output=True, text=True, timeout=300
    )
    assert int(done.stdout) < 700
