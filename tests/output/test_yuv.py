"""What encoders get: all that was not drawn on as its file held it, and the rest in the right colours."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import CodedImage, Frame, Matrix
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


def chroma_of(planes: Image) -> Image:
    """Both planes of chroma, ``(2, height / 2, width / 2)``."""
    height, width = len(planes) * 2 // 3, planes.shape[1]
    return planes[height:].reshape(2, height // 2, width // 2)


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
    planes = converted(YuvConverter(matrix), drawn, replace(coded, drawn_on=((-3, -5, right, bottom),)))
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
    beside = (-50, 0, -1, 90), (0, demo_frame.height, 40, demo_frame.height + 9)
    for one in (coded, replace(coded, drawn_on=beside)):
        assert np.array_equal(converted(YuvConverter(coded.matrix), drawn, one), coded.planes())


@pytest.mark.parametrize("size_wh", [(320, 240), (322, 246)])
def test_pixels_beside_what_was_drawn_stay_as_they_were(
    astronaut_bgr: Image, size_wh: tuple[int, int]
) -> None:
    width, height = size_wh
    photo = np.ascontiguousarray(astronaut_bgr[:height, :width])
    coded = made_of(converted(YuvConverter("bt709"), photo), "bt709")
    before = coded.planes()
    drawn = coded.image_bgr.copy()
    drawn[25:90, 37:101] = (40, 90, 200)
    rects = (30, 20, 60, 95), (55, 25, 101, 90)  # more than was drawn on
    planes = converted(YuvConverter("bt709"), drawn, replace(coded, drawn_on=rects))
    is_beside = (drawn == coded.image_bgr).all(axis=2)
    assert np.array_equal(planes[:height][is_beside], before[:height][is_beside])
    is_beside = is_beside.reshape(height // 2, 2, width // 2, 2).all(axis=(1, 3))
    for made, was in zip(chroma_of(planes), chroma_of(before), strict=True):
        assert np.array_equal(made[is_beside], was[is_beside])


def test_what_is_left_is_as_bright_however_much_was_drawn_on(demo_frame: Frame) -> None:
    coded = demo_frame.coded
    assert coded is not None
    height = demo_frame.height
    drawn = demo_frame.image_bgr.copy()
    drawn[: height * 3 // 4] = 255 - drawn[: height * 3 // 4]
    coded = replace(coded, drawn_on=((0, 0, demo_frame.width + 9, height * 3 // 4),))
    planes = converted(YuvConverter(coded.matrix), drawn, coded)
    left = slice(height * 3 // 4, height)
    assert np.array_equal(planes[left], coded.planes()[left])
    shown = decoded(coded, planes)[: height * 3 // 4].astype(int)
    assert np.abs(shown - drawn[: height * 3 // 4]).mean() < 3


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


def test_a_small_avi_has_the_matrix_that_players_take_it_for(tmp_path: Path) -> None:
    red = np.full((96, 128, 3), (30, 40, 220), np.uint8)
    coded = made_of(converted(YuvConverter("bt709"), red), "bt709")
    for name, matrix in (("coded.avi", coded.matrix), ("drawn.avi", None)):
        path = tmp_path / name
        with VideoWriter(path, 128, 96, VideoOptions(quality="high", matrix=matrix)) as writer:
            writer.write(coded.image_bgr, 0.0, coded=coded if matrix else None)
        source = VideoFileSource(path)
        source.open()
        frame = source.read()
        source.close()
        assert frame is not None
        assert np.abs(frame.image_bgr.astype(int) - red).max() <= 6


def test_queues_count_what_a_frame_was_made_of(demo_frame: Frame) -> None:
    image_bytes = demo_frame.image_bgr.nbytes
    assert bytes_of(demo_frame, ()) == image_bytes + image_bytes + image_bytes // 2
