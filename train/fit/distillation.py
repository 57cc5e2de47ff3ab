"""Distillation: teachers refine the labels, since predictions of a trained model are less noisy than labels.

Hinton et al., "Distilling the Knowledge in a Neural Network", 2015. A teacher sees the very image that the
student sees, changed at random as it is (Beyer et al., "Knowledge distillation: A good teacher is patient and
consistent", CVPR 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import keras
from keras import layers, ops

from agecam.vision.calibration import AGES
from train.data.targets import AGE, GENDER, UNKNOWN_GENDER
from train.errors import DataError
from train.model.batch_norm import fold_batch_norm
from train.model.build import build_model, by_head, describe, features, load_model
from train.model.losses import EPSILON, expected_age
from train.model.network import Network
from train.model.weights import copy_weights

HINT: Final = "hint"
_MIN_MASS: Final = 0.05
"""Probability that a teacher must see in a labelled range to be followed inside it."""
_MIN_VARIANCE: Final = 1e-4
"""Added to the variance of hints before they are divided by its root."""

Teacher = Callable[[Any], dict[str, Any]]
"""From model input ``(n, s, s, 1)`` to predictions: "age" ``(n, 101)``, "gender" ``(n, 1)``, or one of them,
and, where it gives hints, "hint" ``(n, k)``: the features that it predicts from."""


class Distiller(keras.Model):
    """A student whose labels a teacher refines while it trains; it is validated with the labels alone.

    ``distill_weight`` in [0, 1] is how far predictions replace labels. With a ``hint_weight``, the student's
    features also learn to predict, by a linear layer that only training knows, those of the teacher, each
    unit with mean 0 and variance 1 over the batch; the mean squared error counts by that weight (after Romero
    et al., "FitNets: Hints for Thin Deep Nets", ICLR 2015). An age and a gender say little about an image;
    features say what else the teacher sees in it.
    """

    def __init__(
        self, student: keras.Model, teacher: Teacher, distill_weight: float, hint_weight: float = 0.0
    ) -> None:
        outputs = by_head(student, student.output)
        self._heads = list(outputs)
        if hint_weight:
            units = teacher(ops.zeros((1, *student.input_shape[1:])))[HINT].shape[-1]
            outputs = {**outputs, HINT: layers.Dense(units, name=HINT, dtype="float32")(features(student))}
        else:
            outputs = student.output
        super().__init__(inputs=student.input, outputs=outputs, name=student.name)
        self._teacher = teacher
        self._distill_weight = distill_weight
        self._hint_weight = hint_weight

    def taught_heads(self) -> tuple[str, ...]:
        """Heads that the teacher knows: it labels what has no label for them."""
        predictions = self._teacher(ops.zeros((1, *self.input_shape[1:])))
        return tuple(head for head in self._heads if head in predictions)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss against the refined labels, and between the features."""
        predictions = self._of_heads(y_pred)
        if not training:
            return super().compute_loss(x, y, predictions, sample_weight, training)
        teacher = self._teacher(x)
        y = self._of_heads(refine(by_head(self, y), teacher, self._distill_weight))
        loss = super().compute_loss(x, y, predictions, sample_weight, training)
        if self._hint_weight:
            mean, variance = ops.moments(teacher[HINT], axes=0, keepdims=True)
            target = (teacher[HINT] - mean) / ops.sqrt(variance + _MIN_VARIANCE)
            loss = loss + self._hint_weight * ops.mean((y_pred[HINT] - target) ** 2)
        return loss

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Metrics of the predictions alone, without hints."""
        return super().compute_metrics(x, y, self._of_heads(y_pred), sample_weight)

    def _of_heads(self, values: Any) -> Any:
        """What belongs to the heads, without hints, as Keras wants it: of a single head plain."""
        values = by_head(self, values)
        if len(self._heads) == 1:
            return values[self._heads[0]]
        return {head: values[head] for head in self._heads}


def load_teachers(paths: Sequence[Path], needed: Sequence[str] = (), *, hints: bool = False) -> Teacher:
    """The models as one, whose predictions are the mean over those that know a head.

    Its hints, if it is to give them, are the features of all, side by side, means over the places of the
    image. They calculate in the precision of the policy that this is called under. Raises
    :class:`DataError` for a file that is no model trained here, for one that predicts otherwise than by
    distributions over ages and the probability of female, and when none knows a ``needed`` head.
    """
    models: list[keras.Model] = []
    heads: set[str] = set()
    for path in paths:
        model, network = _load_teacher(path)
        heads.update(network.heads)
        if hints:
            model = keras.Model(
                model.input, {**by_head(model, model.output), HINT: features(model, averaged=True)}
            )
        model.trainable = False
        models.append(model)
    for head in needed:
        if head not in heads:
            raise DataError(f"No teacher knows {head}, so mixed images get no label: give one that does.")

    def predict(x: Any) -> dict[str, Any]:
        known: dict[str, list[Any]] = {}
        for model in models:
            side = model.input_shape[1]
            images = x if x.shape[1] == side else ops.image.resize(x, (side, side), antialias=True)
            for head, values in by_head(model, model(images, training=False)).items():
                known.setdefault(head, []).append(ops.cast(ops.stop_gradient(values), "float32"))
        hints = known.pop(HINT, None)
        predictions = {head: ops.mean(ops.stack(values), axis=0) for head, values in known.items()}
        return predictions if hints is None else {**predictions, HINT: ops.concatenate(hints, axis=-1)}

    return predict


def _load_teacher(path: Path) -> tuple[keras.Model, Network]:
    """A model in the precision of the policy, without normalisations, and what it is."""
    loaded = load_model(path)
    network = describe(loaded)
    if (AGE in network.heads and network.age_units != AGES) or network.gender_units != 1:
        raise DataError(
            f"{path} cannot be a teacher: give a model trained with the losses distribution and binary."
        )
    model = build_model(network, size_px=loaded.input_shape[1])
    copy_weights([loaded], model)
    return fold_batch_norm(model), network


def refine(labels: Mapping[str, Any], predictions: Mapping[str, Any], weight: float) -> dict[str, Any]:
    """Targets by head, as :mod:`train.data.targets` says, that follow a teacher by ``weight`` in [0, 1].

    An exact age's distribution, and the age itself, are mixed with the teacher's, which corrects wrong
    labels. Inside a range, about which the label says nothing, the teacher's distribution is taken, cut to
    the range, unless it sees hardly anything there. A gender is mixed, or the teacher's where it is not
    known.
    """
    refined = {head: ops.cast(target, "float32") for head, target in labels.items()}
    if AGE in refined and AGE in predictions:
        refined[AGE] = _refined_age(refined[AGE], predictions[AGE], weight)
    if GENDER in refined and GENDER in predictions:
        label = refined[GENDER]
        mixed = label + weight * (predictions[GENDER] - label)
        refined[GENDER] = ops.where(label == UNKNOWN_GENDER, predictions[GENDER], mixed)
    return refined


def _refined_age(target: Any, predicted: Any, weight: float) -> Any:
    label, ends, exact = target[:, :AGES], target[:, AGES : AGES + 2], target[:, AGES + 2 :] > 0.5
    inside = label * predicted
    mass = ops.sum(inside, axis=-1, keepdims=True)
    filled = ops.where(mass > _MIN_MASS, inside / ops.maximum(mass, EPSILON), label)
    age = expected_age(predicted)[:, None]
    return ops.concatenate(
        [
            ops.where(exact, label + weight * (predicted - label), filled),
            ops.where(exact, ends + weight * (age - ends), ends),
            ops.cast(ops.logical_or(exact, mass > _MIN_MASS), "float32"),
        ],
        axis=-1,
    )
