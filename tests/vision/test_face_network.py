"""Face networks run by LiteRT detect what MediaPipe's own task detects."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.paths import models_dir
from agecam.sources import open_source
from agecam.vision.face_network import FULL_RANGE, INPUT_PX, SHORT_RANGE, FaceNetwork, LiteRtFaceNetwork
from agecam.vision.mediapipe_network import MediaPipeFaceNetwork
from agecam.vision.pyramid import Pyramid, RoiImage, tiles

Image = NDArray[np.uint8]
MakeScene = Callable[..., Image]

_MIN_SCORE = 0.3


class Pair:
    """The same network, run by LiteRT and by MediaPipe."""

    def __init__(self, name: str) -> None:
        path = models_dir() / name
        self.litert: FaceNetwork = LiteRtFaceNetwork(path, min_score=_MIN_SCORE)
        self.mediapipe: FaceNetwork = MediaPipeFaceNetwork(path, min_score=_MIN_SCORE)

    def assert_same(self, region: RoiImage) -> int:
        """Hold both to the same detections in a region; the number of them."""
        found, expected = self.litert.detect(region), self.mediapipe.detect(region)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            _assert_same(one, other, region.scale)
        return len(expected)

    def close(self) -> None:
        self.litert.close()
        self.mediapipe.close()


def _assert_same(one: Detection, other: Detection, pixel: int) -> None:
    # Boxes are cut to whole pixels: sums in another order may end on another side of one. Scores are 2e-6
    # apart on x86-64; other processors have kernels of their own.
    np.testing.assert_allclose(one.box, other.box, atol=pixel)
    np.testing.assert_allclose(one.keypoints, other.keypoints, atol=0.1 * pixel)
    assert one.score == pytest.approx(other.score, abs=1e-3)


@pytest.fixture(scope="module", params=[SHORT_RANGE, FULL_RANGE])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    pair = Pair(request.param)
    yield pair
    pair.close()


def _shrunk(image: Image, factor: float) -> Image:
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize("factor", [1.0, 0.71, 0.43, 0.2])
def test_photographs_of_any_size_have_the_same_faces(
    pair: Pair, astronaut_bgr: Image, hopper_bgr: Image, factor: float
) -> None:
    for image in (astronaut_bgr, hopper_bgr):
        assert pair.assert_same(Pyramid(_shrunk(image, factor)).whole(INPUT_PX)) >= 1


@pytest.mark.parametrize("side", [253, 249, 187, 161, 96])
def test_squares_around_a_face_have_the_same_faces(pair: Pair, astronaut_bgr: Image, side: int) -> None:
    pyramid = Pyramid(astronaut_bgr)
    for centre in ((228.0, 125.0), (200.0, 20.0), (270.0, 160.0)):
        pair.assert_same(pyramid.square(centre, side, INPUT_PX))
    assert pair.assert_same(pyramid.square((228.0, 125.0), 253, INPUT_PX)) == 1


def test_faces_that_leave_the_image_are_cut_at_the_same_edges(pair: Pair, astronaut_bgr: Image) -> None:
    found = 0
    for dx, dy in ((200, 0), (0, 90), (190, 80)):
        found += pair.assert_same(Pyramid(np.ascontiguousarray(astronaut_bgr[dy:, dx:])).whole(INPUT_PX))
    right = np.ascontiguousarray(astronaut_bgr[:150, :250])
    assert found + pair.assert_same(Pyramid(right).whole(INPUT_PX)) > 0


def test_several_faces_come_in_the_same_order(pair: Pair, scene: MakeScene) -> None:
    image = scene((20, 90), (230, 40), (430, 110))
    assert pair.assert_same(Pyramid(image).whole(INPUT_PX)) == 3


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 3), (5, 9), (64, 333), (384, 384)])
def test_images_of_odd_shapes_have_the_same_faces_or_none(pair: Pair, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    pair.assert_same(RoiImage(noise, 0, 0, 1))
    assert pair.assert_same(RoiImage(np.zeros((*shape, 3), np.uint8), 0, 0, 1)) == 0


def test_frames_of_a_video_and_their_tiles_have_the_same_faces(pair: Pair, demo_clip: Path) -> None:
    found = 0
    with contextlib.closing(open_source(str(demo_clip))) as source:
        source.open()
        for frame in itertools.islice(iter(source.read, None), 0, 60, 12):
            pyramid = Pyramid(frame.image_bgr)
            found += pair.assert_same(pyramid.whole(INPUT_PX))
            for tile in tiles(pyramid.size_wh, max(pyramid.size_wh) // 2, 0.7):
                found += pair.assert_same(pyramid.region(tile, INPUT_PX))
    assert found >= 5


def test_a_region_is_placed_in_the_whole_image(pair: Pair, astronaut_bgr: Image) -> None:
    large = np.asarray(cv2.resize(astronaut_bgr, (1024, 1024)), np.uint8)
    region = Pyramid(large).region((120, 60, 640, 640), INPUT_PX)
    assert region.scale == 2
    assert pair.assert_same(region) == 1
    (face,) = pair.litert.detect(region)
    np.testing.assert_allclose(face.centre, (448, 250), atol=25)


def test_faces_and_less_sure_places_are_proposed_where_they_are(pair: Pair, astronaut_bgr: Image) -> None:
    large = np.asarray(cv2.resize(astronaut_bgr, (1024, 1024)), np.uint8)
    region = Pyramid(large).region((120, 60, 640, 700), INPUT_PX)
    for network in (pair.litert, pair.mediapipe):
        faces, places = network.detect_and_propose(region, 0.1)
        assert [face.box for face in faces] == [face.box for face in network.detect(region)]
        assert places.dtype == np.float32
        assert (places[:, 3] >= 0.1).all()
        x, y, width, _ = places[np.argmin(np.abs(places[:, 2] - faces[0].box[2]))]
        assert places[:, 3].max() == pytest.approx(faces[0].score, abs=1e-3)
        np.testing.assert_allclose((x, y, width), (*faces[0].centre, faces[0].box[2]), atol=25)
        assert network.detect_and_propose(RoiImage(np.zeros_like(region.image_bgr), 0, 0, 1), 0.1)[0] == []
