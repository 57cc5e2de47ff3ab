"""Keypoints of the face in each image of a prepared folder, kept for evaluation by pose and size."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from train.data.arrays import create_array

KEYPOINTS_FILE: Final = "keypoints.npy"
KEYPOINTS_SHAPE: Final = (4, 2)
"""As in :class:`agecam.messages.Detection`: right eye, left eye, nose, mouth; xy."""


def open_keypoints(folder: Path, images: int) -> np.memmap[Any, np.dtype[np.float32]]:
    """The file to write keypoints to, ``(images, 4, 2)`` float32, pixels of each image.

    NaN where none are yet.
    """
    path = folder / KEYPOINTS_FILE
    if not path.exists():
        create_array(path, np.dtype(np.float32), (images, *KEYPOINTS_SHAPE), fill=np.nan)
    return np.lib.format.open_memmap(path, mode="r+")


def load_keypoints(folder: Path) -> NDArray[np.float32]:
    """Keypoints ``(n, 4, 2)`` float32, one row for each row of ``crops.npy``, NaN where unknown.

    Raises :class:`OSError` when there are none.
    """
    keypoints: NDArray[np.float32] = np.load(folder / KEYPOINTS_FILE, mmap_mode="r")
    return keypoints
