"""What to measure, on which images, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agecam.options import option
from agecam.vision.align import TTA_VIEWS, View
from train.data.choices import one_of
from train.data.config import DATE_ORDER, GENDERS
from train.data.labels import DATE_ORDERS
from train.data.table import TEST, TRAIN, VALIDATION

ALL: Final = "all"
"""As a split: every image, whatever split it is in."""


@dataclass(frozen=True, slots=True)
class EvaluateConfig:
    """Which models to measure on which images, and what beside the metrics on stored crops.

    Without ``manifest`` a calibration is fitted on the validation split or, where there is none, taken from a
    manifest beside the models. ``corruptions`` makes crops (and with ``live`` whole images) worse in many
    ways. ``held_out`` measures the interval of each data set with a calibration on the others. ``live`` are
    the folders or zips of the whole images, for the live path. ``sample`` limits both to
    so many images, chosen by ``seed``.
    """

    models: tuple[Path, ...] = field(
        metadata=option("Model files, .keras or .tflite: one of each kind.", argument=True)
    )
    data: Path = field(metadata=option("Folder made by `prepare`, or folder or zip of labelled images."))
    out: Path = field(metadata=option("Folder for metrics.json and report.html.", "--out", "-o"))
    split: str = field(
        default=TEST,
        metadata=option(
            "Of a prepared folder.", aliases=("--part",), codec=one_of((TRAIN, VALIDATION, TEST, ALL))
        ),
    )
    manifest: Path | None = field(
        default=None,
        metadata=option("manifest.json to take the calibration from; default: fit it anew."),
    )
    corruptions: bool = field(
        default=False,
        metadata=option(
            "Small, blurred, badly lit, rotated, compressed faces too.",
            "--corruptions",
            aliases=("--conditions",),
        ),
    )
    held_out: bool = field(
        default=False,
        metadata=option("The interval of each data set, calibrated on the others alone, too.", "--held-out"),
    )
    live: tuple[Path, ...] = field(
        default=(), metadata=option("Folder or zip of the whole images, for the live path too.")
    )
    tta: bool = field(
        default=True,
        metadata=option(
            "Test-time augmentation: means over all views of a face, as `agecam predict` gives.",
            "--tta/--no-tta",
            aliases=("--one-look",),
        ),
    )
    sample: int | None = field(
        default=None, metadata=option("Use so many images for --corruptions and --live.", at_least=1)
    )
    seed: int = field(default=0, metadata=option("Decides the sample."))
    jobs: int = field(default=1, metadata=option("Processes that look for faces.", at_least=1))
    runs: tuple[Path, ...] = field(
        default=(),
        metadata=option(
            "Folder of `fit`, to show its learning curves; default: that of the models.", "--run"
        ),
    )

    genders: str = field(default="", metadata=GENDERS)
    date_order: str = field(default=DATE_ORDERS[0], metadata=DATE_ORDER)

    @property
    def views(self) -> tuple[View, ...]:
        """Those of each face whose mean prediction is measured."""
        return TTA_VIEWS if self.tta else TTA_VIEWS[:1]
