"""What decides a search, a comparison, and going on with images of one's own."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path

from agecam.options import default_of, option
from train.data.choices import some_of
from train.data.config import DATE_ORDER, GENDERS
from train.data.labels import DATE_ORDERS
from train.fit.config import LEAST_SIZE_PX, FitConfig
from train.workflows.variants import VARIANTS

_SIZE = option("Pixels that training sees.", "--size", at_least=LEAST_SIZE_PX)
_AT_MOST = "Use at most this many of the training and validation splits."


def _fit_config(budget: TuneConfig | CompareConfig) -> FitConfig:
    """The fields that a budget shares with the configuration of a run; the others keep their defaults."""
    shared = {field.name for field in fields(FitConfig)} & {field.name for field in fields(budget)}
    return FitConfig(**{name: getattr(budget, name) for name in shared})


@dataclass(frozen=True, slots=True)
class TuneConfig:
    """The budget of a search for settings."""

    data: Path = field(metadata=option("Folder made by `prepare`."))
    out: Path = field(metadata=option("Folder of the search; the same one resumes it.", "--out", "-o"))
    trials: int = field(default=20, metadata=option("How many settings to try.", at_least=1))
    images: int = field(default=10_000, metadata=option(_AT_MOST, aliases=("--pictures",), at_least=1))
    size_px: int = field(default=64, metadata=_SIZE)
    epochs: int = field(default=8, metadata=option("At most.", at_least=1))
    seed: int = field(default=default_of(FitConfig, "seed"), metadata=option("Decides what is tried."))

    @property
    def base(self) -> FitConfig:
        """The settings that are not searched."""
        return _fit_config(self)


@dataclass(frozen=True, slots=True)
class CompareConfig:
    """The budget that variants are trained on; ``only`` none stands for all of them."""

    data: Path = field(metadata=option("Folder made by `prepare`."))
    out: Path = field(metadata=option("Folder of the runs; the same one resumes them.", "--out", "-o"))
    only: tuple[str, ...] | None = field(
        default=None,
        metadata=option(
            "Variants, separated by commas, such as resnet,mae. Default: all.", codec=some_of(VARIANTS)
        ),
    )
    images: int = field(default=20_000, metadata=option(_AT_MOST, aliases=("--pictures",), at_least=1))
    size_px: int = field(default=96, metadata=_SIZE)
    epochs: int = field(default=8, metadata=option("Of each variant.", at_least=1))
    batch_size: int = field(
        default=default_of(FitConfig, "batch_size"), metadata=option("Images a step.", "--batch", at_least=1)
    )
    seed: int = field(default=default_of(FitConfig, "seed"), metadata=option("Of all runs."))

    @property
    def base(self) -> FitConfig:
        """The settings that variants differ from."""
        return _fit_config(self)


_EPOCHS = option("Times that training sees all images.", at_least=1)
_IMAGES = "Folder or zip of labelled images."
_JOBS = option("Processes that look for faces.", at_least=1)
_START = option("Folder of models to start from; default: those that ship.", "--from")
_FORCE = option("Keep the new model even if it is worse.", "--force")


@dataclass(frozen=True, slots=True)
class FineTuneConfig:
    """Which model to train on which images.

    ``old`` is the prepared folder that the model comes from, to measure what it forgets. ``freeze`` keeps the
    stem and that many stages as they are.
    """

    model: Path = field(metadata=option("Keras model to start from: models/age.keras.", "--from"))
    data: Path = field(metadata=option(_IMAGES))
    out: Path = field(metadata=option("Folder for the model; the same one resumes.", "--out", "-o"))
    old: Path | None = field(
        default=None,
        metadata=option("Prepared folder the model comes from, to see what it forgets."),
    )
    epochs: int = field(default=10, metadata=_EPOCHS)
    learning_rate: float = field(default=2e-4, metadata=option("Lower than from scratch.", at_least=0))
    batch_size: int = field(default=32, metadata=option("Images a step.", "--batch", at_least=1))
    freeze: int = field(default=2, metadata=option("Stages to keep as they are.", at_least=0))
    seed: int = field(default=default_of(FitConfig, "seed"), metadata=option("Decides split and training."))
    jobs: int = field(default=1, metadata=_JOBS)
    force: bool = field(default=False, metadata=_FORCE)
    genders: str = field(default="", metadata=GENDERS)
    date_order: str = field(default=DATE_ORDERS[0], metadata=DATE_ORDER)


@dataclass(frozen=True, slots=True)
class CrossValidateConfig:
    """How often to go on from the models of ``start``, each time measured on other images."""

    data: Path = field(metadata=option("Folder made by `prepare`.", argument=True))
    out: Path = field(metadata=option("Folder of the runs; the same one resumes them.", "--out", "-o"))
    folds: int = field(default=5, metadata=option("Trainings; each tests another part.", at_least=2))
    start: Path | None = field(default=None, metadata=_START)
    epochs: int = field(default=default_of(FineTuneConfig, "epochs"), metadata=_EPOCHS)
    seed: int = field(default=default_of(FitConfig, "seed"), metadata=option("Decides folds and training."))


@dataclass(frozen=True, slots=True)
class AllConfig:
    """From a folder of photographs to models that run; ``start`` has the models to start from."""

    data: Path = field(metadata=option(_IMAGES, argument=True))
    out: Path = field(metadata=option("Folder for the models; the same one resumes.", "--out", "-o"))
    start: Path | None = field(default=None, metadata=_START)
    epochs: int = field(default=default_of(FineTuneConfig, "epochs"), metadata=_EPOCHS)
    seed: int = field(default=default_of(FitConfig, "seed"), metadata=option("Decides split and training."))
    jobs: int = field(default=1, metadata=_JOBS)
    force: bool = field(default=False, metadata=_FORCE)
    genders: str = field(default="", metadata=GENDERS)
    date_order: str = field(default=DATE_ORDERS[0], metadata=DATE_ORDER)
