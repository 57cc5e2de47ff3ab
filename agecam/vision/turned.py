"""Images turned by quarters, and detections brought back from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection


def turned_image(image_bgr: NDArray[np.uint8], quarters: int) -> NDArray[np.uint8]:
    """The image ``(h, w, 3)`` uint8 turned anticlockwise by so many right angles, contiguous."""
    return np.ascontiguousarray(np.rot90(image_bgr, quarters))


def turned_back(detection: Detection, quarters: int, size_wh: tuple[int, int]) -> Detection:
    """A detection in the turned image, in the pixels of the image of (width, height) before."""
    corners = np.array(detection.box, np.float64).reshape(2, 2)
    corners[1] += corners[0]
    points = np.concatenate([corners, detection.keypoints.astype(np.float64)])
    width, height = size_wh
    x, y = points.T
    points = np.stack(
        ((x, y), (width - y, x), (width - x, height - y), (y, height - x))[quarters % 4], axis=1
    )
    (left, top), (right, bottom) = points[:2].min(axis=0), points[:2].max(axis=0)
    box = (float(left), float(top), float(right - left), float(bottom - top))
    return replace(detection, box=box, keypoints=points[2:].astype(np.float32))


def is_upright(detection: Detection) -> bool:
    """Whether the eyes lie nearer to level than to upright, and above the mouth."""
    right_eye, left_eye, _, mouth = detection.keypoints
    down_x, down_y = mouth - (right_eye + left_eye) / 2
    return bool(down_y > abs(down_x))
