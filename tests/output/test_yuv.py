"""What encoders get: all that was not drawn on as its file held it, and the rest in the right colours."""

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import CodedImage, Frame, Matrix
from agecam.opencv import cv2
from agecam.output import VideoOptions, VideoWriter
from agecam.output.sink import bytes_of
from agecam.output.yuv import COLORSPACES, YuvConverter
from agecam.sources.video import VideoFileSource

Image = NDArray[np.uint8]


def decoded(coded: CodedImage, planes: Image) -> Image:
    """The image that a player makes of planes."""
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    shown = frame.to_ndarray(format="bgr24", src_colorspace=COLORSPACES[coded.matrix])
    return np.asarray(shown, np.uint8)


def made_of(planes: Image, matrix: Matrix) -> CodedImage:
    empty = CodedImage(np.empty(0, np.uint8), planes.copy, matrix)
    return CodedImage(decoded(empty, planes), planes.copy, matrix)


def converted(converter: YuvConverter, image_bgr: Image, coded: CodedImage | None = None) -> Image:
    return np.asarray(converter.convert(image_bgr, coded).to_ndarray(), np.uint8)


@pytest.fixture(scope="module")
def demo_frame(demo_clip: Path) -> Frame:
    """The first frame of the demo, with what it was made of."""
    source = VideoFileSource(demo_clip, keeps_coded=True)
    source.open()
    frame = source.read()
    source.close()
    assert frame is not None
    return frame


@pytest.mark.parametrize("matrix", ["bt601", "bt709"])
@pytest.mark.parametrize("size_wh", [(320, 240), (322, 246), (324, 250), (328, 2), (2, 96)])
def test_only_what_was_drawn_on_is_converted(
    astronaut_bgr: Image, size_wh: tuple[int, int], matrix: Matrix
) -> None:
    width, height = size_wh
    photo = np.ascontiguousarray(astronaut_bgr[100 : 100 + height, 100 : 100 + width])
    coded = made_of(converted(YuvConverter(matrix), photo), matrix)
    drawn = coded.image_bgr.copy()
    right, bottom = min(width, 40), min(height, 32)
    inset = 0 if 2 in size_wh else 2  # the chroma beside it is seen there
    drawn[:bottom, :right] = (40, 90, 200)
    planes = converted(YuvConverter(matrix), drawn, coded)
    before = coded.planes()
    # Nothing more than 15 pixels beside it.
    assert np.array_equal(planes[bottom + 15 : height], before[bottom + 15 : height])
    assert np.array_equal(planes[:height, right + 15 :], before[:height, right + 15 :])
    shown = decoded(coded, planes)
    inner = shown[inset : bottom - inset, inset : right - inset].astype(int)
    assert np.abs(inner - (40, 90, 200)).max() <= 3


def test_what_was_not_drawn_on_at_all_stays_as_it_was(demo_frame: Frame) -> None:
    coded = demo_frame.coded
    assert coded is not None
    drawn = demo_frame.image_bgr.copy()
    assert np.array_equal(converted(YuvConverter(coded.matrix), drawn, coded), coded.planes())


@pytest.mark.parametrize("tile", [1, 4])
def test_an_image_that_is_drawn_all_over_is_converted_as_one(demo_frame: Frame, tile: int) -> None:
    coded = demo_frame.coded
    assert coded is not None
    small = demo_frame.image_bgr[::tile, ::tile]
    height, width = demo_frame.image_bgr.shape[:2]
    drawn = np.asarray(cv2.resize(255 - small, (width, height)), np.uint8)
    converter = YuvConverter(coded.matrix)
    assert np.array_equal(converted(converter, drawn, coded), converted(converter, drawn))


def test_planes_of_another_matrix_or_size_are_left_alone(demo_frame: Frame) -> None:
    coded = demo_frame.coded
    assert coded is not None
    image = demo_frame.image_bgr.copy()
    other = YuvConverter("bt601" if coded.matrix == "bt709" else "bt709")
    assert np.array_equal(converted(other, image, coded), converted(other, image))
    part = np.ascontiguousarray(image[:64, :64])
    same = YuvConverter(coded.matrix)
    assert np.array_equal(converted(same, part, coded), converted(same, part))


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".webm", ".gif"])
def test_a_file_says_the_matrix_that_its_frames_have(
    tmp_path: Path, astronaut_bgr: Image, suffix: str
) -> None:
    photo = np.ascontiguousarray(astronaut_bgr[:240, :320])
    coded = made_of(converted(YuvConverter("bt601"), photo), "bt601")
    path = tmp_path / f"clip{suffix}"
    with VideoWriter(path, 320, 240, VideoOptions(quality="high", matrix="bt601")) as writer:
        for index in range(3):
            writer.write(coded.image_bgr, index / 10, coded=coded)
    source = VideoFileSource(path, keeps_coded=True)
    source.open()
    frames = list(iter(source.read, None))
    source.close()
    assert len(frames) >= 3  # an AVI repeats the last one
    assert np.abs(frames[0].image_bgr.astype(int) - coded.image_bgr).mean() < (12 if suffix == ".gif" else 3)
    if suffix in (".mp4", ".webm"):
        assert frames[0].coded is not None
        assert frames[0].coded.matrix == "bt601"


def test_queues_count_what_a_frame_was_made_of(demo_frame: Frame) -> None:
    image_bytes = demo_frame.image_bgr.nbytes
    assert bytes_of(demo_frame, ()) == image_bytes + image_bytes + image_bytes // 2
