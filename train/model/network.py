"""What decides a network, told without building it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agecam.vision.calibration import AGES
from train.data.targets import HEADS

ARCHITECTURE_NAMES: Final[Sequence[str]] = (
    "compact",
    "resnet",
    "dlib",
    "mobilenet",
    "inception",
    "vgg",
    "plain",
)
"""Trunks of :data:`train.model.architectures.ARCHITECTURES`; "compact" is the one that ships."""


@dataclass(frozen=True, slots=True)
class Network:
    """All that decides the layers of a network but the size of its images.

    ``architecture`` is one of the :data:`ARCHITECTURE_NAMES`, ``width`` multiplies its filters. ``age_units``
    is 101 for a distribution over the ages 0 to 100, 1 for the age in years; ``gender_units`` is 1 for the
    probability of female, 2 for a softmax over male and female. What ships has 101 and 1.
    """

    architecture: str = "compact"
    heads: tuple[str, ...] = HEADS
    width: float = 1.0
    dropout: float = 0.2
    age_units: int = AGES
    gender_units: int = 1
