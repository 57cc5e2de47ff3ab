"""Weights go over by name, of several models the mean, and what does not fit is refused."""

from dataclasses import replace

import numpy as np
import pytest

from train.data.targets import HEADS
from train.errors import DataError
from train.model.build import build_model, by_head, describe
from train.model.network import Network
from train.model.weights import copy_weights, single_head, widen


def test_weights_go_over_by_name() -> None:
    both, age = (build_model(Network("plain", heads, 0.25), size_px=48) for heads in (HEADS, ("age",)))
    copied = copy_weights([both], age)
    assert "age_logits" in copied
    assert "gender_logits" not in copied
    np.testing.assert_array_equal(age.get_layer("stage1_conv").kernel, both.get_layer("stage1_conv").kernel)


def test_of_several_models_the_mean_weights_go_over() -> None:
    both, age, gender = (
        build_model(Network("plain", heads, 0.25), size_px=48) for heads in (HEADS, ("age",), ("gender",))
    )
    copied = copy_weights([age, gender], both)
    assert {"age_logits", "gender_logits"} <= set(copied)
    one, other, mean = (np.asarray(model.get_layer("stage1_conv").kernel) for model in (age, gender, both))
    np.testing.assert_allclose(mean, (one + other) / 2, atol=1e-6)
    np.testing.assert_array_equal(both.get_layer("age_logits").kernel, age.get_layer("age_logits").kernel)


@pytest.mark.parametrize("architecture", ["compact", "resnet"])
def test_a_widened_network_predicts_what_the_narrow_one_does(architecture: str) -> None:
    narrow = build_model(Network(architecture, HEADS, 0.25), size_px=48)
    images = np.random.default_rng(0).random((4, 48, 48, 1), np.float32)
    wide = widen(narrow, 0.5)
    assert describe(wide).width == 0.5
    before, after = (by_head(model, model.predict(images, verbose=0)) for model in (narrow, wide))
    for head in HEADS:
        np.testing.assert_allclose(after[head], before[head], rtol=0.1, atol=0.01)
    # The copies differ, or they would learn the same for ever.
    kernel = np.asarray(wide.get_layer("stem_conv").kernel)
    assert len(np.unique(kernel[0, 0, 0].round(6))) == kernel.shape[-1]


def test_only_networks_that_become_wider_are_widened() -> None:
    with pytest.raises(DataError, match="cannot be widened"):
        widen(build_model(Network("plain", HEADS, 0.25), size_px=48), 0.5)
    with pytest.raises(DataError, match="cannot be widened"):
        widen(build_model(Network("compact", HEADS, 0.5), size_px=48), 0.25)


def test_no_mean_is_taken_over_models_of_different_architectures() -> None:
    resnet, vgg = (build_model(Network(name, ("age",), 0.25), size_px=48) for name in ("resnet", "vgg"))
    with pytest.raises(DataError, match="one architecture and width"):
        copy_weights([resnet, vgg], resnet)


def test_weights_go_over_to_another_size_of_images() -> None:
    network = Network("compact", ("age",), 0.25)
    small, large = build_model(network, size_px=64), build_model(network, size_px=128)
    assert "age_logits" in copy_weights([small], large)
    before, after = (np.asarray(model.get_layer("age_logits").kernel) for model in (small, large))
    assert (len(before), len(after)) == (2 * 2 * 64, 3 * 3 * 64)
    # The prediction for an image of one tone stays the same.
    one, other = (kernel.reshape(-1, 64, 101).sum(axis=0) for kernel in (before, after))
    np.testing.assert_allclose(one, other, atol=1e-5)
    # The corners stay where they are.
    np.testing.assert_allclose(after[0] * 9 / 4, before[0], atol=1e-6)


def test_weights_that_do_not_fit_are_refused_in_plain_words() -> None:
    network = Network("plain", ("age",), 0.25)
    with pytest.raises(DataError, match="same architecture and width"):
        copy_weights([build_model(network, size_px=48)], build_model(replace(network, width=0.5), size_px=48))


def test_a_head_that_was_never_learnt_is_not_exported() -> None:
    with pytest.raises(DataError, match="gender has learnt it"):
        single_head([build_model(Network("plain", ("age",), 0.25))], "gender")
