"""Variants are trained alike and compared side by side, with what they cost."""

import json
from pathlib import Path

import keras
import pytest

from tests.train.conftest import SmallConfig
from train.errors import DataError
from train.fit.config import FitConfig
from train.model.build import build_model
from train.model.network import Network
from train.workflows.compare import compare, markdown, multiply_adds
from train.workflows.variants import VARIANTS


@pytest.mark.training
def test_a_table_of_what_variants_reach_and_cost(small_config: SmallConfig, tmp_path: Path) -> None:
    base = small_config(tmp_path, architecture="compact", images=16)
    rows = compare(base, ["plain"])
    assert json.loads((tmp_path / "compare.json").read_text(encoding="utf-8")) == rows
    (row,) = rows
    assert row["mae_years"] > 0
    assert row["largest_bias_years"] is None, "no decade has 20 test images"
    assert 0 <= row["gender_accuracy"] <= 1
    assert row["range_accuracy"] is not None or "|  |" in markdown(rows)
    assert row["weights"] == build_model(Network("plain", width=0.25)).count_params()
    assert row["ms_per_face"] > 0
    table = (tmp_path / "compare.md").read_text(encoding="utf-8")
    assert table == markdown(rows)
    assert table.count("\n") == 3


def test_an_unknown_variant_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no variant 'nothing'"):
        compare(FitConfig(tmp_path, tmp_path), ["nothing"])


def test_every_variant_is_a_way_to_train() -> None:
    for changes in VARIANTS.values():
        FitConfig(Path("data"), Path("out"), **changes)


def test_multiply_adds_agree_with_a_small_network_by_hand() -> None:
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same")(image)
    x = keras.layers.Dense(5)(keras.layers.Flatten()(x))
    assert multiply_adds(keras.Model(image, x)) == 3 * 3 * 3 * 4 * 4 * 4 + 4 * 4 * 4 * 5
