"""What decides how images are prepared."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agecam.options import option
from train.data.choices import one_of
from train.data.labels import DATE_ORDERS

BY_SHARE, TO_TRAINING = ADDED = ("share", "train")
"""Where images go that come to a folder which is prepared already."""

GENDERS = option("Which code is which gender, such as 0=male,1=female.")
DATE_ORDER = option(
    "Of day and month in dates such as 3/4/1990; auto: as the other dates tell.", codec=one_of(DATE_ORDERS)
)


@dataclass(frozen=True, slots=True)
class PrepareConfig:
    """Which labelled images to prepare, how to read their labels, and how to split them."""

    sources: tuple[Path, ...] = field(
        metadata=option("Folders or zips of labelled images.", argument=True),
    )
    out: Path = field(
        metadata=option(
            "Folder for crops and labels; the same one takes what has come and gone.", "--out", "-o"
        )
    )
    jobs: int = field(default=1, metadata=option("Processes that look for faces.", at_least=1))
    seed: int = field(default=0, metadata=option("Decides the split."))
    test: float = field(default=0.12, metadata=option("Share of images for the test.", at_least=0, at_most=1))
    validation: float = field(
        default=0.05, metadata=option("Share of images for validation.", at_least=0, at_most=1)
    )
    added: str = field(
        default=BY_SHARE,
        metadata=option(
            "Where new images of a prepared folder go: to each split its share, or all to training.",
            codec=one_of(ADDED),
        ),
    )
    genders: str = field(default="", metadata=GENDERS)
    date_order: str = field(default=DATE_ORDERS[0], metadata=DATE_ORDER)


@dataclass(frozen=True, slots=True)
class DescribeConfig:
    """Which prepared images to describe."""

    data: Path = field(metadata=option("Folder made by `prepare`.", argument=True))
