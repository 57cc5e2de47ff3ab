"""The networks that can be trained: stock Keras layers alone, so that a saved file loads anywhere.

A network is a trunk (gray square to feature vector) and one or two heads on it. The trunk is fully
convolutional and takes any size; the saved models are fixed to 128 x 128.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import keras
from keras import layers

from agecam.vision.align import CROP_PX
from agecam.vision.calibration import AGES

AGE, GENDER = "age", "gender"
HEADS: Final = (AGE, GENDER)


def build_model(
    architecture: str, heads: Sequence[str] = HEADS, *, size_px: int | None = None, dropout: float = 0.2
) -> keras.Model:
    """A new network of one of the :data:`ARCHITECTURES`.

    Input ``(n, size_px, size_px, 1)`` float32 in [0, 1]; any size when ``size_px`` is ``None``. Outputs,
    float32, by head: "age" ``(n, 101)`` probabilities of the ages 0 to 100, "gender" ``(n, 1)`` probability
    of female. One head gives a plain output, several give a dictionary.
    """
    picture = keras.Input((size_px, size_px, 1), name="picture")
    # Light and contrast of the picture are taken out inside the model, in full precision.
    x = layers.LayerNormalization(
        axis=(1, 2, 3), center=False, scale=False, dtype="float32", name="standardise"
    )(picture)
    x = ARCHITECTURES[architecture](x)
    outputs: dict[str, Any] = {}
    for head in heads:
        features = layers.Dropout(dropout, name=f"{head}_dropout")(x)
        if head == AGE:
            logits = layers.Dense(AGES, name="age_logits", dtype="float32")(features)
            outputs[AGE] = layers.Softmax(name=AGE, dtype="float32")(logits)
        else:
            logits = layers.Dense(1, name="gender_logits", dtype="float32")(features)
            outputs[GENDER] = layers.Activation("sigmoid", name=GENDER, dtype="float32")(logits)
    single = next(iter(outputs.values())) if len(outputs) == 1 else outputs
    return keras.Model(picture, single, name=f"{architecture}_{'_'.join(heads)}")


def copy_weights(source: keras.Model, target: keras.Model) -> list[str]:
    """Copy the weights of all layers that both models have by name; returns the names that were copied.

    Raises :class:`ValueError` when layers of one name have different shapes.
    """
    theirs = {layer.name: layer for layer in source.layers}
    copied = []
    for layer in target.layers:
        if layer.weights and layer.name in theirs:
            layer.set_weights(theirs[layer.name].get_weights())
            copied.append(layer.name)
    return copied


def single_head(model: keras.Model, architecture: str, head: str) -> keras.Model:
    """The shipped form of one head: fixed 128 x 128 input, float32, no optimizer.

    Call it under the float32 policy.
    """
    shipped = build_model(architecture, (head,), size_px=CROP_PX)
    copy_weights(model, shipped)
    return shipped


def _convolve(x: Any, filters: int, size: int, strides: int, name: str) -> Any:
    x = layers.Conv2D(
        filters, size, strides, "same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
    )(x)
    return layers.BatchNormalization(momentum=0.97, name=f"{name}_norm")(x)


def _residual_block(x: Any, filters: int, strides: int, name: str) -> Any:
    """Basic block of He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.

    The shortcut averages before its 1 x 1 convolution (ResNet-D of He et al., "Bag of Tricks for Image
    Classification", CVPR 2019).
    """
    shortcut = x
    if strides > 1 or x.shape[-1] != filters:
        if strides > 1:
            shortcut = layers.AveragePooling2D(strides, padding="same", name=f"{name}_shortcut_pool")(
                shortcut
            )
        shortcut = _convolve(shortcut, filters, 1, 1, f"{name}_shortcut")
    x = layers.ReLU(name=f"{name}_1_relu")(_convolve(x, filters, 3, strides, f"{name}_1"))
    x = _convolve(x, filters, 3, 1, f"{name}_2")
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, shortcut]))


def _resnet(x: Any, widths: Sequence[int] = (32, 64, 128, 256), depth: int = 2) -> Any:
    x = layers.ReLU(name="stem_relu")(_convolve(x, widths[0], 5, 2, "stem"))
    for stage, filters in enumerate(widths, start=1):
        for block in range(1, depth + 1):
            x = _residual_block(x, filters, 2 if block == 1 else 1, f"stage{stage}_block{block}")
    return layers.GlobalAveragePooling2D(name="pool")(x)


def _plain(x: Any, widths: Sequence[int] = (32, 64, 128, 256)) -> Any:
    """A textbook network to compare with: convolution, normalisation, pooling, four times."""
    for stage, filters in enumerate(widths, start=1):
        x = layers.ReLU(name=f"stage{stage}_relu")(_convolve(x, filters, 3, 1, f"stage{stage}"))
        x = layers.MaxPooling2D(name=f"stage{stage}_pool")(x)
    return layers.GlobalAveragePooling2D(name="pool")(x)


ARCHITECTURES: Final[dict[str, Callable[[Any], Any]]] = {"resnet": _resnet, "plain": _plain}
"""Trunks by name; "resnet" is the one that ships."""
