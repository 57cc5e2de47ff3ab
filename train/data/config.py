"""What decides how images are prepared."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agecam.options import option


@dataclass(frozen=True, slots=True)
class PrepareConfig:
    """Which labelled images to prepare, and how to split them."""

    sources: tuple[Path, ...] = field(
        metadata=option("Folders or zips of labelled images.", argument=True),
    )
    out: Path = field(metadata=option("Folder for crops and labels.", "--out", "-o"))
    jobs: int = field(default=1, metadata=option("Processes that look for faces.", at_least=1))
    seed: int = field(default=0, metadata=option("Decides the split."))
    test: float = field(default=0.12, metadata=option("Share of images for the test.", at_least=0, at_most=1))
    validation: float = field(
        default=0.05, metadata=option("Share of images for validation.", at_least=0, at_most=1)
    )


@dataclass(frozen=True, slots=True)
class DescribeConfig:
    """Which prepared images to describe."""

    data: Path = field(metadata=option("Folder made by `prepare`.", argument=True))


@dataclass(frozen=True, slots=True)
class ExtendConfig:
    """Which prepared folders to make one of."""

    base: Path = field(metadata=option("Folder made by `prepare`, which stays as it is.", argument=True))
    more: Path = field(metadata=option("Folder made by `prepare` whose images are added.", argument=True))
    out: Path = field(metadata=option("Folder for all of them.", "--out", "-o"))
