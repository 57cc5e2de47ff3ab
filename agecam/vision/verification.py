"""The result of running detection on one face alone: is it one, and where is it now?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agecam.messages import Detection


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of verifying one face.

    ``confidence`` that it is one is in [0, 1]; ``detection`` is where it was detected now, ``None`` if it
    was not.
    """

    confidence: float
    detection: Detection | None


Verify = Callable[[Detection], Verification]
"""Verifies one face of the current frame, as :meth:`agecam.vision.detector.Detector.verify` does."""
