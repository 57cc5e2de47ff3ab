"""Keypoints of the face in each image of a prepared folder, kept for evaluation by pose and size."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

KEYPOINTS_FILE: Final = "keypoints.npy"
KEYPOINTS_SHAPE: Final = (4, 2)
"""As in :class:`agecam.messages.Detection`: right eye, left eye, nose, mouth; xy."""


def load_keypoints(folder: Path) -> NDArray[np.float32]:
    """Keypoints ``(n, 4, 2)`` float32, one row for each row of ``crops.npy``, NaN where unknown.

    Raises :class:`OSError` when there are none.
    """
    keypoints: NDArray[np.float32] = np.load(folder / KEYPOINTS_FILE, mmap_mode="r")
    return keypoints
