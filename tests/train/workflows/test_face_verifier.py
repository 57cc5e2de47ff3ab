"""The face verifier is trained on proposals, and what is exported runs in the program."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("keras", reason="needs the extra train")
pytest.importorskip("tensorflow")

from agecam.messages import Detection
from agecam.paths import models_dir
from agecam.vision.face_networks import FaceNetworks, NetworksConfig
from agecam.vision.face_verifier import FACE_VERIFIER, FaceVerifier
from train.data.verifier_augment import LABELLED, augmented, network_square
from train.data.verifier_examples import STORED_PX, Examples, false_proposals, stored_crop
from train.errors import DataError
from train.workflows.face_verifier import VerifierConfig, export, fit, read_boxes

FACE = Detection(
    (178, 70, 100, 110), 0.9, np.array([[205, 105], [245, 108], [225, 128], [225, 148]], np.float32)
)


def test_false_proposals_touch_no_box(astronaut_bgr: NDArray[np.uint8]) -> None:
    networks = FaceNetworks(models_dir(), NetworksConfig(min_score=0.15))
    try:
        everywhere = (0.0, 0.0, 512.0, 512.0)
        assert len(false_proposals(networks, {"a": astronaut_bgr}, {"a": [everywhere]})) == 0
        found = false_proposals(networks, {"a": astronaut_bgr}, {"a": [(150, 20, 150, 190)]})
    finally:
        networks.close()
    assert len(found) > 0
    assert found.crops.shape[1:] == (STORED_PX, STORED_PX)
    assert set(found.images) == {"a"}


def test_a_trained_network_runs_in_the_program(tmp_path: Path, astronaut_bgr: NDArray[np.uint8]) -> None:
    face = stored_crop(astronaut_bgr, FACE)[None]
    blank = Examples(np.full_like(face, 90), np.array([0.4], np.float32), np.array(["a"]))
    config = VerifierConfig(examples=256, epochs=6, batch=32, learning_rate=1e-2)
    export(fit(face, face, blank, config), tmp_path)
    verifier = FaceVerifier(tmp_path / FACE_VERIFIER)
    (odds,) = verifier.log_odds(astronaut_bgr, [FACE])
    (odds_of_gray,) = verifier.log_odds(np.full_like(astronaut_bgr, 90), [FACE])
    assert odds > odds_of_gray


def test_augmented_crops_differ_and_unchanged_ones_show_the_middle(astronaut_bgr: NDArray[np.uint8]) -> None:
    stored = stored_crop(astronaut_bgr, FACE)
    rng = np.random.default_rng(1)
    first, second = augmented(stored, LABELLED, rng), augmented(stored, LABELLED, rng)
    assert np.abs(first - second).mean() > 5
    middle = stored[16:64, 16:64].mean()
    assert abs(float(network_square(stored).mean()) - float(middle)) < 3


def test_a_file_that_is_no_table_of_boxes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    path.write_text("file,x,y\na.jpg,1,2\n")
    with pytest.raises(DataError, match="no table of boxes"):
        read_boxes(path)
    path.write_text("file,x,y,width,height\na.jpg,1,2,3,4\n")
    assert read_boxes(path) == {"a.jpg": [(1, 2, 3, 4)]}
