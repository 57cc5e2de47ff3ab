"""Trunks of the networks: from an image to a vector of features, in stock Keras layers alone.

Most average over the places of the image at last; heads on "compact", "dlib" and "plain" tell the places
apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from keras import layers

from train.model.batch_norm import batch_normalization

_RELU_LIMIT: Final = 6.0
"""Of activations (Howard et al., "MobileNets", 2017): one bright spot in an image may not coarsen the steps
of 8-bit integers, whose range is that of the largest value."""
_FILTER_MULTIPLE: Final = 8
"""Numbers of filters that processors like."""
_MOBILENET_STAGES: Final = ((1, 64), (2, 128), (2, 256), (6, 512), (2, 1024))
"""Blocks and filters of each."""


def _wide(filters: int, width: float) -> int:
    """Filters at a width."""
    return max(_FILTER_MULTIPLE, round(filters * width / _FILTER_MULTIPLE) * _FILTER_MULTIPLE)


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
    """Half as wide as ResNet-18 and with a stem for small images: 2.8 million weights, 140 million MACs."""
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

    :func:`train.model.pretrained.from_dlib` gives it that network's weights: a teacher that starts from three
    million other faces. Its activations have no limit, as there. 3.8 million weights, 240 million MACs.
    """
    x = _convolve_relu(x, _wide(32, width), 7, 2, "stem", limit=None)
    x = layers.MaxPooling2D(3, 2, "same", name="stem_pool")(x)
    x = _residual_stages(x, width, (3, 4, 3, 3), (1, 2, 2, 2), limit=None)
    return layers.Flatten(name="flatten")(x)


def _mobilenet(x: Any, width: float) -> Any:
    """MobileNet (Howard et al., 2017) on images half as large again.

    :func:`train.model.pretrained.from_faceres` gives it weights that have learnt who people are, and how old,
    from other faces, images of 224 pixels: a teacher. 3.2 million weights, 420 million MACs.
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
"""Trunks by name: from images ``(n, s, s, 1)`` and a width to features ``(n, k)``."""
