"""The networks that can be trained: saved files hold stock Keras layers alone, so that they load anywhere.

A network is a trunk (gray square to feature vector) and one or two heads on it. Most trunks average over the
places of the picture at last; heads on "compact" and "plain" tell the places apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from agecam.vision.align import CROP_PX
from agecam.vision.calibration import AGES
from train.data import DataError
from train.normalise import batch_normalization

AGE, GENDER = "age", "gender"
HEADS: Final = (AGE, GENDER)

_RELU_LIMIT: Final = 6.0
"""Of activations (Howard et al., "MobileNets", 2017): one bright spot in a picture may not coarsen the steps
of 8-bit integers, whose range is that of the largest value."""
_MIDDLE_YEARS: Final = 35.0
_SPREAD_YEARS: Final = 20.0
_MOBILENET_STAGES: Final = ((1, 64), (2, 128), (2, 256), (6, 512), (2, 1024))
"""Blocks and filters of each."""
_NAME: Final = re.compile(r"([a-z]+)(?:-([\d.]+))?_(age_gender|age|gender)")


@dataclass(frozen=True, slots=True)
class Network:
    """All that decides the layers of a network but the size of its pictures.

    ``architecture`` is one of the :data:`ARCHITECTURES`, ``width`` multiplies its filters. ``age_columns`` is
    101 for a distribution over the ages 0 to 100, 1 for the age in years; ``gender_columns`` is 1 for the
    probability of female, 2 for a softmax over male and female. What ships has 101 and 1.
    """

    architecture: str = "compact"
    heads: tuple[str, ...] = HEADS
    width: float = 1.0
    dropout: float = 0.2
    age_columns: int = AGES
    gender_columns: int = 1


def build_model(network: Network, *, size_px: int = CROP_PX) -> keras.Model:
    """A new network for pictures of one size.

    Input ``(n, size_px, size_px, 1)`` float32 in [0, 1]. Outputs float32 by head, "age" and "gender", with
    the columns that ``network`` says. One head gives a plain output, several give a dictionary.
    """
    picture = keras.Input((size_px, size_px, 1), name="picture")
    # Light and contrast of the picture are taken out inside the model, in full precision.
    x = layers.LayerNormalization(
        axis=(1, 2, 3), center=False, scale=False, dtype="float32", name="standardise"
    )(picture)
    x = ARCHITECTURES[network.architecture](x, network.width)
    outputs: dict[str, Any] = {}
    for head in network.heads:
        columns = network.age_columns if head == AGE else network.gender_columns
        features = layers.Dropout(network.dropout, name=f"{head}_dropout")(x)
        logits = layers.Dense(columns, name=f"{head}_logits", dtype="float32")(features)
        outputs[head] = _answer_layer(head, columns)(logits)
    single = next(iter(outputs.values())) if len(outputs) == 1 else outputs
    # describe() reads the name.
    width = "" if network.width == 1 else f"-{network.width:g}"
    return keras.Model(picture, single, name=f"{network.architecture}{width}_{'_'.join(network.heads)}")


def _answer_layer(head: str, columns: int) -> keras.Layer:
    if columns > 1:
        return layers.Softmax(name=head, dtype="float32")
    if head == AGE:
        # So that a network that knows nothing yet answers with common ages.
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
    columns = {f"{head}_columns": model.get_layer(head).output.shape[-1] for head in heads}
    dropout = model.get_layer(f"{heads[0]}_dropout").rate
    return Network(match[1], heads, float(match[2] or 1), dropout, **columns)


def load(path: Path) -> keras.Model:
    """Read a saved model without its training state. Raises :class:`DataError` when it cannot be read."""
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not a Keras model that can be read.") from error


def by_head(model: keras.Model, output: Any) -> dict[str, Any]:
    """What a model answers, by the names of its outputs: a single head gives a plain output."""
    return output if isinstance(output, dict) else {model.output_names[0]: output}


def features(model: keras.Model, *, averaged: bool = False) -> Any:
    """What the heads of a model of :func:`build_model` see, ``(n, k)``; ``averaged``: means over places."""
    seen = next(layer for layer in model.layers if layer.name.removesuffix("_dropout") in HEADS).input
    if averaged:
        flattened = (layer for layer in model.layers if isinstance(layer, layers.Flatten))
        places = next((layer.input for layer in flattened if layer.output is seen), None)
        return seen if places is None else ops.mean(places, axis=(1, 2))
    return seen


def copy_weights(sources: Sequence[keras.Model], target: keras.Model) -> list[str]:
    """Copy the weights of all layers that models have in common by name; returns the names that were copied.

    Of layers that several sources have, the mean is taken: right for models that were trained on from one
    and the same (Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves
    accuracy without increasing inference time", ICML 2022). The models may be for pictures of different
    sizes. Raises :class:`DataError` when several are not of one architecture and width, and when layers of
    one name have different shapes.
    """
    if len(sources) > 1 and len({(one.architecture, one.width) for one in map(describe, sources)}) > 1:
        raise DataError("Weights can be averaged over models of one architecture and width alone.")
    known = [({layer.name: layer for layer in source.layers}, _map_side(source)) for source in sources]
    side = _map_side(target)
    copied = []
    for layer in target.layers:
        if not layer.weights:
            continue
        theirs = [
            _fitted(named[layer.name].get_weights(), layer, side_before, side)
            for named, side_before in known
            if layer.name in named
        ]
        if not theirs:
            continue
        shapes = [tuple(weight.shape) for weight in layer.weights]
        if any([weight.shape for weight in weights] != shapes for weights in theirs):
            raise DataError(
                f"The weights for {target.name} do not fit: layer {layer.name} differs. "
                "Give all models the same architecture and width."
            )
        layer.set_weights([np.mean(weights, axis=0) for weights in zip(*theirs, strict=True)])
        copied.append(layer.name)
    return copied


def _fitted(
    weights: list[NDArray[np.float32]], layer: keras.Layer, side: int, side_now: int
) -> list[NDArray[np.float32]]:
    """The weights of a dense layer on ``side`` x ``side`` places, for one on ``side_now`` x ``side_now``.

    Each new place gets its share of the weights of the places where it lies; from an average, which is one
    place, the answers stay the same. Other weights are handed through.
    """
    kernel = weights[0]
    channels, rest = divmod(kernel.shape[0], side**2)
    if side == side_now or not isinstance(layer, layers.Dense) or rest:
        return weights
    if layer.weights[0].shape != (side_now**2 * channels, kernel.shape[1]):
        return weights
    places = kernel.reshape(1, side, side, channels * kernel.shape[1])
    resized = keras.ops.image.resize(places, (side_now, side_now)) * (side / side_now) ** 2
    return [keras.ops.convert_to_numpy(resized).reshape(-1, kernel.shape[1]), *weights[1:]]


def _map_side(model: keras.Model) -> int:
    """How many places across its heads tell apart."""
    flattened = (layer for layer in model.layers if isinstance(layer, layers.Flatten))
    return next((layer.input.shape[1] for layer in flattened), 1)


def single_head(models: Sequence[keras.Model], head: str) -> keras.Model:
    """The shipped form of one head: fixed 128 x 128 input, float32, no optimizer.

    Of several models the mean of their weights. Call it under the float32 policy. Raises :class:`DataError`
    when none of them has learnt that head, and as :func:`copy_weights` does.
    """
    networks = [describe(model) for model in models]
    network = next((one for one in networks if head in one.heads), None)
    if network is None:
        raise DataError(f"No model given for {head} has learnt it: give one that has.")
    shipped = build_model(replace(network, heads=(head,)))
    copy_weights(models, shipped)
    return shipped


def _wide(filters: int, width: float) -> int:
    """Filters at a width, in eights, as processors like them."""
    return max(8, round(filters * width / 8) * 8)


def _convolve(x: Any, filters: int, size: int, strides: int, name: str) -> Any:
    x = layers.Conv2D(
        filters, size, strides, "same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
    )(x)
    return batch_normalization(f"{name}_norm")(x)


def _convolve_relu(
    x: Any, filters: int, size: int, strides: int, name: str, limit: float | None = _RELU_LIMIT
) -> Any:
    return layers.ReLU(limit, name=f"{name}_relu")(_convolve(x, filters, size, strides, name))


def _residual_block(x: Any, filters: int, strides: int, name: str, limit: float | None = _RELU_LIMIT) -> Any:
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
    x = _convolve(_convolve_relu(x, filters, 3, strides, f"{name}_1", limit), filters, 3, 1, f"{name}_2")
    return layers.ReLU(limit, name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, shortcut]))


def _residual_stages(
    x: Any, width: float, blocks: Sequence[int], strides: Sequence[int], limit: float | None = _RELU_LIMIT
) -> Any:
    """Four stages, each of so many blocks, the first of them with such a stride."""
    for stage, filters in enumerate((32, 64, 128, 256)):
        for block in range(blocks[stage]):
            name = f"stage{stage + 1}_block{block + 1}"
            x = _residual_block(x, _wide(filters, width), 1 if block else strides[stage], name, limit)
    return x


def _residual_trunk(x: Any, width: float, stem_size: int, stem_strides: int) -> Any:
    x = _convolve_relu(x, _wide(32, width), stem_size, stem_strides, "stem")
    return _residual_stages(x, width, (2, 2, 2, 2), (2, 2, 2, 2))


def _resnet(x: Any, width: float) -> Any:
    """Half as wide as ResNet-18 and with a stem for small pictures: 2.8 million weights, 140 million MACs."""
    return layers.GlobalAveragePooling2D(name="pool")(_residual_trunk(x, width, 5, 2))


def _compact(x: Any, width: float) -> Any:
    """The same behind a stem of stride 3: it sees all pixels, what follows works on two thirds of them.

    The heads see the 3 x 3 places apart: faces are aligned, and what is at the mouth means something else
    than at the forehead (an average would be blind to it; Deng et al., "ArcFace", CVPR 2019, compare both).
    3 million weights, 76 million MACs; 0.57 ms a face where "resnet" takes 0.96 (LiteRT, int8 weights, batch
    of 8, one core).
    """
    return layers.Flatten(name="flatten")(_residual_trunk(x, width, 7, 3))


def _dlib(x: Any, width: float) -> Any:
    """The residual network that dlib tells people apart with, as far as its last 256 filters.

    :func:`train.pretrained.from_dlib` gives it that network's weights: a teacher that starts from three
    million other faces. Its activations have no limit, as there. 3.8 million weights, 240 million MACs.
    """
    x = _convolve_relu(x, _wide(32, width), 7, 2, "stem", limit=None)
    x = layers.MaxPooling2D(3, 2, "same", name="stem_pool")(x)
    x = _residual_stages(x, width, (3, 4, 3, 3), (1, 2, 2, 2), limit=None)
    return layers.Flatten(name="flatten")(x)


def _mobilenet(x: Any, width: float) -> Any:
    """MobileNet (Howard et al., 2017) on pictures half as large again.

    :func:`train.pretrained.from_faceres` gives it weights that have learnt who people are, and how old, from
    other faces, pictures of 224 pixels: a teacher. 3.2 million weights, 420 million MACs.
    """
    side = x.shape[1] * 3 // 2
    x = layers.Resizing(side, side, name="enlarge")(x)
    x = _activate(layers.Conv2D(_wide(32, width), 3, 2, "same", name="stem_conv")(x), "stem")
    for stage, (blocks, filters) in enumerate(_MOBILENET_STAGES, start=1):
        for block in range(blocks):
            name = f"stage{stage}_block{block + 1}"
            strides = 2 if stage > 1 and not block else 1
            depth, point = f"{name}_depth", f"{name}_point"
            x = _activate(layers.DepthwiseConv2D(3, strides, "same", name=f"{depth}_conv")(x), depth)
            x = _activate(layers.Conv2D(_wide(filters, width), 1, name=f"{point}_conv")(x), point)
    return layers.GlobalAveragePooling2D(name="pool")(x)


def _activate(x: Any, name: str) -> Any:
    return layers.ReLU(_RELU_LIMIT, name=f"{name}_relu")(x)


def _plain(x: Any, width: float) -> Any:
    """The textbook network: convolution and max-pooling four times, flattened, dense, dropout."""
    for stage, filters in enumerate((32, 64, 128, 128), start=1):
        x = layers.Conv2D(_wide(filters, width), 3, 1, "same", activation="relu", name=f"stage{stage}_conv")(
            x
        )
        x = layers.MaxPooling2D(name=f"stage{stage}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(_wide(256, width), activation="relu", name="dense")(x)
    return layers.Dropout(0.5, name="dense_dropout")(x)


def _vgg(x: Any, width: float) -> Any:
    """Pairs of 3 x 3 convolutions between poolings, after Simonyan and Zisserman, ICLR 2015.

    With batch normalisation, a quarter of the width, and averages instead of the dense layers.
    """
    for stage, filters in enumerate((16, 32, 64, 128, 256), start=1):
        for layer in (1, 2):
            x = _convolve_relu(x, _wide(filters, width), 3, 1, f"stage{stage}_{layer}")
        x = layers.MaxPooling2D(name=f"stage{stage}_pool")(x)
    return layers.GlobalAveragePooling2D(name="pool")(x)


def _inception_block(x: Any, filters: int, name: str) -> Any:
    """Four branches of a quarter of the filters each: 1 x 1, 3 x 3, two 3 x 3 (for 5 x 5), pooling.

    After Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.
    """
    quarter = filters // 4
    one = _convolve_relu(x, quarter, 1, 1, f"{name}_one")
    three = _convolve_relu(x, quarter, 1, 1, f"{name}_three_in")
    three = _convolve_relu(three, quarter, 3, 1, f"{name}_three")
    five = _convolve_relu(x, quarter, 1, 1, f"{name}_five_in")
    five = _convolve_relu(five, quarter, 3, 1, f"{name}_five_1")
    five = _convolve_relu(five, quarter, 3, 1, f"{name}_five_2")
    pooled = layers.AveragePooling2D(3, 1, "same", name=f"{name}_average")(x)
    pooled = _convolve_relu(pooled, quarter, 1, 1, f"{name}_pooled")
    return layers.Concatenate(name=f"{name}_join")([one, three, five, pooled])


def _inception(x: Any, width: float) -> Any:
    x = _convolve_relu(x, _wide(32, width), 5, 2, "stem")
    for stage, filters in enumerate((96, 192, 384, 512), start=1):
        x = layers.MaxPooling2D(3, 2, "same", name=f"stage{stage}_pool")(x)
        for block in (1, 2):
            x = _inception_block(x, _wide(filters, width), f"stage{stage}_block{block}")
    return layers.GlobalAveragePooling2D(name="pool")(x)


ARCHITECTURES: Final[dict[str, Callable[[Any, float], Any]]] = {
    "compact": _compact,
    "resnet": _resnet,
    "dlib": _dlib,
    "mobilenet": _mobilenet,
    "inception": _inception,
    "vgg": _vgg,
    "plain": _plain,
}
"""Trunks by name; "compact" is the one that ships."""
