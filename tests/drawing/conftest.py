"""People to draw: faces at given places, and what is estimated of them."""

from collections.abc import Callable

import numpy as np
import pytest

from agecam.messages import Detection, Estimate, Person

MakePerson = Callable[..., Person]

_ESTIMATE = Estimate(34.4, 28.2, 41.0, 0.93)
_KEYPOINTS = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.5, 0.8]])
"""Of a frontal face, as parts of its box."""


@pytest.fixture
def person() -> MakePerson:
    """Makes a person, of 34 years and female where nothing else is given, with a square face in pixels."""

    def make(
        x: float = 200,
        y: float = 150,
        size: float = 100,
        *,
        estimate: Estimate | None = _ESTIMATE,
        raw: Estimate | None = None,
        track_id: int = 1,
        confirmed: bool = True,
    ) -> Person:
        keypoints = (np.array([x, y]) + size * _KEYPOINTS).astype(np.float32)
        return Person(track_id, Detection((x, y, size, size), 0.9, keypoints), estimate, raw, confirmed)

    return make
