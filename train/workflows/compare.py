"""Train architectures, losses, optimizers and weights of ages on one small budget, and compare them."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import keras
from keras import layers

from agecam.files import write_atomically
from agecam.vision.calibration import Calibration
from train.data.crops import load_crops
from train.data.table import TEST, Table
from train.errors import DataError
from train.evaluate.bias import largest_bias
from train.evaluate.groups import all_metrics
from train.evaluate.predictions import Predictions, open_model, predict_crops
from train.export.convert import export_litert
from train.export.export import milliseconds_per_face
from train.fit.config import FitConfig
from train.fit.training import fit
from train.model.build import build_model
from train.model.devices import precision
from train.model.network import Network
from train.workflows.variants import VARIANTS

RESULTS_FILE: Final = "compare.json"
TABLE_FILE: Final = "compare.md"
_SETTINGS: Final = ("architecture", "age_loss", "gender_loss", "optimizer", "rarity_exponent")
_COLUMNS: Final = {
    "variant": "{}",
    **dict.fromkeys(_SETTINGS, "{}"),
    "mae_years": "{:.2f}",
    "mae_over_age_groups": "{:.2f}",
    "largest_bias_years": "{:+.2f}",
    "within_5": "{:.1%}",
    "range_accuracy": "{:.1%}",
    "gender_accuracy": "{:.1%}",
    "weights": "{:,}",
    "macs": "{:,}",
    "ms_per_face": "{:.2f}",
}


def compare(base: FitConfig, variants: Sequence[str] = tuple(VARIANTS)) -> list[dict[str, Any]]:
    """Train the variants with the settings of ``base``, in folders of their own, and measure them.

    Metrics are of the test split, at ``base.size_px``; weights, multiply-adds (MACs) and milliseconds a face
    (LiteRT, int8 weights, batch of 8, one thread) are those of the network for 128 pixels. One row a variant,
    also in ``compare.json`` and ``compare.md``; calling again resumes.

    Raises :class:`DataError` for a variant that does not exist, and as :func:`fit` does.
    """
    for name in variants:
        if name not in VARIANTS:
            raise DataError(f"There is no variant {name!r}: choose {', '.join(VARIANTS)}.")
    test = Table.load(base.data).require_split(TEST, base.data)
    crops = load_crops(base.data)
    costs: dict[Network, dict[str, float]] = {}
    rows: list[dict[str, Any]] = []
    for name in variants:
        config = replace(base, out=base.out / name, **VARIANTS[name])
        trained = fit(config, keep_checkpoint=False)
        if config.network not in costs:
            costs[config.network] = cost(config.network)
        settings = {key: getattr(config, key) for key in _SETTINGS}
        metrics = _metrics(predict_crops([open_model(trained)], crops, test.row), test)
        rows.append({"variant": name, **settings, **metrics, **costs[config.network]})
        write_atomically(base.out / RESULTS_FILE, json.dumps(rows, indent=1))
        write_atomically(base.out / TABLE_FILE, markdown(rows))
    return rows


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table of the results; metrics that the labels do not allow are left empty."""
    lines = [
        "| " + " | ".join(name.replace("_", " ") for name in _COLUMNS) + " |",
        "| --- " * len(_COLUMNS) + "|",
    ]
    for row in rows:
        cells = ["" if row[key] is None else form.format(row[key]) for key, form in _COLUMNS.items()]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def cost(network: Network) -> dict[str, float]:
    """What a network costs to run on a face of 128 pixels, however it is trained."""
    with precision("float32"):
        model = build_model(network)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        export_litert(model, path, "int8")
        milliseconds = milliseconds_per_face(path)
    return {"weights": model.count_params(), "macs": multiply_adds(model), "ms_per_face": milliseconds}


def multiply_adds(model: keras.Model) -> int:
    """Multiplications, each with an addition, of the convolutions and dense layers for one image."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            total += math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:3])
        elif isinstance(layer, layers.Dense):
            total += math.prod(layer.kernel.shape)
    return total


def _metrics(predictions: Predictions, test: Table) -> dict[str, float | None]:
    metrics = all_metrics(predictions, test, Calibration())
    age, ranges, gender = (metrics.get(kind, {}) for kind in ("age", "range", "gender"))
    largest = largest_bias(metrics.get("bias", {}))
    return {
        "mae_years": age.get("mae"),
        # A plain mean over the age groups: children and old people count as much as the others.
        "mae_over_age_groups": metrics.get("balanced", {}).get("age_mae"),
        # Of the decade that is misjudged most to one side.
        "largest_bias_years": largest and largest.years,
        "within_5": age.get("within_5"),
        "range_accuracy": ranges.get("accuracy"),
        "gender_accuracy": gender.get("accuracy"),
    }
