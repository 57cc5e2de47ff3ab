"""Stored crops are what the live program would see, with a margin."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.opencv import cv2
from agecam.vision.align import TTA_VIEWS, View, align_face, to_model_input
from agecam.vision.detector import MediaPipeDetector
from train.augment import Augmentation, augment, random_matrix
from train.data import DataError, read_dataset
from train.prepare import (
    MARGIN_PX,
    STORED_PX,
    align_with_margin,
    central,
    find_labelled_face,
    load_crops,
    look_at,
    prepare_crops,
    usable_rows,
)

STILL = Augmentation(0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 0)


@pytest.fixture(scope="module")
def detector() -> object:
    with MediaPipeDetector() as detector:
        yield detector


def write_faces(folder: Path, *images: NDArray[np.uint8]) -> Path:
    folder.mkdir()
    for index, image in enumerate(images):
        cv2.imwrite(str(folder / f"3{index}_1_0_2017.jpg"), image)
    return folder


def test_middle_of_a_stored_crop_is_the_live_crop(
    astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8], detector: MediaPipeDetector
) -> None:
    for image in (astronaut_bgr, hopper_bgr, cv2.resize(astronaut_bgr, None, fx=2.5, fy=2.5)):
        face = find_labelled_face(image, detector)
        assert face is not None
        stored, live = central(align_with_margin(image, face)), align_face(image, face)
        # Where a large face is averaged down first, its size is rounded to whole pixels.
        difference = np.abs(to_model_input(stored[None]) - to_model_input(live[None]))
        assert difference.mean() < 1 / 255
        assert np.quantile(difference, 0.99) < 5 / 255


@pytest.mark.parametrize("look", TTA_VIEWS)
def test_a_look_at_a_stored_crop_is_the_live_one(
    astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8], detector: MediaPipeDetector, look: View
) -> None:
    for image in (astronaut_bgr, hopper_bgr):
        face = find_labelled_face(image, detector)
        assert face is not None
        stored, live = look_at(align_with_margin(image, face), look), align_face(image, face, look=look)
        # The stored crop is sampled twice, which costs detail, but not half as much as a pixel's shift.
        difference = np.abs(stored.astype(int) - live).mean()
        assert difference < 4
        for axis in (0, 1):
            assert difference < 0.4 * np.abs(np.roll(live, 1, axis).astype(int) - live).mean()


def test_a_face_that_fills_the_picture_is_found(
    astronaut_bgr: NDArray[np.uint8], detector: MediaPipeDetector
) -> None:
    whole = find_labelled_face(astronaut_bgr, detector)
    assert whole is not None
    x, y, width, height = (round(value) for value in whole.box)
    chip = astronaut_bgr[y : y + height, x : x + width]
    face = find_labelled_face(chip, detector)
    assert face is not None
    np.testing.assert_allclose(face.keypoints + np.array([x, y]), whole.keypoints, atol=0.1 * width)


def test_the_label_goes_to_the_face_in_the_middle(astronaut_bgr: NDArray[np.uint8]) -> None:
    class TwoFaces:
        def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
            height, width = image_bgr.shape[:2]
            points = np.zeros((4, 2), np.float32)
            return [
                Detection((0, 0, width / 4, height / 4), 0.99, points),
                Detection((width * 0.4, height * 0.4, width / 5, height / 5), 0.5, points),
            ]

        def close(self) -> None: ...

    face = find_labelled_face(astronaut_bgr, TwoFaces())
    assert face is not None
    assert face.score == 0.5
    assert face.centre == pytest.approx((256, 256), abs=2)


def test_preparation_stores_faces_and_reports_the_rest(
    tmp_path: Path, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]
) -> None:
    folder = write_faces(tmp_path / "faces", astronaut_bgr, hopper_bgr, np.full_like(hopper_bgr, 90))
    (folder / "39_1_0_2017.jpg").write_bytes(b"no picture")
    samples, skipped = prepare_crops([read_dataset(folder)], tmp_path / "out")
    assert len(samples) == 4
    assert usable_rows(tmp_path / "out").tolist() == [0, 1]
    assert {(skip.file[:2], skip.reason) for skip in skipped} == {
        ("32", "no face found"),
        ("39", "not a readable picture"),
    }
    crops = load_crops(tmp_path / "out")
    assert crops.shape == (4, STORED_PX, STORED_PX)
    assert crops[0].std() > 20
    assert crops[2].max() == 0


def test_an_interrupted_preparation_carries_on_where_it_was(
    tmp_path: Path, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]
) -> None:
    dataset = read_dataset(write_faces(tmp_path / "faces", astronaut_bgr, hopper_bgr))
    out = tmp_path / "out"
    prepare_crops([dataset], out)
    whole = load_crops(out).copy()
    crops, status = (np.load(out / name, mmap_mode="r+") for name in ("crops.npy", "status.npy"))
    crops[0], crops[1], status[1] = 7, 0, 0
    del crops, status
    prepare_crops([dataset], out)
    assert (load_crops(out)[0] == 7).all(), "what was done must not be done again"
    np.testing.assert_array_equal(load_crops(out)[1], whole[1])


def test_crops_of_other_pictures_are_not_mixed_in(tmp_path: Path, astronaut_bgr: NDArray[np.uint8]) -> None:
    out = tmp_path / "out"
    prepare_crops([read_dataset(write_faces(tmp_path / "one", astronaut_bgr))], out)
    other = read_dataset(write_faces(tmp_path / "two", astronaut_bgr))
    with pytest.raises(DataError, match="other pictures"):
        prepare_crops([other], out)


def test_augmentation_of_strength_zero_is_the_middle_or_its_mirror(astronaut_bgr: NDArray[np.uint8]) -> None:
    stored = cv2.cvtColor(astronaut_bgr[:STORED_PX, :STORED_PX], cv2.COLOR_BGR2GRAY)
    random = np.random.default_rng(0)
    seen = set()
    for _ in range(12):
        image = augment(stored, 128, 128, random, STILL)
        mirrored = np.array_equal(image, central(stored)[:, ::-1])
        assert mirrored or np.array_equal(image, central(stored))
        seen.add(mirrored)
    assert seen == {True, False}


def test_augmentation_changes_pictures_but_repeats_for_a_seed(astronaut_bgr: NDArray[np.uint8]) -> None:
    stored = cv2.cvtColor(astronaut_bgr[:STORED_PX, 150 : 150 + STORED_PX], cv2.COLOR_BGR2GRAY)

    def variants(seed: int) -> NDArray[np.uint8]:
        random = np.random.default_rng(seed)
        return np.stack([augment(stored, 128, 96, random, Augmentation()) for _ in range(20)])

    np.testing.assert_array_equal(variants(1), variants(1))
    assert not np.array_equal(variants(1), variants(2))
    assert variants(1).shape == (20, 96, 96)


def test_ordinary_jitter_needs_no_invented_border() -> None:
    random = np.random.default_rng(0)
    one_deviation = Augmentation()
    corners = np.array([[0, 0, 1], [127, 0, 1], [0, 127, 1], [127, 127, 1]], dtype=float)
    outside = []
    for _ in range(500):
        matrix = random_matrix(random, STORED_PX, 128, 128, one_deviation)
        found = corners @ cv2.invertAffineTransform(matrix).T
        outside.append(max(-found.min(), found.max() - (STORED_PX - 1)))
    assert np.quantile(outside, 0.5) <= 0
    assert max(outside) < 2 * MARGIN_PX
