"""Variants are trained alike and told side by side, with what they cost."""

import json
from pathlib import Path

import keras
import pytest

from train.compare import VARIANTS, compare, markdown, multiply_adds
from train.data import DataError
from train.fit import FitConfig
from train.models import Network, build_model


def test_a_table_of_what_variants_reach_and_cost(prepared: Path, tmp_path: Path) -> None:
    base = FitConfig(
        str(prepared),
        str(tmp_path),
        width=0.25,
        size_px=48,
        pictures=16,
        epochs=1,
        batch_size=8,
        precision="float32",
    )
    rows = compare(base, ["plain"])
    assert json.loads((tmp_path / "compare.json").read_text(encoding="utf-8")) == rows
    (row,) = rows
    assert row["mae_years"] > 0
    assert 0 <= row["right_gender"] <= 1
    assert row["right_range"] is not None or "|  |" in markdown(rows)
    assert row["weights"] == build_model(Network("plain", width=0.25)).count_params()
    assert row["ms_per_face"] > 0
    table = (tmp_path / "compare.md").read_text(encoding="utf-8")
    assert table == markdown(rows)
    assert table.count("\n") == 3


def test_an_unknown_variant_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no variant 'nothing'"):
        compare(FitConfig(str(tmp_path), str(tmp_path)), ["nothing"])


def test_every_variant_is_a_way_to_train() -> None:
    for changes in VARIANTS.values():
        FitConfig("data", "out", **changes)  # type: ignore[arg-type]


def test_multiply_adds_agree_with_a_small_network_by_hand() -> None:
    picture = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same")(picture)
    x = keras.layers.Dense(5)(keras.layers.Flatten()(x))
    assert multiply_adds(keras.Model(picture, x)) == 3 * 3 * 3 * 4 * 4 * 4 + 4 * 4 * 4 * 5
