"""A search of single photographs: turned ones, faces cut by an edge or out of focus, and what is no face."""

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.boxes import intersection_over_smaller, iou
from agecam.vision.detector import MediaPipeDetector
from agecam.vision.turned import is_upright, turned_back, turned_image

Image = NDArray[np.uint8]


@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize("name", ["astronaut_bgr", "hopper_bgr"])
def test_a_face_in_a_turned_photograph_is_found_as_it_lies(
    detector: MediaPipeDetector, request: pytest.FixtureRequest, name: str, quarters: int
) -> None:
    image: Image = request.getfixturevalue(name)
    (upright,) = detector.search(image)
    (found,) = detector.search(turned_image(image, quarters))
    back = turned_back(found, quarters, (image.shape[1], image.shape[0]))
    assert not is_upright(found)
    assert is_upright(upright)
    assert is_upright(back)
    assert iou(back.box, upright.box) > 0.6
    eye_distance = np.linalg.norm(upright.keypoints[0] - upright.keypoints[1])
    assert np.abs(back.keypoints - upright.keypoints).max() < 0.4 * eye_distance


def test_all_faces_of_a_photograph_on_its_side_are_found(
    detector: MediaPipeDetector, astronaut_bgr: Image, hopper_bgr: Image
) -> None:
    both = np.hstack([astronaut_bgr, hopper_bgr[:512]])
    found = detector.search(turned_image(both, 1))
    assert len(found) == 2
    assert found[0].box[1] > 512 > found[1].box[1] or found[1].box[1] > 512 > found[0].box[1]


@pytest.mark.parametrize("edge", ["left", "right", "bottom"])
def test_a_face_that_an_edge_cuts_is_found(detector: MediaPipeDetector, hopper_bgr: Image, edge: str) -> None:
    (face,) = detector.search(hopper_bgr)
    x, y, width, height = (round(value) for value in face.box)
    share = 0.35
    cut = {
        "left": hopper_bgr[:, x + round(share * width) :],
        "right": hopper_bgr[:, : x + width - round(share * width)],
        "bottom": hopper_bgr[: y + height - round(0.2 * height)],
    }[edge]
    dx = round(share * width) + x if edge == "left" else 0
    (found,) = detector.search(np.ascontiguousarray(cut))
    assert intersection_over_smaller(found.box, (x - dx, y, width, height)) > 0.6


def test_a_blurred_face_that_fills_the_photograph_is_found(
    detector: MediaPipeDetector, astronaut_bgr: Image
) -> None:
    face = cv2.resize(astronaut_bgr[75:185, 175:285], (440, 440), interpolation=cv2.INTER_CUBIC)
    blurred = np.asarray(cv2.GaussianBlur(face, (0, 0), 14), np.uint8)
    (found,) = detector.search(blurred)
    assert iou(found.box, (0, 0, 440, 440)) > 0.5


@pytest.mark.parametrize(
    ("name", "xywh"),
    [
        ("hopper_bgr", (0, 420, 512, 180)),  # uniform, buttons, ribbons
        ("hopper_bgr", (0, 0, 120, 300)),  # a flag
        ("astronaut_bgr", (0, 260, 512, 250)),  # a suit, a helmet, a name on a badge
        ("astronaut_bgr", (300, 0, 212, 260)),  # a model of the shuttle
    ],
)
def test_a_photograph_without_a_face_has_none_upright_or_turned(
    detector: MediaPipeDetector, request: pytest.FixtureRequest, name: str, xywh: tuple[int, int, int, int]
) -> None:
    image: Image = request.getfixturevalue(name)
    x, y, width, height = xywh
    region = np.ascontiguousarray(image[y : y + height, x : x + width])
    for quarters in range(4):
        assert detector.search(turned_image(region, quarters)) == []


def test_a_far_face_beside_a_near_one_is_found(detector: MediaPipeDetector, astronaut_bgr: Image) -> None:
    image = np.full((1200, 1800, 3), 90, np.uint8)
    image[:1000, :1000] = cv2.resize(astronaut_bgr, (1000, 1000))
    image[400:600, 1300:1500] = cv2.resize(astronaut_bgr, (200, 200), interpolation=cv2.INTER_AREA)
    near, far = detector.search(image)
    assert near.box[2] > 4 * far.box[2]
    assert iou(far.box, (1368, 424, 43, 48)) > 0.3


@pytest.mark.parametrize("is_tall", [False, True])
def test_a_small_face_in_a_panorama_or_a_tall_screenshot_is_found(
    detector: MediaPipeDetector, astronaut_bgr: Image, is_tall: bool
) -> None:
    image = np.full((500, 4000, 3), (170, 160, 140), np.uint8)
    if is_tall:
        image = np.ascontiguousarray(image.transpose(1, 0, 2))
    left, top = (330, 2600) if is_tall else (2600, 330)
    image[top : top + 90, left : left + 90] = cv2.resize(
        astronaut_bgr, (90, 90), interpolation=cv2.INTER_AREA
    )
    (face,) = detector.search(image)
    assert iou(face.box, (left + 30, top + 10, 20, 22)) > 0.4


def test_a_small_sheet_of_a_hundred_portraits_has_them_all(
    detector: MediaPipeDetector, astronaut_bgr: Image
) -> None:
    portrait = np.full((36, 36, 3), 255, np.uint8)
    portrait[3:33, 3:33] = cv2.resize(astronaut_bgr[30:230, 120:320], (30, 30), interpolation=cv2.INTER_AREA)
    assert len(detector.search(np.tile(np.hstack([portrait, portrait[:, ::-1]]), (10, 5, 1)))) == 100


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_group_is_found_as_it_lies_where_some_turned_faces_look_upright(
    detector: MediaPipeDetector, astronaut_bgr: Image, hopper_bgr: Image, quarters: int
) -> None:
    pair = [
        cv2.resize(image, (140, 140), interpolation=cv2.INTER_AREA)
        for image in (astronaut_bgr, hopper_bgr[:512])
    ]
    row = np.hstack(pair * 3)
    group = turned_image(np.vstack([row, row[:, ::-1]]), quarters)
    found = detector.search(group)
    assert len(found) == 12
    assert not any(is_upright(face) for face in found)


def test_tiles_are_searched_only_where_a_place_is_left_unexplained(
    detector: MediaPipeDetector, astronaut_bgr: Image, hopper_bgr: Image
) -> None:
    near = np.full((420, 700, 3), 90, np.uint8)
    near[:400, :400] = cv2.resize(astronaut_bgr, (400, 400), interpolation=cv2.INTER_AREA)
    both = near.copy()
    both[200:360, 500:660] = cv2.resize(hopper_bgr[:512, :512], (160, 160), interpolation=cv2.INTER_AREA)
    (runs, faces), (runs_both, faces_both) = (searched(detector, image) for image in (near, both))
    assert (faces, faces_both) == (1, 2)
    assert runs <= 3  # the whole image, as it is and with a border, and the face once more
    assert runs < runs_both < 15  # there are 30 tiles


def searched(detector: MediaPipeDetector, image: Image) -> tuple[float, int]:
    """Runs of the full-range network in a search, and faces found."""
    before = detector.network_usage()["full_range"].runs
    faces = detector.search(image)
    return detector.network_usage()["full_range"].runs - before, len(faces)
