"""Weights that others trained are read, and do in our networks what they do in theirs."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from numpy.typing import NDArray
from typer.testing import CliRunner

from agecam.vision.align import to_model_input
from train.cli import app
from train.errors import DataError
from train.model.build import describe, load_model
from train.model.pretrained import from_dlib, from_faceres

BLOCKS = ((3, 32), (4, 64), (3, 128), (3, 256), (1, 256))
Layer = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


@pytest.fixture(scope="module")
def layers() -> list[Layer]:
    """Random layers of dlib's network: kernels (filters, channels, s, s), biases, factors, summands."""
    random = np.random.default_rng(0)

    def layer(channels: int, filters: int, size: int) -> Layer:
        spread = (2 / (channels * size**2)) ** 0.5
        kernel = (random.standard_normal((filters, channels, size, size)) * spread).astype(np.float32)
        bias, factor, summand = random.uniform([[-0.1], [0.2], [-0.1]], [[0.1], [0.6], [0.1]], (3, filters))
        return kernel, bias.astype(np.float32), factor.astype(np.float32), summand.astype(np.float32)

    made, channels = [layer(3, 32, 7)], 32
    for blocks, filters in BLOCKS:
        for _ in range(blocks):
            made += [layer(channels, filters, 3), layer(filters, filters, 3)]
            channels = filters
    return made


@pytest.fixture(scope="module")
def file(layers: list[Layer], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layers as dlib writes them, with other things between them."""

    def packed(number: int) -> bytes:
        size = (number.bit_length() + 7) // 8
        return bytes([size]) + number.to_bytes(size, "little")

    def tensor(values: NDArray[np.float32]) -> bytes:
        return b"".join(map(packed, (2, values.size, 1, 1, 1))) + values.astype("<f4").tobytes()

    content = b"\x01\x01\x01\rloss_metric_2\x03"
    for kernel, bias, factor, summand in layers:
        content += b"\x01\x05con_4" + tensor(np.concatenate([kernel.ravel(), bias])) + b"\x01\x20"
        content += b"\x01\x07affine_" + tensor(np.concatenate([factor, summand])) + b"\x01\x05relu_"
    path = tmp_path_factory.mktemp("dlib") / "network.dat"
    path.write_bytes(content)
    return path


def as_dlib_does(x: NDArray[np.float32], layers: list[Layer]) -> NDArray[np.float32]:
    """Features ``(n, 4, 4, 256)`` of images of red, green and blue as dlib is given them."""
    rest = iter(layers)

    def convolve(x: NDArray[np.float32], strides: int) -> NDArray[np.float32]:
        kernel, bias, factor, summand = next(rest)
        convolved = ops.conv(x, kernel.transpose(2, 3, 1, 0), strides, "same")
        return np.asarray((convolved + bias) * factor + summand)

    x = ops.max_pool(ops.relu(convolve(x, 2)), 3, 2, "same")
    for stage, (blocks, filters) in enumerate(BLOCKS[:4]):
        for block in range(blocks):
            strides = 2 if stage and not block else 1
            before = ops.average_pool(x, strides, strides) if strides > 1 else x
            before = ops.pad(before, [[0, 0]] * 3 + [[0, filters - before.shape[-1]]])
            x = ops.relu(convolve(ops.relu(convolve(x, strides)), 1) + before)
    return np.asarray(x)


def test_features_are_those_of_the_network_that_was_read(layers: list[Layer], file: Path) -> None:
    faces = np.random.default_rng(1).integers(0, 256, (4, 128, 128), dtype=np.uint8)
    model = from_dlib(file, faces)
    x = to_model_input(faces)
    features = keras.Model(model.input, model.get_layer("flatten").input)
    # Tones deviate by 1 in our network, by about 0.2 in dlib's.
    standard = keras.Model(model.input, model.get_layer("standardise").output)(x)
    expected = as_dlib_does(np.repeat(np.asarray(standard) * np.float32(0.2), 3, axis=3), layers)
    assert expected.std() > 0.01
    np.testing.assert_allclose(
        np.asarray(features(x)), expected, rtol=1e-2, atol=1e-3 * float(expected.max())
    )
    # Statistics are those of the faces: in training, a batch of them gives the same.
    np.testing.assert_allclose(
        np.asarray(features(x, training=True)), expected, rtol=1e-2, atol=1e-3 * float(expected.max())
    )


@pytest.mark.parametrize(
    "content", [b"", b"no network", b"\x01\x05con_4\x01\x02\x02\xff\xff\x01\x01\x01\x01"]
)
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.dat"
    path.write_bytes(content)
    with pytest.raises(DataError, match="not dlib's face recognition network"):
        from_dlib(path, np.zeros((2, 128, 128), np.uint8))


def test_network_to_start_from_is_saved(prepared: Path, file: Path, tmp_path: Path) -> None:
    def call(out: Path) -> str:
        result = CliRunner().invoke(app, ["from-dlib", str(file), "--data", str(prepared), "-o", str(out)])
        return result.output + str(result.exception or "")

    assert "Saved" in call(tmp_path / "runs" / "dlib.keras")
    assert describe(load_model(tmp_path / "runs" / "dlib.keras")).architecture == "dlib"
    assert "must end in .keras" in call(tmp_path / "dlib")


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        from_dlib(tmp_path / "none.dat", np.zeros((2, 128, 128), np.uint8))


FACERES_BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1),
)  # fmt: skip
"""Filters and strides."""


@pytest.fixture(scope="module")
def faceres(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, NDArray[np.float32]]]:
    """A random network of that kind as TensorFlow.js writes it, in half precision, and its weights."""
    random = np.random.default_rng(0)
    weights: dict[str, NDArray[np.float32]] = {}

    def add(name: str, *shape: int, fan_in: int) -> None:
        values = random.standard_normal(shape) * (2 / fan_in) ** 0.5
        weights[name] = values.astype(np.float16).astype(np.float32)

    add("conv1/convolution/merged_input", 3, 3, 3, 32, fan_in=27 * 10**4)
    add("conv1_bn/batchnorm_1/sub", 32, fan_in=50)
    channels = 32
    for number, (filters, _) in enumerate(FACERES_BLOCKS, start=1):
        add(f"conv_dw_{number}/depthwise_kernel", 3, 3, channels, 1, fan_in=9)
        add(f"conv_dw_{number}_bn/batchnorm_1/mul", channels, fan_in=2)
        add(f"conv_dw_{number}_bn/batchnorm_1/sub", channels, fan_in=50)
        add(f"conv_pw_{number}/convolution/merged_input", 1, 1, channels, filters, fan_in=channels)
        add(f"conv_pw_{number}_bn/batchnorm_1/sub", filters, fan_in=50)
        channels = filters
    path = tmp_path_factory.mktemp("faceres") / "network.json"
    entries = [
        {"name": name, "shape": values.shape, "dtype": "float32", "quantization": {"dtype": "float16"}}
        for name, values in weights.items()
    ]
    path.write_text(json.dumps({"weightsManifest": [{"paths": ["network.bin"], "weights": entries}]}))
    content = b"".join(values.astype("<f2").tobytes() for values in weights.values())
    path.with_suffix(".bin").write_bytes(content)
    return path, weights


def as_faceres_does(x: NDArray[np.float32], weights: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Features ``(n, 1024)`` of images of three channels, the mean tone at 0."""

    def relu6(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(ops.clip(x, 0, 6))

    stem = weights["conv1/convolution/merged_input"]
    x = relu6(ops.conv(x, stem, 2, "same") + weights["conv1_bn/batchnorm_1/sub"])
    for number, (_, strides) in enumerate(FACERES_BLOCKS, start=1):
        depth, point = f"conv_dw_{number}", f"conv_pw_{number}"
        x = ops.depthwise_conv(x, weights[f"{depth}/depthwise_kernel"], strides, "same")
        x = relu6(x * weights[f"{depth}_bn/batchnorm_1/mul"] + weights[f"{depth}_bn/batchnorm_1/sub"])
        x = ops.conv(x, weights[f"{point}/convolution/merged_input"], 1, "same")
        x = relu6(x + weights[f"{point}_bn/batchnorm_1/sub"])
    return np.asarray(ops.mean(x, axis=(1, 2)))


def test_features_are_those_of_the_network_of_faces_ages_and_genders(
    faceres: tuple[Path, dict[str, NDArray[np.float32]]],
) -> None:
    path, weights = faceres
    model = from_faceres(path)
    x = to_model_input(np.random.default_rng(1).integers(0, 256, (4, 128, 128), dtype=np.uint8))
    both = keras.Model(model.input, [model.get_layer("enlarge").output, model.get_layer("pool").output])
    enlarged, features = both(x)
    # Tones deviate by 1 in our network, by about a fifth of 255 in theirs.
    expected = as_faceres_does(np.repeat(np.asarray(enlarged) * np.float32(51), 3, axis=3), weights)
    assert enlarged.shape == (4, 192, 192, 1)
    assert expected.std() > 0.01
    np.testing.assert_allclose(np.asarray(features), expected, rtol=1e-3, atol=1e-3 * float(expected.max()))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[1]",
        '{"weightsManifest": [{"paths": [], "weights": []}]}',
        '{"weightsManifest": [{"paths": [], "weights": [1]}]}',
    ],
)
def test_another_json_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(DataError, match="not the network of faces, ages and genders"):
        from_faceres(path)


def test_missing_file_of_weights_is_told(faceres: tuple[Path, object], tmp_path: Path) -> None:
    path = tmp_path / "network.json"
    path.write_bytes(faceres[0].read_bytes())
    with pytest.raises(DataError, match=r"network\.bin cannot be read"):
        from_faceres(path)


def test_network_of_faces_ages_and_genders_is_saved(faceres: tuple[Path, object], tmp_path: Path) -> None:
    out = tmp_path / "runs" / "faceres.keras"
    result = CliRunner().invoke(app, ["from-faceres", str(faceres[0]), "-o", str(out)])
    assert "fit --architecture mobilenet --init" in result.output.replace("\n", " ")
    assert describe(load_model(out)).architecture == "mobilenet"
