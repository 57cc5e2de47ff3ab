"""One LiteRT model serves batches of any size, and refuses what it cannot run."""

import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from agecam.errors import ModelError
from agecam.paths import models_dir
from agecam.vision.face_network import SHORT_RANGE
from agecam.vision.litert import Floats, LiteRtModel


@pytest.fixture(scope="module")
def content() -> bytes:
    return (models_dir() / "age.tflite").read_bytes()


def test_shapes_are_those_of_one_face(content: bytes) -> None:
    model = LiteRtModel(content)
    assert model.input_shape == (128, 128, 1)
    assert model.output_shape == (101,)


def test_predictions_do_not_depend_on_the_size_of_the_batch(content: bytes) -> None:
    faces = np.random.default_rng(0).random((5, 128, 128, 1), np.float32)
    model = LiteRtModel(content, threads=2)
    alone = np.concatenate([model.run(face[None]) for face in faces])
    np.testing.assert_allclose(alone.sum(axis=1), 1, atol=1e-4)
    for size in (1, 17, 2, 5):
        many = np.resize(faces, (size, 128, 128, 1))
        expected = np.resize(alone, (size, 101))
        np.testing.assert_allclose(model.run(many), expected, atol=1e-4)


def test_predictions_outlive_the_next_run(content: bytes) -> None:
    model = LiteRtModel(content)
    dark, bright = (
        np.zeros((1, 128, 128, 1), np.float32),
        np.random.default_rng(0).random((1, 128, 128, 1), np.float32),
    )
    first = model.run(dark)
    kept = first.copy()
    model.run(bright)
    np.testing.assert_array_equal(first, kept)


def test_a_network_of_two_outputs_gives_both_in_the_order_of_its_file() -> None:
    model = LiteRtModel((models_dir() / SHORT_RANGE).read_bytes())
    assert model.output_shapes == ((896, 16), (896, 1))
    images = np.random.default_rng(0).random((1, *model.input_shape), np.float32)
    values, logits = model.run_all(images)
    assert (values.shape, logits.shape) == ((1, 896, 16), (1, 896, 1))
    np.testing.assert_array_equal(model.run(images), values)
    assert [output.shape for output in model.run_all(images[:0])] == [(0, 896, 16), (0, 896, 1)]


def test_an_image_written_in_place_has_the_outputs_of_one_that_is_copied() -> None:
    model = LiteRtModel((models_dir() / SHORT_RANGE).read_bytes())
    images = np.random.default_rng(0).random((3, *model.input_shape), np.float32)
    expected = [model.run_all(image[np.newaxis]) for image in images]
    model.run_all(images[:2])  # another size of batch in between
    before = replace(model.usage)

    def write(image: Floats, model_input: Floats) -> None:
        model_input[:] = image

    for image, outputs in zip(images, expected, strict=True):
        values, logits = model.run_in_place(partial(write, image), lambda there: tuple(map(np.copy, there)))
        np.testing.assert_allclose(values, outputs[0][0], atol=1e-4)
        np.testing.assert_allclose(logits, outputs[1][0], atol=1e-4)
    assert (model.usage.runs - before.runs, model.usage.images - before.images) == (3, 3)
    assert model.usage.preprocessing_ms > before.preprocessing_ms
    assert model.usage.postprocessing_ms > before.postprocessing_ms


def test_runs_again_while_an_error_of_its_caller_is_kept() -> None:
    model = LiteRtModel((models_dir() / SHORT_RANGE).read_bytes())

    def write(model_input: Floats) -> None:
        model_input[:] = 0.5

    def fail_to_write(model_input: Floats) -> None:
        raise OverflowError(model_input.size)

    def fail_to_read(outputs: tuple[Floats, ...]) -> None:
        raise OverflowError(len(outputs))

    expected = model.run_in_place(write, lambda there: there[1].copy())
    with pytest.raises(OverflowError) as first:
        model.run_in_place(fail_to_write, len)
    with pytest.raises(OverflowError) as second:
        model.run_in_place(write, fail_to_read)
    assert np.array_equal(model.run_in_place(write, lambda there: there[1].copy()), expected)
    assert first.value.args == (128 * 128 * 3,)
    assert second.value.args == (2,)


def test_a_run_waits_for_a_profiler_that_holds_its_input_for_a_moment(content: bytes) -> None:
    model, held = LiteRtModel(content), list[Floats]()
    letting_go = threading.Timer(0.05, held.clear)

    def write(model_input: Floats) -> None:
        model_input[:] = 0
        held.append(model_input)
        letting_go.start()

    ages = model.run_in_place(write, lambda there: there[0].copy())
    letting_go.join()
    assert ages.sum() == pytest.approx(1, abs=1e-4)


def test_no_faces_give_no_predictions(content: bytes) -> None:
    assert LiteRtModel(content).run(np.empty((0, 128, 128, 1), np.float32)).shape == (0, 101)


@pytest.mark.parametrize("length", [0, 100, 20_000])
def test_file_that_is_cut_off_is_refused(content: bytes, length: int) -> None:
    with pytest.raises(ModelError, match="not a LiteRT model"):
        LiteRtModel(content[:length])


def test_input_of_another_size_is_refused(content: bytes) -> None:
    model = LiteRtModel(content)
    with pytest.raises(ModelError, match=r"\(128, 128, 1\), not \(64, 64, 1\)"):
        model.run(np.zeros((1, 64, 64, 1), np.float32))
    assert model.run(np.zeros((1, 128, 128, 1), np.float32)).shape == (1, 101)
