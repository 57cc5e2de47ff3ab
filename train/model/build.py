"""Networks of one trunk and one or two heads, built, recognised and loaded.

Saved files hold stock Keras layers alone, so that they load anywhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import keras
from keras import layers, ops

from agecam.vision.align import CROP_PX
from train.data.targets import AGE, HEADS
from train.errors import DataError
from train.model.architectures import ARCHITECTURES
from train.model.network import Network

_MIDDLE_YEARS: Final = 35.0
"""About the mean of common ages: what a network that predicts years starts from."""
_SPREAD_YEARS: Final = 20.0
"""About their standard deviation: what one unit of such a network's logit stands for."""
_NAME: Final = re.compile(r"([a-z]+)(?:-([\d.]+))?_(age_gender|age|gender)")
"""Names that :func:`build_model` gives: architecture, width unless it is 1, heads."""


def build_model(network: Network, *, size_px: int = CROP_PX) -> keras.Model:
    """A new network for images of one size.

    Input ``(n, size_px, size_px, 1)`` float32 in [0, 1]. Outputs float32 by head, "age" and "gender", with
    the units that ``network`` says. One head gives a plain output, several give a dictionary.
    """
    image = keras.Input((size_px, size_px, 1), name="image")
    # Light and contrast of the image are taken out inside the model, in full precision.
    x = layers.LayerNormalization(
        axis=(1, 2, 3), center=False, scale=False, dtype="float32", name="standardise"
    )(image)
    x = ARCHITECTURES[network.architecture](x, network.width)
    outputs: dict[str, Any] = {}
    for head in network.heads:
        units = network.age_units if head == AGE else network.gender_units
        features = layers.Dropout(network.dropout, name=f"{head}_dropout")(x)
        logits = layers.Dense(units, name=f"{head}_logits", dtype="float32")(features)
        outputs[head] = _output_layer(head, units)(logits)
    single = next(iter(outputs.values())) if len(outputs) == 1 else outputs
    # describe() reads the name.
    width = "" if network.width == 1 else f"-{network.width:g}"
    return keras.Model(image, single, name=f"{network.architecture}{width}_{'_'.join(network.heads)}")


def _output_layer(head: str, units: int) -> keras.Layer:
    if units > 1:
        return layers.Softmax(name=head, dtype="float32")
    if head == AGE:
        # So that a network that knows nothing yet predicts common ages.
        return layers.Rescaling(_SPREAD_YEARS, _MIDDLE_YEARS, name=head, dtype="float32")
    return layers.Activation("sigmoid", name=head, dtype="float32")


def describe(model: keras.Model) -> Network:
    """The network that a model of :func:`build_model` is, also after saving and loading.

    Raises :class:`DataError` for any other model.
    """
    match = _NAME.fullmatch(model.name)
    if match is None or match[1] not in ARCHITECTURES:
        raise DataError(f"The model {model.name!r} was not trained here: its architecture is not known.")
    heads = tuple(match[3].split("_"))
    try:
        units = {f"{head}_units": model.get_layer(head).output.shape[-1] for head in heads}
        dropout = model.get_layer(f"{heads[0]}_dropout").rate
        return Network(match[1], heads, float(match[2] or 1), dropout, **units)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DataError(f"The model {model.name!r} is not what its name says.") from error


def load_model(path: Path) -> keras.Model:
    """Read a saved model without its training state. Raises :class:`DataError` when it cannot be read."""
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:  # a damaged file raises anything
        raise DataError(f"{path} is not a Keras model that can be read.") from error


def by_head(model: keras.Model, output: Any) -> dict[str, Any]:
    """Outputs of a model by their names: a single head gives a plain output."""
    return output if isinstance(output, dict) else {model.output_names[0]: output}


def features(model: keras.Model, *, averaged: bool = False) -> Any:
    """What the heads of a model of :func:`build_model` see, ``(n, k)``; ``averaged``: means over places."""
    seen = next(layer for layer in model.layers if layer.name.removesuffix("_dropout") in HEADS).input
    if averaged:
        flattened = (layer for layer in model.layers if isinstance(layer, layers.Flatten))
        places = next((layer.input for layer in flattened if layer.output is seen), None)
        return seen if places is None else ops.mean(places, axis=(1, 2))
    return seen
