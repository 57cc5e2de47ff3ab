"""The messages that travel from source to screen: one frozen dataclass each.

Times are seconds as ``float``: of the monotonic clock for live sources, of the media for files.
Coordinates are pixels of the frame, x to the right and y down; boxes are ``(x, y, width, height)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Matrix = Literal["bt601", "bt709"]
"""Between luma and chroma and RGB: Recommendation ITU-R BT.601 or BT.709."""


@dataclass(frozen=True, slots=True, eq=False)
class CodedImage:
    """What an image was made of: 4:2:0, 8 bits, limited range, of even sides, as most video files hold it.

    ``image_bgr`` is what was made of it. ``planes`` gives a copy, ``(height * 3 / 2, width)`` uint8: luma,
    below it both planes of chroma (I420). Any thread may call it. Whoever draws on a copy of the image says
    in ``drawn_on`` where: rectangles, xyxy in whole pixels, outside of which nothing has changed. They may
    reach beyond the image. ``None``: that is not known, and may be anywhere.
    """

    image_bgr: NDArray[np.uint8]
    planes: Callable[[], NDArray[np.uint8]]
    matrix: Matrix
    drawn_on: tuple[tuple[int, int, int, int], ...] | None = None

    @property
    def nbytes(self) -> int:
        """What it takes in memory, bytes: planes are half as large as their image."""
        return self.image_bgr.nbytes * 3 // 2


@dataclass(frozen=True, slots=True)
class Frame:
    """One image from a source.

    ``image_bgr`` is ``(height, width, 3)`` uint8 and read-only; ``time_s`` never decreases within a source.
    """

    image_bgr: NDArray[np.uint8]
    time_s: float
    index: int
    is_still: bool = False
    """Whether it is one photograph, analysed as such."""
    duration_s: float | None = None
    """For how many seconds it stands, where the file says so."""
    coded: CodedImage | None = None
    """What the image was made of before anything was drawn on it, where that is asked for and known."""

    @property
    def width(self) -> int:
        return int(self.image_bgr.shape[1])

    @property
    def height(self) -> int:
        return int(self.image_bgr.shape[0])


@dataclass(frozen=True, slots=True)
class Detection:
    """One detected face.

    ``keypoints`` is ``(4, 2)`` float32, xy pixels, in this order: the person's right eye (on the left of
    an unmirrored image), left eye, tip of the nose, centre of the mouth. ``score`` is in [0, 1].
    """

    box: tuple[float, float, float, float]
    score: float
    keypoints: NDArray[np.float32]

    @property
    def centre(self) -> tuple[float, float]:
        x, y, width, height = self.box
        return x + width / 2, y + height / 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """The age and gender of one face, predicted or fused.

    ``age`` in years; ``age_low..age_high`` an 80 % interval in years; ``female`` a probability in [0, 1].
    """

    age: float
    age_low: float
    age_high: float
    female: float


@dataclass(frozen=True, slots=True)
class Person:
    """One track in one frame: a face with an identity that lasts.

    ``estimate`` is fused over the track so far, ``None`` before the models were first run on it; ``raw`` is
    the models' prediction for this very frame, ``None`` where they were not run on this face in this frame;
    its ``female`` is NaN where the age model alone was.
    ``confirmed`` is false while the track is tentative, and where verification has shown that it is no face.
    ``tentative_id`` is the number that it had before it turned out, in this frame, to be somebody else.
    """

    track_id: int
    face: Detection
    estimate: Estimate | None
    raw: Estimate | None
    confirmed: bool = True
    tentative_id: int | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that is known of one frame; ``stages_ms`` holds the time each stage took, in milliseconds.

    ``scene`` is the number of the shot that it belongs to: between frames of one number there is no cut.
    """

    frame: Frame
    people: tuple[Person, ...]
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    scene: int = 0
