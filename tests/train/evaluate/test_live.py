"""Live views are those that the program predicts from."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.align import align_tta
from agecam.vision.detector import MediaPipeDetector
from tests.train.samples import table_of_samples
from train.data.readers import Sample
from train.errors import DataError
from train.evaluate.corruptions import CLEAN
from train.evaluate.live import live_views, stores_by_name


def test_live_views_are_those_of_the_face_nearest_the_centre(
    images: Path, detector: MediaPipeDetector, astronaut_bgr: NDArray[np.uint8]
) -> None:
    small = cv2.resize(astronaut_bgr, (200, 200), interpolation=cv2.INTER_AREA)
    wide = np.hstack([np.full((200, 120, 3), 200, np.uint8), small, small[:, ::-1]])
    cv2.imwrite(str(images / "32_1_0_5.png"), wide)
    table = table_of_samples(
        [Sample("faces", "32_1_0_5.png", 32, 32, True), Sample("faces", "50_0_0_4.png", 50, 50, False)]
    )
    views, found = live_views(stores_by_name([images]), table)[CLEAN]
    assert found.tolist() == [True, False]
    left = [view[0] for view in align_tta(wide, detector.search(wide))]
    assert np.abs(views[:, 0].astype(int) - left).mean() < 3
    with pytest.raises(DataError, match="images of faces are needed"):
        live_views({}, table)
