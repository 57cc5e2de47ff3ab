"""Frames and people to keep."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Frame

Image = NDArray[np.uint8]


@pytest.fixture
def image(astronaut_bgr: Image) -> Image:
    """A part of a photograph: ``(240, 320, 3)`` uint8 BGR."""
    return np.ascontiguousarray(astronaut_bgr[:240, :320])


@pytest.fixture
def frame(image: Image) -> Callable[..., Frame]:
    """Makes a frame, of the photograph where no other image is given, a tenth of a second after the last."""

    def make(index: int = 0, *, image_bgr: Image = image, start_s: float = 0.0) -> Frame:
        return Frame(image_bgr, start_s + index / 10, index)

    return make
