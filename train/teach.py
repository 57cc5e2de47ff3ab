"""Let teachers refine the labels: a trained model's answers are calmer than labels are.

Hinton et al., "Distilling the Knowledge in a Neural Network", 2015. A teacher sees the very picture that the
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
from train.data import DataError
from train.losses import EPSILON, UNKNOWN, years
from train.models import AGE, GENDER, build_model, by_head, copy_weights, describe, features, load
from train.normalise import folded

HINT: Final = "hint"
_LEAST_MASS: Final = 0.05
_LEAST_VARIANCE: Final = 1e-4

Teacher = Callable[[Any], dict[str, Any]]
"""From model input ``(n, s, s, 1)`` to answers: "age" ``(n, 101)``, "gender" ``(n, 1)``, or one of them, and,
where it gives hints, "hint" ``(n, k)``: the features that it answers from."""


class Taught(keras.Model):
    """A network whose labels a teacher refines while it trains; it is validated with the labels alone.

    ``share`` in [0, 1] is how far answers replace labels. With a ``hint_weight``, the network's features also
    learn to foretell, by a linear layer that only training knows, those of the teacher, each column with mean
    0 and variance 1 over the batch; the mean squared error counts by that weight (after Romero et al.,
    "FitNets: Hints for Thin Deep Nets", ICLR 2015). An age and a gender say little about a picture; features
    say what else the teacher sees in it.
    """

    def __init__(
        self, network: keras.Model, teacher: Teacher, share: float, hint_weight: float = 0.0
    ) -> None:
        outputs = by_head(network, network.output)
        self._heads = list(outputs)
        if hint_weight:
            columns = teacher(ops.zeros((1, *network.input_shape[1:])))[HINT].shape[-1]
            outputs = {**outputs, HINT: layers.Dense(columns, name=HINT, dtype="float32")(features(network))}
        else:
            outputs = network.output
        super().__init__(inputs=network.input, outputs=outputs, name=network.name)
        self._teacher = teacher
        self._share = share
        self._hint_weight = hint_weight

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss of the refined labels, and of the foretold features."""
        answers = self._of_heads(y_pred)
        if not training:
            return super().compute_loss(x, y, answers, sample_weight, training)
        taught = self._teacher(x)
        y = self._of_heads(refine(by_head(self, y), taught, self._share))
        loss = super().compute_loss(x, y, answers, sample_weight, training)
        if self._hint_weight:
            mean, variance = ops.moments(taught[HINT], axes=0, keepdims=True)
            wanted = (taught[HINT] - mean) / ops.sqrt(variance + _LEAST_VARIANCE)
            loss = loss + self._hint_weight * ops.mean((y_pred[HINT] - wanted) ** 2)
        return loss

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Measures of the answers alone."""
        return super().compute_metrics(x, y, self._of_heads(y_pred), sample_weight)

    def _of_heads(self, values: Any) -> Any:
        """What belongs to the heads, without hints, as Keras wants it: of a single head plain."""
        values = by_head(self, values)
        if len(self._heads) == 1:
            return values[self._heads[0]]
        return {head: values[head] for head in self._heads}


def open_teachers(paths: Sequence[Path], needed: Sequence[str] = (), *, hints: bool = False) -> Teacher:
    """The models as one, whose answers are the mean over those that know a head.

    Its hints, if it is to give them, are the features of all, side by side, means over the places of the
    picture. They calculate in the precision of the policy that this is called under. Raises
    :class:`DataError` for a file that is no model trained here, for one that answers otherwise than with
    distributions over ages and the probability of female, and when none knows a ``needed`` head.
    """
    models: list[keras.Model] = []
    heads: set[str] = set()
    for path in paths:
        loaded = load(path)
        network = describe(loaded)
        if (AGE in network.heads and network.age_columns != AGES) or network.gender_columns != 1:
            raise DataError(
                f"{path} cannot teach: give a model trained with the losses distribution and binary."
            )
        heads.update(network.heads)
        model = build_model(network, size_px=loaded.input_shape[1])
        copy_weights([loaded], model)
        model = folded(model)
        if hints:
            model = keras.Model(
                model.input, {**by_head(model, model.output), HINT: features(model, averaged=True)}
            )
        model.trainable = False
        models.append(model)
    for head in needed:
        if head not in heads:
            raise DataError(
                f"No teacher knows {head}, so nobody tells it of blended pictures: give one that does."
            )

    def teach(x: Any) -> dict[str, Any]:
        known: dict[str, list[Any]] = {}
        for model in models:
            side = model.input_shape[1]
            picture = x if x.shape[1] == side else ops.image.resize(x, (side, side), antialias=True)
            for head, values in by_head(model, model(picture, training=False)).items():
                known.setdefault(head, []).append(ops.cast(ops.stop_gradient(values), "float32"))
        seen = known.pop(HINT, None)
        answers = {head: ops.mean(ops.stack(values), axis=0) for head, values in known.items()}
        return answers if seen is None else {**answers, HINT: ops.concatenate(seen, axis=-1)}

    return teach


def refine(labels: Mapping[str, Any], answers: Mapping[str, Any], share: float) -> dict[str, Any]:
    """Targets by head, as :mod:`train.losses` says, that follow a teacher's answers by ``share``.

    An exact age's distribution, and the age itself, are mixed with the teacher's, which mends wrong labels.
    Inside a range, about which the label says nothing, the teacher's distribution is taken, cut to the range,
    unless it sees hardly anything there. A gender is mixed, or the teacher's where it is not known.
    """
    refined = {head: ops.cast(target, "float32") for head, target in labels.items()}
    if AGE in refined and AGE in answers:
        refined[AGE] = _refined_age(refined[AGE], answers[AGE], share)
    if GENDER in refined and GENDER in answers:
        label = refined[GENDER]
        mixed = label + share * (answers[GENDER] - label)
        refined[GENDER] = ops.where(label == UNKNOWN, answers[GENDER], mixed)
    return refined


def _refined_age(target: Any, answer: Any, share: float) -> Any:
    label, ends, exact = target[:, :AGES], target[:, AGES : AGES + 2], target[:, AGES + 2 :] > 0.5
    inside = label * answer
    mass = ops.sum(inside, axis=-1, keepdims=True)
    filled = ops.where(mass > _LEAST_MASS, inside / ops.maximum(mass, EPSILON), label)
    said = years(answer)[:, None]
    return ops.concatenate(
        [
            ops.where(exact, label + share * (answer - label), filled),
            ops.where(exact, ends + share * (said - ends), ends),
            ops.cast(ops.logical_or(exact, mass > _LEAST_MASS), "float32"),
        ],
        axis=-1,
    )
