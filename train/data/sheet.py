"""A contact sheet of prepared faces, to check by eye what the models will see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.files import atomic_write
from agecam.opencv import cv2
from train.data.crops import center_crop, load_crops
from train.data.table import Table

_SHEET_FILE: Final = "sheet.png"
_IMAGES: Final = 96
_COLUMNS: Final = 12
_CAPTION_PX: Final = 16


def write_sheet(folder: Path, table: Table, seed: int) -> None:
    """Write ``sheet.png``: some of the faces of a prepared folder, chosen by ``seed``, with their labels."""
    shown = np.random.default_rng(seed).permutation(len(table))[:_IMAGES]
    captions = [f"{table.age_low[i]:.0f}-{table.age_high[i]:.0f} f={table.female[i]:.0f}" for i in shown]
    sheet = _contact_sheet(center_crop(load_crops(folder)[table.row[shown]]), captions)
    with atomic_write(folder / _SHEET_FILE) as partial:
        cv2.imwrite(str(partial), sheet)


def _contact_sheet(crops: NDArray[np.uint8], captions: Sequence[str]) -> NDArray[np.uint8]:
    """Crops ``(n, s, s)`` side by side, each with a caption below: ``(h, w)`` uint8."""
    size = crops.shape[1]
    cell = size + _CAPTION_PX
    rows = -(-len(crops) // _COLUMNS)
    sheet = np.full((rows * cell, _COLUMNS * size), 255, np.uint8)
    for index, (crop, caption) in enumerate(zip(crops, captions, strict=True)):
        y, x = divmod(index, _COLUMNS)
        y, x = y * cell, x * size
        sheet[y : y + size, x : x + size] = crop
        cv2.putText(sheet, caption, (x + 2, y + size + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.35, 0, 1, cv2.LINE_AA)
    return sheet
