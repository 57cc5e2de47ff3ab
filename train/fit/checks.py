"""Settings that make no sense are told before anything is read or written."""

from __future__ import annotations

import importlib.util

from train.data.targets import HEADS, Emphasis
from train.errors import DataError
from train.fit.config import AGE_LOSSES, GENDER_LOSSES, OPTIMIZERS, PRECISIONS, TRACKERS, FitConfig
from train.model.network import ARCHITECTURE_NAMES


def check_settings(config: FitConfig) -> None:
    """Raises :class:`DataError` for a configuration that cannot be trained."""
    for what, value, choices in (
        ("architecture", config.architecture, ARCHITECTURE_NAMES),
        ("age loss", config.age_loss, AGE_LOSSES),
        ("gender loss", config.gender_loss, GENDER_LOSSES),
        ("optimizer", config.optimizer, OPTIMIZERS),
        ("precision", config.precision, PRECISIONS),
    ):
        if value not in choices:
            raise DataError(f"There is no {what} {value!r}: choose {', '.join(choices)}.")
    if not config.heads or not set(config.heads) <= set(HEADS):
        raise DataError(f"A model can learn {' and '.join(HEADS)}, not {', '.join(config.heads)}.")
    for emphasis in config.emphasize:
        try:
            Emphasis.parse(emphasis)
        except ValueError as error:
            raise DataError(str(error)) from None
    if config.mixup and not config.teachers:
        raise DataError("Mixed images have no labels: give a teacher, which predicts them.")
    if config.hint_weight and not config.teachers:
        raise DataError("Hints come from teachers: give a teacher.")
    if config.batch_size % config.devices:
        raise DataError(
            f"{config.devices} devices cannot share a batch of {config.batch_size} evenly: give a multiple."
        )
    for tracker in config.track:
        if tracker not in TRACKERS:
            raise DataError(f"Nothing logs under the name {tracker!r}: choose {', '.join(TRACKERS)}.")
        _check_installed(tracker, TRACKERS[tracker], f"--track {tracker}")
    if config.tensorboard:
        _check_installed("tensorboard", "TensorBoard", "--tensorboard")


def _check_installed(package: str, name: str, option: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise DataError(f"{name} is not installed: install `{package}`, or train without {option}.")
