"""Whether exported models may take the place of others: they agree with Keras and run in the program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.vision.calibration import AGES, predicted_age
from agecam.vision.classifier import LiteRtClassifier
from agecam.vision.keras_classifier import KerasClassifier
from train.data.targets import AGE
from train.errors import DataError
from train.evaluate.predictions import Model, predict_crops


class ParityError(DataError):
    """A LiteRT file predicts otherwise than its Keras model."""


MAX_DIFFERENCE: Final[Mapping[str, Mapping[str, float]]] = {
    "age": {"float32": 0.1, "float16": 0.1, "int8": 0.5},
    "gender": {"float32": 0.005, "float16": 0.005, "int8": 0.02},
}
"""How far the prediction for any face may be from the Keras model's: years, probability; by weights."""


def parity(
    head: str, one: Model, other: Model, crops: NDArray[np.uint8], rows: NDArray[np.int64]
) -> dict[str, float]:
    """Mean and largest difference between two models of a head over real crops ``crops[rows]``.

    In years of the predicted age, or in probability.
    """
    first, second = (_value(head, predict_crops([model], crops, rows)[head]) for model in (one, other))
    difference = np.abs(first - second)
    return {"mean": float(difference.mean()), "largest": float(difference.max())}


def check_parity(head: str, weights: str, difference: Mapping[str, float]) -> None:
    """Raise :class:`ParityError` when predictions of a LiteRT file differ too much from its Keras model's."""
    limit = MAX_DIFFERENCE[head][weights]
    if not difference["largest"] <= limit:  # nor when it is no number
        raise ParityError(
            f"{head}.tflite is up to {difference['largest']:.3f} off {head}.keras, more than {limit}: "
            "choose other weights."
        )


def check_readable(folder: Path, faces: NDArray[np.uint8]) -> None:
    """Raise :class:`DataError` unless the program reads a folder of models and they make estimates.

    ``faces`` are ``(n, 128, 128)`` uint8. Both runtimes run on them; each age must lie in its interval and
    each probability in [0, 1].
    """
    for classifier in (LiteRtClassifier, KerasClassifier):
        try:
            estimates = classifier(folder).classify(faces)
        except ModelError as error:
            raise DataError(f"AgeCam cannot run these models: {error}") from error
        for one in estimates:
            if not (0 <= one.age_low <= one.age <= one.age_high <= AGES - 1 and 0 <= one.female <= 1):
                raise DataError(f"These models make no sense of a face: {one}. Train them again.")


def _value(head: str, output: NDArray[np.float32]) -> NDArray[np.float64]:
    return predicted_age(output) if head == AGE else output.astype(np.float64)
