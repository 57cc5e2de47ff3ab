"""What a recording takes, and how it is kept; nothing of FFmpeg."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Frame
from agecam.output.containers import Quality
from agecam.output.split import SplitRule

RecordingContent = Literal["annotated", "original", "both"]
"""The images with their labels, those without, or a file of each, the second with " original" in its name."""


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    """How a recording is kept."""

    quality: Quality = "standard"
    content: RecordingContent = "annotated"
    split: SplitRule | None = None
    may_replace: bool = True
    """Whether it replaces a file that has its name; else it gets another."""


@dataclass(frozen=True, slots=True)
class RecordedFrame(Frame):
    """A frame with its labels drawn; ``original_bgr`` is the image without, of the same shape."""

    original_bgr: NDArray[np.uint8] | None = None
