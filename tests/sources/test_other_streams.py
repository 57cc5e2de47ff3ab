"""Videos that hold streams which are neither video nor sound, as those of phones and action cameras do."""

from pathlib import Path

import av
import numpy as np
import pytest

from agecam.errors import SourceError
from agecam.sources.video import VideoFileSource
from tests.sources.clips import encode_with_sound, read_all


def test_a_stream_of_data_beside_the_video_takes_nothing_from_it(tmp_path: Path) -> None:
    levels = range(0, 250, 50)
    images = [np.full((48, 64, 3), level, np.uint8) for level in levels]
    path = encode_with_sound(tmp_path / "phone.mov", images, [0.04 * i for i in range(5)])
    # The handler and the sample entry of an iPhone's timed metadata, in place of those of the sound.
    path.write_bytes(path.read_bytes().replace(b"soun", b"meta").replace(b"mp4a", b"mebx"))
    with av.open(str(path)) as container:
        assert [stream.type for stream in container.streams] == ["video", "data"]
    source = VideoFileSource(path)
    assert np.allclose([frame.image_bgr.mean() for frame in read_all(source)], levels, atol=4)
    assert source.damage is None


def test_a_codec_that_nobody_knows_is_told(tmp_path: Path) -> None:
    images = [np.zeros((48, 64, 3), np.uint8)] * 3
    path = encode_with_sound(tmp_path / "new.mp4", images, [0.0, 0.04, 0.08])
    content = path.read_bytes()
    entry = next(name for name in (b"avc1", b"mp4v") if name in content[content.index(b"stsd") :])
    path.write_bytes(content.replace(entry, b"zzz9"))
    with pytest.raises(SourceError, match="damaged, or its video is of a kind that AgeCam cannot decode"):
        VideoFileSource(path).open()
