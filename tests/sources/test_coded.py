"""What a frame was made of is kept for who encodes it anew, where it is what encoders take."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agecam.messages import Matrix
from agecam.sources.factory import open_source
from agecam.sources.selection import FrameSelection
from agecam.sources.video import VideoFileSource
from tests.sources.clips import read_all
from tests.sources.colour_clips import BT601, BT709, HLG, SDR_BT2020, Tags, Values, encode_signal, to_yuv


@pytest.fixture(scope="module")
def signals() -> list[Values]:
    """Two gradients of 64 x 48 pixels, RGB in [0, 1]."""
    down, across = np.mgrid[0:48, 0:64]
    first = np.stack([across / 63, down / 47, 1 - across / 63], axis=-1)
    return [first, first[::-1]]


@pytest.mark.parametrize(
    ("tags", "matrix"), [(BT709, "bt709"), (BT601, "bt601"), (Tags(6), "bt601"), (Tags(2), "bt601")]
)
def test_gives_the_planes_of_the_file_and_their_matrix(
    tmp_path: Path, signals: list[Values], tags: Tags, matrix: Matrix
) -> None:
    path = encode_signal(tmp_path / "clip.mkv", signals, tags, matrix=matrix, codec=("ffv1", "yuv420p"))
    frames = read_all(VideoFileSource(path, keeps_coded=True))
    for frame, signal in zip(frames, signals, strict=True):
        assert frame.coded is not None
        assert frame.coded.matrix == matrix
        assert frame.coded.image_bgr is frame.image_bgr
        planes = frame.coded.planes()
        assert planes.shape == (72, 64)
        assert np.array_equal(planes[:48], to_yuv(signal, matrix, bits=8)[0])
        planes[:] = 0  # a copy
        assert frame.coded.planes().any()


@pytest.mark.parametrize(
    ("tags", "codec", "rotation"),
    [
        (replace(BT709, is_full=True), "yuv420p", None),
        (HLG, "yuv420p", None),
        (SDR_BT2020, "yuv420p", None),
        (BT709, "yuv420p10le", None),
        (BT709, "yuv444p", None),
        (BT709, "yuv420p", 90.0),
    ],
)
def test_gives_none_where_the_image_has_other_pixels(
    tmp_path: Path, signals: list[Values], tags: Tags, codec: str, rotation: float | None
) -> None:
    path = tmp_path / ("clip.mkv" if rotation is None else "clip.mov")
    encoder = "ffv1" if rotation is None else "mpeg4"
    encode_signal(path, signals, tags, matrix="bt709", codec=(encoder, codec), rotation=rotation)
    frames = read_all(VideoFileSource(path, keeps_coded=True))
    assert [frame.coded for frame in frames] == [None, None]


def test_is_only_kept_where_that_is_asked_for(demo_clip: Path) -> None:
    for keeps_coded in (False, True):
        source = open_source(str(demo_clip), keeps_coded=keeps_coded)
        assert isinstance(source, VideoFileSource)
        selected = source.selected(FrameSelection(every=100))
        selected.open()
        frame = selected.read()
        selected.close()
        assert frame is not None
        assert (frame.coded is not None) == keeps_coded
